extension MediaOperation {
  /// Text to Image of OpenAI-style services: a model and a size instead of a style and an aspect
  /// ratio, and no seed.
  ///
  /// - Parameters:
  ///   - model: the default model; nil if a script must name one.
  ///   - sizes: the sizes that the service takes; nil if it may take any.
  public static func openAIGenerate(model: String?, sizes: [PixelSize]? = nil) -> MediaOperation {
    MediaOperation(
      "generate", title: "Create image", path: "/images/generations", answer: .image,
      summary: "generates an image from a prompt",
      fields: [
        .prompt,
        Field("model", .text, .required, hostDefault: model, summary: "the model"),
        Field(
          "size", sizes.map { .choice($0.map(\.description)) } ?? .text, .optional,
          summary: "width x height in pixels, such as 1024x1024"),
        Field(
          "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .optional,
          summary: "the aspect ratio, if one of the service's sizes has it"),
        Field(
          "approximate", .flag, .optional,
          summary: "use the size nearest to the aspect ratio"),
        Field(
          "guidance_scale", .number(0...100), .optional,
          summary: "how closely to follow the prompt; only some models"),
        Field(
          "num_inference_steps", .integer(1...1000), .optional,
          summary: "steps of the model; only some models"),
      ])
  }
}

extension PixelSize {
  /// Parses a size such as `1024x768`; each side is from 1 to 16384 pixels.
  public init?(_ text: String) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1],
      (1...16384).contains(width), (1...16384).contains(height)
    else { return nil }
    self.init(width: width, height: height)
  }

  /// The sizes that OpenAI documents.
  public static let openAISizes = [
    PixelSize(width: 1024, height: 1024), PixelSize(width: 1024, height: 1792),
    PixelSize(width: 1792, height: 1024),
  ]

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
