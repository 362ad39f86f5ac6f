import Hummingbird
import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ImagineService {
  /// The OpenAI-style images API.
  var openAIRoutes: [Route] {
    [
      Route(.post, "/v1/images/generations") { try await images($0) },
      Route(.get, "/v1/models") { _ in
        .json(
          ModelList(
            data: ([OpenAIModel.id] + configuration.modelAliases.keys.sorted())
              .map { Model(id: $0) }))
      },
      Route(.get, "/v1/models/*") { incoming in
        let id = incoming.parameters[0]
        try checkModel(id)
        return .json(Model(id: id))
      },
    ]
  }

  /// - Throws: ``APIError`` with 404 for an unknown model.
  private func checkModel(_ id: String) throws(APIError) {
    guard configuration.modelAliases[id, default: id] == OpenAIModel.id else {
      throw APIError(
        .requestInvalid, "The model '\(id.prefix(80))' does not exist", status: 404,
        field: "model")
    }
  }

  private func images(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let body = try await bodies.read(
      incoming.http, for: incoming.account, most: configuration.limits.jsonBytes)
    var request = try MediaOperation.openAIImages.request(
      from: JSONFields(body.bytes).fields, source: .wire)
    request.count = Int(request["n"]?.integer ?? 1)
    let model = request["model"]?.text ?? ""
    try checkModel(model)
    let size = try RequestCheck(configuration.limits).check(request)
    guard request["stream"]?.flag != true else {
      throw APIError.invalid("field 'stream': streaming is not supported", field: "stream")
    }
    _ = try OpenAISize(request)
    let format = request.openAIFormat
    let price = Int64(OpenAIModel.style.price ?? 1) * Int64(request.count)
    // Clients of these models send no response_format and expect the bytes.
    let defaultFormat = model.hasPrefix("gpt-image") ? "b64_json" : "url"
    let asksForBytes = request["response_format"]?.text ?? defaultFormat == "b64_json"
    let base = baseAddress(for: incoming)
    let provider = try await provider(of: request, size, for: incoming)
    let images = try await charged(price, "images", incoming) {
      try await makeImages(request, by: provider).map { image in
        asksForBytes
          ? ImageList.Image(base64: Data(image.bytes).base64EncodedString())
          : ImageList.Image(url: base + (try temporaryImages.store(image.bytes, as: format)))
      }
    }
    return .json(ImageList(created: Int64(Date().timeIntervalSince1970), data: images))
  }
}
