import Hummingbird
import ImagineAPI

extension ImagineService {
  /// The operations that return an image.
  var imageRoutes: [Route] {
    MediaOperation.all.filter { $0.answer == .image }.map { operation in
      Route(.post, "/v2" + operation.path) { try await makeImage(operation, $0) }
    }
  }

  private func makeImage(_ operation: MediaOperation, _ incoming: IncomingRequest) async throws
    -> Response
  {
    try checkSupport(operation)
    try countCall(incoming)
    let form = try await Form(incoming.http, by: bodies, for: incoming.account)
    let request = withSeed(try form.request(for: operation))
    let size = try RequestCheck(configuration.limits).check(request)
    let provider = try await provider(of: request, size, for: incoming)
    let price = ServicePrices.price(of: request)
    let images = try await charged(price, operation.name, incoming) {
      try await makeImages(request, by: provider)
    }
    guard let image = images.first else {
      throw APIError(.internalError, "the answer holds no image")
    }
    var response = Response.image(image.bytes)
    if let confidence = image.confidence {
      response.headers.set(Output.confidenceHeader, String(confidence))
    }
    if let seed = request.seed { response.headers.set("x-imagine-seed", String(seed)) }
    return response
  }

  /// Adds a random seed to a request without one, if its operation takes a seed.
  private func withSeed(_ request: ImagineAPI.Request) -> ImagineAPI.Request {
    request.seed == nil ? request.with(seed: .random(in: 1...2_147_483_647)) : request
  }
}
