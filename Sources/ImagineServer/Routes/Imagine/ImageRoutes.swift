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
    response.headers[.imagineConfidence] = image.confidence.map { String($0) }
    response.headers[.imagineSeed] = image.seed.map { String($0) }
    return response
  }
}
