extension Operation {
  /// Text to Image as OpenAI-style services take it: a model and a size in place of a style and a
  /// shape, and no seed.
  ///
  /// - Parameters:
  ///   - model: what is sent where a script names no model; nil where it must.
  ///   - sizes: those that the service takes; nil where it may take others than are usual.
  public static func openAIGenerate(model: String?, sizes: [PixelSize]? = nil) -> Operation {
    Operation(
      "generate", title: "Create image", path: "/images/generations", answer: .picture,
      summary: "draws a picture from a prompt",
      fields: [
        .prompt,
        Field("model", .text, .required, hostDefault: model, summary: "the model that draws"),
        Field(
          "size", sizes.map { .choice($0.map(\.description)) } ?? .text, .optional,
          summary: "width x height in pixels, such as 1024x1024"),
        Field(
          "aspect_ratio", .choice(AspectRatio.allCases.map(\.rawValue)), .optional,
          summary: "the shape, where one of the service's sizes has it"),
        Field(
          "approximate", .flag, .optional,
          summary: "take the size nearest to the aspect ratio"),
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
  /// A size as it is written: `1024x768`, each side from 1 to 16384 pixels.
  public init?(_ text: String) {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let width = sides[0], let height = sides[1],
      (1...16384).contains(width), (1...16384).contains(height)
    else { return nil }
    self.init(width: width, height: height)
  }

  /// The sizes that OpenAI-style services document.
  public static let openAISizes = [
    PixelSize(width: 1024, height: 1024), PixelSize(width: 1024, height: 1792),
    PixelSize(width: 1792, height: 1024),
  ]

  /// The size among `sizes` that has a shape.
  ///
  /// - Parameter approximate: whether the nearest will do.
  /// - Throws: ``ImagineError`` of kind `validation` that names the nearest.
  public static func having(
    _ shape: AspectRatio, among sizes: [PixelSize], approximate: Bool
  ) throws(ImagineError) -> PixelSize {
    let (width, height) = shape.sides
    if let exact = sizes.first(where: { $0.width * height == $0.height * width }) { return exact }
    let wanted = Double(width) / Double(height)
    let nearest = sizes.min { abs($0.ratio / wanted - 1) < abs($1.ratio / wanted - 1) }
    guard let nearest else {
      throw .invalid(
        field: "aspect_ratio", given: "\"\(shape.rawValue)\"", expected: "a size in its place")
    }
    if approximate { return nearest }
    throw .invalid(
      field: "aspect_ratio", given: "\"\(shape.rawValue)\"",
      expected: "a shape that the service has; the nearest is size = \"\(nearest)\", which"
        + " approximate = true takes", allowed: sizes.map(\.description))
  }

  private var ratio: Double { Double(width) / Double(height) }
}

extension AspectRatio {
  /// The two numbers of the name.
  fileprivate var sides: (width: Int, height: Int) {
    let numbers = rawValue.split(separator: ":").compactMap { Int($0) }
    return (numbers[0], numbers[1])
  }
}
