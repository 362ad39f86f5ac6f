/// Steps that change the shape, the edges or the tones of one image.
extension PictureOperation {
  static let shapes = [crop, pad, trim, rotate, flip, adjust]

  private static func side(_ name: String, _ summary: String) -> Field {
    Field(name, .length(1...Int64(PixelBudget.side)), .optional, summary: summary)
  }

  static func place(_ name: String, _ summary: String) -> Field {
    let side = Int64(PixelBudget.side)
    return Field(name, .length(-side...side), .optional, summary: summary)
  }

  static func background(_ summary: String, _ presence: Field.Presence = .optional) -> Field {
    Field("background", .color, presence, summary: summary)
  }

  public static let crop = PictureOperation(
    "crop", summary: "cuts out a part of an image",
    output: "of the part's size, as a PNG",
    fields: [
      place("x", "the left edge; negative counts from the right edge; 0 by default"),
      place("y", "the upper edge; negative counts from the lower edge; 0 by default"),
      side("width", "the width; by default to the right edge"),
      side("height", "the height; by default to the lower edge"),
      Field(
        "aspect_ratio", .openChoice(AspectRatio.allCases.map(\.rawValue)), .optional,
        summary: "in place of them: the largest part of this shape, width to height"),
      Field(
        "gravity", .choice(["center", "attention"]), .optional,
        summary: "which part of that shape: the middle, or the most interesting one"),
    ],
    example: """
      local photo = imagine.open("photo.png")
      photo:crop{ x = "10%", y = 0, width = "80%", height = 40 }:save("strip.png")
      photo:crop{ aspect_ratio = "1:1", gravity = "attention" }:save("square.png")
      """,
    seeAlso: ["pad", "trim", "convert"]
  ) { arguments throws(ImagineError) in
    let places = ["x", "y", "width", "height"].filter { arguments.fields[$0] != nil }
    if let shape = arguments.text("aspect_ratio") {
      if let name = places.first {
        throw arguments.contradiction(
          name, "give either aspect_ratio or x, y, width and height")
      }
      let size = try Self.largest(shape, in: arguments.base)
      if arguments.text("gravity") == "attention" { return (.cropToSubject, size) }
      let part = PixelRectangle(
        x: (arguments.base.width - size.width) / 2, y: (arguments.base.height - size.height) / 2,
        size: size)
      return (.crop(part), size)
    }
    guard arguments.fields["gravity"] == nil else {
      throw arguments.contradiction("gravity", "gravity needs aspect_ratio")
    }
    guard !places.isEmpty else {
      throw .missing(field: "width", of: "crop", expected: "x, y, width, height or aspect_ratio")
    }
    let (x, width) = try Self.span("x", "width", arguments.base.width, arguments)
    let (y, height) = try Self.span("y", "height", arguments.base.height, arguments)
    let size = try arguments.checked(PixelSize(width: width, height: height), "width")
    return (.crop(PixelRectangle(x: x, y: y, size: size)), size)
  }

  /// A part of a side.
  private static func span(
    _ start: String, _ length: String, _ whole: Int, _ arguments: StepArguments
  ) throws(ImagineError) -> (Int, Int) {
    let begin = arguments.position(start, of: whole) ?? 0
    guard 0..<whole ~= begin else {
      throw arguments.invalid(
        start, arguments.fields[start]?.quoted ?? "\(begin)",
        "a place within the \(whole) pixels of the image")
    }
    let count = arguments.pixels(length, of: whole) ?? (whole - begin)
    guard 1...(whole - begin) ~= count else {
      throw arguments.invalid(
        length, "\(count) pixels from \(start) = \(begin)",
        "1 to \(whole - begin): the image has \(whole)")
    }
    return (begin, count)
  }

  /// The largest part of a shape `W:H`.
  private static func largest(
    _ shape: String, in size: PixelSize
  ) throws(ImagineError) -> PixelSize {
    let parts = shape.split(separator: ":", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
    guard parts.count == 2, parts.allSatisfy({ 1...10_000 ~= $0 }) else {
      throw .invalid(
        field: "aspect_ratio", given: Value.text(shape).quoted,
        expected: "width to height, such as 16:9")
    }
    let scale = min(
      Double(size.width) / Double(parts[0]), Double(size.height) / Double(parts[1]))
    return PixelSize(
      width: min(size.width, max(1, Int((Double(parts[0]) * scale).rounded()))),
      height: min(size.height, max(1, Int((Double(parts[1]) * scale).rounded()))))
  }

  public static let pad = PictureOperation(
    "pad", summary: "adds edges around an image",
    output: "larger by the margins, as a PNG",
    fields: [
      Field(
        "margin", .margins, .required,
        summary: "the width of the edges; a share is one of the side, a single one of the shorter"),
      background("the color of the edges", .defaulted("transparent")),
    ],
    example: """
      local photo = imagine.open("photo.png")
      photo:pad{ margin = { top = 10, bottom = "20%" }, background = "white" }:save("framed.png")
      """,
    seeAlso: ["crop", "trim", "canvas"]
  ) { arguments throws(ImagineError) in
    let margins = arguments.margins("margin")
    let size = try arguments.checked(
      PixelSize(
        width: arguments.base.width + margins.left + margins.right,
        height: arguments.base.height + margins.top + margins.bottom), "margin")
    return (.pad(margins, arguments.color("background") ?? .transparent), size)
  }

  public static let trim = PictureOperation(
    "trim", sizeNeedsPixels: true,
    summary: "removes edges of one color, that of the upper left pixel, or of none",
    output: "of the size that is left, as a PNG",
    fields: [
      Field(
        "margin", .integer(0...Int64(PixelBudget.side)), .defaulted("0"), unit: "pixels",
        summary: "how much of the edges to keep"),
      Field(
        "threshold", .integer(0...255), .defaulted("10"),
        summary: "how far a channel may differ from that color, of 255"),
    ],
    example: """
      imagine.png("a red apple"):trim{ margin = 8 }:save("apple.png")
      """,
    seeAlso: ["crop", "pad"]
  ) { arguments in
    (
      .trim(
        margin: arguments.integer("margin") ?? 0, threshold: arguments.integer("threshold") ?? 10),
      arguments.base
    )
  }

  public static let rotate = PictureOperation(
    "rotate", summary: "turns an image clockwise",
    output: "large enough for the turned image, as a PNG",
    fields: [
      Field("degrees", .number(-360...360), .required, summary: "how far; negative to the left"),
      background("the color of the corners", .defaulted("transparent")),
    ],
    example: """
      local photo = imagine.open("photo.png")
      photo:rotate(90):save("turned.png")
      photo:rotate{ degrees = -7.5, background = "white" }:save("tilted.png")
      """,
    seeAlso: ["flip", "crop"]
  ) { arguments throws(ImagineError) in
    let degrees = arguments.number("degrees")
    let size = try arguments.checked(Self.turned(arguments.base, by: degrees), "degrees")
    return (
      .rotate(degrees: degrees, arguments.color("background") ?? .transparent), size
    )
  }

  /// The box of a turned image.
  private static func turned(_ size: PixelSize, by degrees: Double) -> PixelSize {
    if degrees.truncatingRemainder(dividingBy: 180) == 0 { return size }
    if degrees.truncatingRemainder(dividingBy: 90) == 0 {
      return PixelSize(width: size.height, height: size.width)
    }
    let (sine, cosine) = PictureTurn.sineAndCosine(ofDegrees: degrees)
    let (width, height) = (Double(size.width), Double(size.height))
    // A part of a thousandth of a pixel gets no column of its own.
    return PixelSize(
      width: Int((width * abs(cosine) + height * abs(sine) - 0.001).rounded(.up)),
      height: Int((width * abs(sine) + height * abs(cosine) - 0.001).rounded(.up)))
  }

  public static let flip = PictureOperation(
    "flip", summary: "mirrors an image",
    output: "of the given image's size, as a PNG",
    fields: [
      Field(
        "direction", .choice(["horizontal", "vertical"]), .required,
        summary: "whether left and right change places, or top and bottom")
    ],
    example: """
      imagine.open("photo.png"):flip("horizontal"):save("mirrored.png")
      """,
    seeAlso: ["rotate"]
  ) { arguments in
    (.flip(isVertical: arguments.text("direction") == "vertical"), arguments.base)
  }

  public static let adjust = PictureOperation(
    "adjust", summary: "changes brightness, contrast, colors and sharpness",
    output: "of the given image's size, as a PNG",
    fields: [
      amount("brightness", "darker or lighter"),
      amount("contrast", "flatter or stronger"),
      amount("saturation", "paler or more colorful; -100 is gray"),
      amount("hue", "turns all colors; 100 and -100 are half the circle"),
      strength("sharpen", "how much to sharpen edges"),
      strength("blur", "the radius of a blur, in pixels"),
      Field("gray", .flag, .defaulted("false"), summary: "whether to remove all color"),
    ],
    example: """
      imagine.open("photo.png"):adjust{ brightness = 10, contrast = 15, sharpen = 30 }:save("crisp.png")
      """,
    seeAlso: ["convert"]
  ) { arguments in
    (
      .adjust(
        PictureAdjustment(
          brightness: arguments.number("brightness"), contrast: arguments.number("contrast"),
          saturation: arguments.number("saturation"), hue: arguments.number("hue"),
          sharpen: arguments.number("sharpen"), blur: arguments.number("blur"),
          isGray: arguments.flag("gray"))), arguments.base
    )
  }

  private static func amount(_ name: String, _ summary: String) -> Field {
    Field(name, .number(-100...100), .defaulted("0"), summary: summary)
  }

  private static func strength(_ name: String, _ summary: String) -> Field {
    Field(name, .number(0...100), .defaulted("0"), summary: summary)
  }
}

/// How to change tones; 0 leaves them as they are.
public struct PictureAdjustment: Sendable, Hashable {
  public var brightness: Double
  public var contrast: Double
  public var saturation: Double
  public var hue: Double
  public var sharpen: Double
  public var blur: Double
  public var isGray: Bool
}
