/// What our server takes under `/v1`, whatever an OpenAI-style service elsewhere takes.
extension MediaOperation {
  public static let openAIImages = MediaOperation(
    "images", title: "Create image", path: "/images/generations", answer: .image,
    summary: "generates images from a prompt",
    fields: [
      Field("model", .text, .required, summary: "the model's id"),
      .prompt, ServedField.count,
      ServedField.size(.defaulted(OpenAISize.square.name), auto: OpenAISize.square.name),
      ServedField.background, ServedField.seed,
      OpenAIField.guidanceScale(.defaulted("3.5")), OpenAIField.inferenceSteps(.defaulted("30")),
      Field(
        "style", .choice(["vivid", "natural"]), .optional,
        summary: "changes nothing here: the model has one style"),
    ] + ServedField.answer)

  public static let openAIEdits = MediaOperation(
    "edits", title: "Edit image", path: "/images/edits", answer: .image,
    summary: "paints what the prompt says where the mask, or the image itself, is transparent",
    fields: [
      ServedField.model("the model's id; by default the server's"),
      .prompt,
      Field(
        "image", .image, .required, wireAliases: ["image[]", "images"],
        summary: "the image to edit, one"),
      Field(
        "mask", .image, .optional,
        summary: "an image of the same size in pixels: what is transparent is edited; without it,"
          + " what is transparent in the image gets a background"),
      ServedField.count,
      ServedField.size(.optional, auto: "the image's size"), ServedField.background,
      ServedField.seed,
      Field(
        "input_fidelity", .choice(["low", "high"]), .optional,
        summary: "changes nothing here: what is not edited stays as it is"),
    ] + ServedField.answer)

  public static let openAIVideos = MediaOperation(
    "videos", title: "Create video", path: "/videos", answer: .job,
    summary: "generates a video from a prompt, or from an image",
    fields: [
      ServedField.model("the video model's id; by default \(VideoStyle.standard)"),
      .prompt,
      Field(
        "input_reference", .image, .optional, summary: "the first frame of the video"),
      Field(
        "seconds",
        .integer(Int64(VideoFiles.standardSeconds)...Int64(VideoFiles.standardSeconds)),
        .defaulted(String(VideoFiles.standardSeconds)), unit: "seconds", summary: "the duration"),
      Field(
        "size", .choice(AspectRatio.video.map(\.videoSize.description)), .optional,
        summary: "width x height in pixels; by default the nearest to the image's shape, else"
          + " \(AspectRatio.sixteenToNine.videoSize)"),
      ServedField.seed,
    ])
}

/// The sizes of images that our server makes at a call's wish: any within the ``PixelBudget`` of at
/// most so many pixels.
public enum ServedSizes {
  public static let largest = PixelSize(width: 2048, height: 2048)

  public static let expectation =
    "width x height in pixels such as \(OpenAISize.square.name), of at most as many pixels as"
    + " \(largest)"

  /// Why our server makes no image of a size; nil if it does.
  public static func fault(of size: PixelSize) -> String? {
    if let fault = PixelBudget.fault(of: size) { return fault }
    return size.width * size.height > largest.width * largest.height
      ? "\(size) pixels are too many (at most \(largest))" : nil
  }
}

/// Fields of our server under `/v1`.
private enum ServedField {
  static let count = Field(
    "n", .integer(1...10), .defaulted("1"), summary: "how many images")

  static let background = Field(
    "background", .choice(["transparent", "opaque", "auto"]), .defaulted("auto"),
    summary: "transparent for the subject alone, in png or webp")

  static let seed = Field(
    "seed", .integer(1...Int64.max), .optional,
    summary: "our extension: the same request with the same seed gives the same result")

  static func model(_ summary: String) -> Field {
    Field("model", .text, .optional, summary: summary)
  }

  static func size(_ presence: Field.Presence, auto: String) -> Field {
    Field(
      "size", .text, presence, summary: "\(ServedSizes.expectation), or auto for \(auto)")
  }

  /// How images are answered.
  static let answer = [
    Field(
      "response_format", .choice(["url", "b64_json"]), .optional,
      summary: "an address that expires, or the bytes in base64, which is the default for models"
        + " named gpt-image"),
    Field(
      "output_format", .choice(["png", "jpeg", "webp"]), .defaulted("png"),
      summary: "the format of the images"),
    Field(
      "output_compression", .integer(0...100), .defaulted("100"),
      summary: "the quality of lossy formats"),
    Field(
      "stream", .flag, .defaulted("false"),
      summary: "whether the answer is server-sent events, one for each completed image"),
    Field(
      "partial_images", .integer(0...3), .optional,
      summary: "how many events before that are wanted; there are none here"),
    Field(
      "quality",
      .choice(["auto", "low", "medium", "high", "xhigh", "max", "standard", "hd"]), .optional,
      summary: "changes nothing here: the model has one effort"),
    Field("moderation", .choice(["low", "auto"]), .optional, summary: "changes nothing here"),
    Field("user", .text, .optional, summary: "your name for your own user; it is not kept"),
  ]
}

/// The image sizes that OpenAI-style services have in common.
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

  /// The sizes that such services have in common.
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
