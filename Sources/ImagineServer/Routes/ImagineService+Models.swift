import Hummingbird
import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension Operation {
  /// `/v1/images/generations`.
  static let openAIImages = Operation(
    "images", title: "Create image", path: "/images/generations", answer: .picture,
    summary: "draws pictures from a prompt",
    fields: [
      Field("model", .text, .required, summary: "the model's id"),
      Field("prompt", .text, .required, summary: "what to draw, in words"),
      Field("n", .integer(1...10), .defaulted("1"), summary: "how many pictures"),
      Field("size", .text, .defaulted(OpenAISize.square.rawValue), summary: "pixels"),
      Field(
        "guidance_scale", .number(0...100), .defaulted("3.5"),
        summary: "checked; the built-in engine has no use for it"),
      Field(
        "num_inference_steps", .integer(1...1000), .defaulted("30"),
        summary: "checked; the built-in engine has no use for it"),
      Field(
        "response_format", .choice(["url", "b64_json"]), .optional,
        summary: "an address that expires, or the bytes in base64"),
      Field(
        "output_format", .choice(["png", "jpeg", "webp"]), .defaulted("png"),
        summary: "the format of the pictures"),
      Field(
        "output_compression", .integer(0...100), .defaulted("100"),
        summary: "the quality of formats with loss"),
      Field("stream", .flag, .optional, summary: "not offered: true is refused"),
    ])
}

/// The sizes of pictures under `/v1`.
enum OpenAISize: String, CaseIterable {
  case square = "1024x1024"
  case portrait = "1024x1792"
  case landscape = "1792x1024"

  /// - Throws: ``Failure`` with the vendor's own words.
  init(_ text: String) throws(Failure) {
    guard let size = OpenAISize(rawValue: text == "auto" ? Self.square.rawValue : text) else {
      throw .invalid(
        "Invalid image size '\(text.prefix(40))'. Allowed sizes: "
          + OpenAISize.allCases.map(\.rawValue).joined(separator: ", "),
        field: "size")
    }
    self = size
  }

  /// The shape that is drawn, and then brought to the size.
  var aspectRatio: AspectRatio {
    switch self {
    case .square: .square
    case .portrait: .nineToSixteen
    case .landscape: .sixteenToNine
    }
  }

  var pixels: PixelSize {
    switch self {
    case .square: PixelSize(width: 1024, height: 1024)
    case .portrait: PixelSize(width: 1024, height: 1792)
    case .landscape: PixelSize(width: 1792, height: 1024)
    }
  }
}

/// The models under `/v1`.
enum OpenAIModel {
  static let id = "flux-1"
  /// The style that it draws in.
  static let style = ImageStyle.fluxDev
}

extension ImagineService {
  /// The OpenAI-style images API.
  var modelRoutes: [Route] {
    [
      Route(.post, "/v1/images/generations") { try await images($0) },
      Route(.get, "/v1/models") { _ in
        .json(
          ModelList(
            data: ([OpenAIModel.id] + configuration.modelAliases.keys.sorted())
              .map { Model(id: $0) }))
      },
      Route(.get, "/v1/models/*") { call in
        let id = call.parameters[0]
        try checkModel(id)
        return .json(Model(id: id))
      },
    ]
  }

  /// - Throws: ``Failure`` with 404 for a model that is not there.
  private func checkModel(_ id: String) throws(Failure) {
    guard configuration.modelAliases[id, default: id] == OpenAIModel.id else {
      throw Failure(
        .requestInvalid, "The model '\(id.prefix(80))' does not exist", status: 404,
        field: "model")
    }
  }

  private func images(_ call: Call) async throws -> Response {
    try admit(call)
    let body = try await bodies.read(
      call.request, for: call.account, most: configuration.limits.jsonBytes)
    let request = try Operation.openAIImages.request(from: JSONFields(body.bytes).fields, by: .wire)
    let model = request["model"]?.text ?? ""
    try checkModel(model)
    try RequestCheck(configuration.limits).check(request)
    guard request["stream"]?.flag != true else {
      throw Failure.invalid("field 'stream': streaming is not offered", field: "stream")
    }
    let size = try OpenAISize(request["size"]?.text ?? "")
    let format = request["output_format"]?.text.flatMap(PictureFormat.init(rawValue:)) ?? .png
    let quality = request["output_compression"]?.integer.map { max(1, Int($0)) } ?? 100
    let prompt = request.prompt ?? ""
    let seeds = (0..<(request["n"]?.integer ?? 1)).map { _ in Int64.random(in: 1...2_147_483_647) }
    let price = Int64(OpenAIModel.style.price ?? 1) * Int64(seeds.count)
    // The clients of these models read the bytes, and send no format.
    let standard = model.hasPrefix("gpt-image") ? "b64_json" : "url"
    let asksForBytes = request["response_format"]?.text ?? standard == "b64_json"
    let base = baseAddress(for: call)
    let memory = try engine.memory(for: .generate, picture: size.pixels, aspectRatio: nil)
    let pictures = try await billed(price, "images", call) {
      try await run(call, bytes: memory) { control in
        try seeds.map { seed in
          let bytes = try engine.paint(
            prompt, size: size, seed: seed, as: format, quality: quality, control)
          return asksForBytes
            ? Images.Picture(base64: Data(bytes).base64EncodedString())
            : Images.Picture(url: base + (try shelf.place(bytes, as: format)))
        }
      }
    }
    return .json(Images(created: Int64(Date().timeIntervalSince1970), data: pictures))
  }
}

extension Engine {
  /// A picture of one of the sizes of `/v1`.
  fileprivate func paint(
    _ prompt: String, size: OpenAISize, seed: Int64, as format: PictureFormat, quality: Int,
    _ control: EngineControl
  ) throws -> [UInt8] {
    let picture = try paint(
      prompt: prompt, style: OpenAIModel.style, aspectRatio: size.aspectRatio, seed: seed,
      control: control)
    guard size.aspectRatio.pixelSize != size.pixels || format != .png else { return picture }
    return try convert(
      picture,
      to: Conversion(
        format: format, width: size.pixels.width, height: size.pixels.height, fit: .cover,
        quality: quality),
      control: control)
  }
}

private struct Images: Encodable {
  struct Picture: Encodable {
    var url: String?
    var base64: String?

    enum CodingKeys: String, CodingKey {
      case url
      case base64 = "b64_json"
    }
  }

  let created: Int64
  let data: [Picture]
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
