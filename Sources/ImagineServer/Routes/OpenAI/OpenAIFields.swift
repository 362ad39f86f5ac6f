import ImagineAPI

extension OpenAISize {
  /// The size of a request of `/v1`.
  ///
  /// - Throws: ``APIError`` with the vendor's message.
  init(_ request: ImagineAPI.Request) throws(APIError) {
    let text = request["size"]?.text ?? ""
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
  var aspectRatio: AspectRatio {
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

extension ImagineAPI.Request {
  /// The format of the images of a request of `/v1`.
  var openAIFormat: ImageFormat {
    self["output_format"]?.text.flatMap(ImageFormat.init(rawValue:)) ?? .png
  }

  /// The quality of lossy formats of a request of `/v1`.
  var openAIQuality: Int { self["output_compression"]?.integer.map { max(1, Int($0)) } ?? 100 }
}
