import Hummingbird
import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension OpenAISize {
  /// - Throws: ``APIError`` with the vendor's message.
  init(_ text: String) throws(APIError) {
    let name = text == "auto" ? Self.square.name : text
    guard let size = Self.allCases.first(where: { $0.name == name }) else {
      throw .invalid(
        "Invalid image size '\(text.prefix(40))'. Allowed sizes: "
          + Self.allCases.map(\.name).joined(separator: ", "),
        field: "size")
    }
    self = size
  }

  /// The aspect ratio to paint before scaling to the size.
  fileprivate var aspectRatio: AspectRatio {
    switch self {
    case .square: .square
    case .portrait: .nineToSixteen
    case .landscape: .sixteenToNine
    }
  }
}

/// The models under `/v1`.
enum OpenAIModel {
  /// The model of llm.vin, whose place this server can take.
  static let id = BuiltInProvider.llmvin.model ?? ""
  /// The style of the model's images.
  static let style = ImageStyle.fluxDev
}

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
    let request = try MediaOperation.openAIImages.request(
      from: JSONFields(body.bytes).fields, source: .wire)
    let model = request["model"]?.text ?? ""
    try checkModel(model)
    try RequestCheck(configuration.limits).check(request)
    guard request["stream"]?.flag != true else {
      throw APIError.invalid("field 'stream': streaming is not supported", field: "stream")
    }
    let size = try OpenAISize(request["size"]?.text ?? "")
    let format = request["output_format"]?.text.flatMap(ImageFormat.init(rawValue:)) ?? .png
    let quality = request["output_compression"]?.integer.map { max(1, Int($0)) } ?? 100
    let prompt = request.prompt ?? ""
    let seeds = (0..<(request["n"]?.integer ?? 1)).map { _ in Int64.random(in: 1...2_147_483_647) }
    let price = Int64(OpenAIModel.style.price ?? 1) * Int64(seeds.count)
    // Clients of these models send no response_format and expect the bytes.
    let defaultFormat = model.hasPrefix("gpt-image") ? "b64_json" : "url"
    let asksForBytes = request["response_format"]?.text ?? defaultFormat == "b64_json"
    let base = baseAddress(for: incoming)
    let memory = try engine.memory(for: .generate, image: size.pixels, aspectRatio: nil)
    let images = try await charged(price, "images", incoming) {
      try await run(incoming, bytes: memory) { control in
        try seeds.map { seed in
          let bytes = try engine.paint(
            prompt, size: size, seed: seed, as: format, quality: quality, control)
          return asksForBytes
            ? ImageList.Image(base64: Data(bytes).base64EncodedString())
            : ImageList.Image(url: base + (try temporaryImages.store(bytes, as: format)))
        }
      }
    }
    return .json(ImageList(created: Int64(Date().timeIntervalSince1970), data: images))
  }
}

extension Engine {
  /// An image of one of the sizes of `/v1`.
  fileprivate func paint(
    _ prompt: String, size: OpenAISize, seed: Int64, as format: ImageFormat, quality: Int,
    _ control: EngineControl
  ) throws -> [UInt8] {
    let image = try paint(
      prompt: prompt, style: OpenAIModel.style, aspectRatio: size.aspectRatio, seed: seed,
      control: control)
    guard size.aspectRatio.pixelSize != size.pixels || format != .png else { return image }
    return try convert(
      image,
      to: Conversion(
        format: format, width: size.pixels.width, height: size.pixels.height, fit: .cover,
        quality: quality),
      control: control)
  }
}

private struct ImageList: Encodable {
  struct Image: Encodable {
    var url: String?
    var base64: String?

    enum CodingKeys: String, CodingKey {
      case url
      case base64 = "b64_json"
    }
  }

  let created: Int64
  let data: [Image]
}

private struct Model: Encodable {
  let id: String
  var object = "model"
  var created = 0
  var owner = "imagine"

  enum CodingKeys: String, CodingKey {
    case id, object, created
    case owner = "owned_by"
  }
}

private struct ModelList: Encodable {
  var object = "list"
  let data: [Model]
}
