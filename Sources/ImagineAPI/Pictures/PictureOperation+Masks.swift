/// Steps that make and change masks: white is edited, black is kept.
extension PictureOperation {
  static let masks = [mask, alpha, invert, grow, combine]

  private static let maskOutput = "that is a mask: white for what is edited, as a PNG"

  private static let shapeFields: [Field] = [
    Field(
      "shape", .choice(MaskShape.Kind.allCases.map(\.rawValue)), .required, summary: "its form"),
    place("x", "its left edge"), place("y", "its upper edge"),
    Field("width", .length(1...Int64(PixelBudget.side)), .optional, summary: "its width"),
    Field("height", .length(1...Int64(PixelBudget.side)), .optional, summary: "its height"),
  ]

  private static func side(_ name: String) -> Field {
    Field(
      name, .integer(1...Int64(PixelBudget.side)), .optional, unit: "pixels",
      summary: "the \(name), without an image")
  }

  public static let mask = PictureOperation(
    "mask", of: .module, summary: "makes a mask from shapes, or from a cut-out",
    output: maskOutput,
    fields: [
      Field(
        "image", .image, .optional,
        summary: "whose size it has; without shapes, what is opaque or bright in it is edited"),
      side("width"), side("height"),
      Field(
        "shapes", .entries(shapeFields, 1000), .optional,
        summary: "what is edited; x and y are 0 by default, the sides go to the edge"),
      Field(
        "feather", .length(0...1000), .defaulted("0"),
        summary: "the width of a soft edge; a share is one of the shorter side"),
      Field("invert", .flag, .defaulted("false"), summary: "edit the rest instead"),
    ],
    example: """
      local photo = imagine.open("photo.png")
      local mask = imagine.mask{ image = photo, feather = 4,
        shapes = { { shape = "ellipse", x = "25%", y = "25%", width = "50%", height = "50%" } } }
      photo:fill{ prompt = "a lake", mask = mask }:save("lake.png")
      """,
    seeAlso: ["fill", "retouch", "alpha", "grow"]
  ) { arguments throws(ImagineError) in
    let size = try maskSize(arguments)
    var shapes: [MaskShape] = []
    for (index, entry) in (arguments.fields["shapes"]?.list ?? []).enumerated() {
      shapes.append(try shape(entry.table ?? [:], "shapes[\(index + 1)]", in: size))
    }
    guard !shapes.isEmpty || arguments.sizes["image"] != nil else {
      throw .missing(field: "shapes", of: "mask", expected: "a list of shapes, or an image")
    }
    let feather = arguments.pixels("feather", of: min(size.width, size.height)) ?? 0
    return (
      .mask(shapes, feather: min(feather, 1000), isInverted: arguments.flag("invert")), size
    )
  }

  private static func maskSize(_ arguments: StepArguments) throws(ImagineError) -> PixelSize {
    let sides = ["width", "height"]
    if let size = arguments.sizes["image"]?.first {
      if let name = sides.first(where: { arguments.fields[$0] != nil }) {
        throw arguments.contradiction(name, "give either image or width and height")
      }
      return size
    }
    if let name = sides.first(where: { arguments.fields[$0] == nil }) {
      throw .missing(field: name, of: "mask", expected: "width and height, or an image")
    }
    return try arguments.checked(
      PixelSize(
        width: arguments.integer("width") ?? 1, height: arguments.integer("height") ?? 1), "width")
  }

  private static func shape(
    _ fields: [String: Value], _ place: String, in size: PixelSize
  ) throws(ImagineError) -> MaskShape {
    func position(_ name: String, _ whole: Int) throws(ImagineError) -> Int {
      let given = fields[name].flatMap { StepArguments.pixels($0, of: whole) } ?? 0
      let start = given < 0 ? whole + given : given
      guard 0..<whole ~= start else {
        throw .invalid(
          field: "\(place).\(name)", given: fields[name]?.quoted ?? "\(start)",
          expected: "a place within the \(whole) pixels of the mask")
      }
      return start
    }
    let (x, y) = (try position("x", size.width), try position("y", size.height))
    func length(_ name: String, _ whole: Int, _ start: Int) -> Int {
      max(1, fields[name].flatMap { StepArguments.pixels($0, of: whole) } ?? (whole - start))
    }
    return MaskShape(
      kind: fields["shape"]?.text.flatMap(MaskShape.Kind.init(rawValue:)) ?? .rectangle,
      part: PixelRectangle(
        x: x, y: y,
        size: PixelSize(
          width: length("width", size.width, x), height: length("height", size.height, y))))
  }

  public static let alpha = PictureOperation(
    "alpha", summary: "the opacity of an image as a mask: white where it is opaque",
    output: maskOutput, fields: [],
    example: """
      local apple = imagine.png("a red apple")
      apple:alpha():save("mask.png")
      """,
    seeAlso: ["mask", "invert"]
  ) { arguments in (.alpha, arguments.base) }

  public static let invert = PictureOperation(
    "invert", summary: "exchanges white and black of a mask",
    output: maskOutput, fields: [],
    example: """
      imagine.png("a red apple"):alpha():invert():save("background.png")
      """,
    seeAlso: ["mask", "combine"]
  ) { arguments in (.invert, arguments.base) }

  public static let grow = PictureOperation(
    "grow", summary: "widens the white of a mask, or narrows it",
    output: maskOutput,
    fields: [
      Field(
        "pixels", .integer(-500...500), .required, unit: "pixels",
        summary: "how far; negative narrows it")
    ],
    example: """
      imagine.png("a red apple"):alpha():grow(6):save("wider.png")
      """,
    seeAlso: ["mask", "combine"]
  ) { arguments in (.grow(arguments.integer("pixels") ?? 0), arguments.base) }

  public static let combine = PictureOperation(
    "combine", summary: "makes one mask of two",
    output: maskOutput,
    fields: [
      Field("mask", .image, .required, summary: "the other mask, of the same size"),
      Field(
        "mode", .choice(PictureAction.Combination.allCases.map(\.rawValue)),
        .defaulted(PictureAction.Combination.union.rawValue),
        summary: "what is edited: the white of either, of both, or of the first alone"),
    ],
    example: """
      local left = imagine.mask{ width = 64, height = 64, shapes = { { shape = "rectangle", width = "50%" } } }
      local round = imagine.mask{ width = 64, height = 64, shapes = { { shape = "ellipse" } } }
      round:combine{ mask = left, mode = "subtract" }:save("half.png")
      """,
    seeAlso: ["mask", "invert"]
  ) { arguments throws(ImagineError) in
    let other = arguments.sizes["mask"]?.first ?? arguments.base
    guard other == arguments.base else {
      throw arguments.invalid(
        "mask", "a mask of \(other) pixels", "the other mask's size, \(arguments.base)")
    }
    let mode = arguments.text("mode").flatMap(PictureAction.Combination.init(rawValue:))
    return (.combine(mode ?? .union), other)
  }
}

/// A shape of a mask, in pixels; it may go beyond the edge.
public struct MaskShape: Sendable, Hashable {
  public enum Kind: String, CaseIterable, Sendable {
    case rectangle, ellipse
  }

  public var kind: Kind
  public var part: PixelRectangle
}
