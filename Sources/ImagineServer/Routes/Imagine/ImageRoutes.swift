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
    try checkOffer(operation)
    try countCall(incoming)
    let form = try await Form(incoming, by: bodies)
    let call = ImageCall(request: try form.request(for: upstreams.extend(operation)))
    guard let image = try await makeImages(call, for: incoming).first else {
      throw APIError(.internalError, "the answer holds no image")
    }
    var response = Response.image(image.bytes)
    response.headers.setMaker(image.engine)
    if let confidence = image.confidence {
      response.headers.set(Output.confidenceHeader, String(confidence))
    }
    if let seed = image.seed { response.headers.set("x-imagine-seed", String(seed)) }
    return response
  }
}
