extension MediaOperation {
  /// Our server's form of `/v1/images/generations`. It is narrower than what other services take:
  /// few images per call, and a fixed set of sizes (``OpenAISize``).
  public static let openAIImages = MediaOperation(
    "images", title: "Create image", path: "/images/generations", answer: .image,
    summary: "generates images from a prompt",
    fields: [
      Field("model", .text, .required, summary: "the model's id"),
      .prompt,
      Field("n", .integer(1...10), .defaulted("1"), summary: "how many images"),
      OpenAIField.size(.defaulted(OpenAISize.square.name)),
      OpenAIField.guidanceScale(.defaulted("3.5")), OpenAIField.inferenceSteps(.defaulted("30")),
      Field(
        "response_format", .choice(["url", "b64_json"]), .optional,
        summary: "an address that expires, or the bytes in base64"),
      Field(
        "output_format", .choice(["png", "jpeg", "webp"]), .defaulted("png"),
        summary: "the format of the images"),
      Field(
        "output_compression", .integer(0...100), .defaulted("100"),
        summary: "the quality of lossy formats"),
      Field("stream", .flag, .optional, summary: "must not be true: streaming is not supported"),
    ])
}

/// The image sizes that our server takes under `/v1`.
public enum OpenAISize: Sendable, CaseIterable {
  case square, portrait, landscape

  public var pixels: PixelSize {
    switch self {
    case .square: PixelSize(width: 1024, height: 1024)
    case .portrait: PixelSize(width: 1024, height: 1792)
    case .landscape: PixelSize(width: 1792, height: 1024)
    }
  }

  /// The name in requests, such as `1024x1792`.
  public var name: String { pixels.description }
}

extension PixelSize {
  /// Parses a size such as `1024x768`; each side is in ``sides``.
  public init?(_ text: String) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1],
      Self.sides.contains(width), Self.sides.contains(height)
    else { return nil }
    self.init(width: width, height: height)
  }

  /// The sizes of our server, which many others have too.
  public static let openAISizes = OpenAISize.allCases.map(\.pixels)

  /// The size in `sizes` that has an aspect ratio.
  ///
  /// - Parameter approximate: whether the nearest size is accepted.
  /// - Throws: ``ImagineError`` of kind `validation` that names the nearest size.
  public static func matching(
    _ ratio: AspectRatio, among sizes: [PixelSize], approximate: Bool
  ) throws(ImagineError) -> PixelSize {
    let (width, height) = ratio.sides
    if let exact = sizes.first(where: { $0.width * height == $0.height * width }) { return exact }
    let wanted = Double(width) / Double(height)
    let nearest = sizes.min { abs($0.ratio / wanted - 1) < abs($1.ratio / wanted - 1) }
    guard let nearest else {
      throw .invalid(
        field: "aspect_ratio", given: "\"\(ratio.rawValue)\"", expected: "a size instead")
    }
    if approximate { return nearest }
    throw .invalid(
      field: "aspect_ratio", given: "\"\(ratio.rawValue)\"",
      expected: "an aspect ratio that the service has; the nearest is size = \"\(nearest)\", which"
        + " approximate = true selects", allowed: sizes.map(\.description))
  }

  private var ratio: Double { Double(width) / Double(height) }
}

extension AspectRatio {
  /// The two numbers of the raw value.
  fileprivate var sides: (width: Int, height: Int) {
    let numbers = rawValue.split(separator: ":").compactMap { Int($0) }
    return (numbers[0], numbers[1])
  }
}
