/// Steps that put images and texts together.
extension PictureOperation {
  static let compositions = [paste, label, canvas, sheet]

  /// Characters of a text that is drawn.
  static let maxCharacters = 2000

  public static let paste = PictureOperation(
    "paste", summary: "puts another image onto an image",
    output: "of the given image's size, as a PNG",
    fields: [
      Field("image", .image, .required, summary: "the image to put onto it"),
      place("x", "its left edge; negative counts from the right edge; 0 by default"),
      place("y", "its upper edge; negative counts from the lower edge; 0 by default"),
      Field(
        "width", .length(1...Int64(PixelBudget.side)), .optional,
        summary: "its width, a share of the other image's; by default its own"),
      Field("opacity", .number(0...1), .defaulted("1"), summary: "0 is invisible"),
      Field(
        "blend", .choice(PicturePlacement.Blend.allCases.map(\.rawValue)),
        .defaulted(PicturePlacement.Blend.over.rawValue),
        summary: "how its colors meet those below"),
    ],
    example: """
      local photo = imagine.open("photo.png")
      local logo = imagine.png("a red apple")
      photo:paste{ image = logo, x = "-30%", y = 10, width = "25%", opacity = 0.8 }:save("marked.png")
      """,
    seeAlso: ["label", "canvas"]
  ) { arguments throws(ImagineError) in
    let base = arguments.base
    let own = arguments.sizes["image"]?.first ?? base
    var size = own
    if let width = arguments.pixels("width", of: base.width) {
      let height = Double(own.height) * Double(width) / Double(own.width)
      size = try arguments.checked(
        PixelSize(width: width, height: max(1, Int(min(height, 1e6).rounded()))), "width")
    }
    let x = arguments.position("x", of: base.width) ?? 0
    let y = arguments.position("y", of: base.height) ?? 0
    for (field, start, length, whole) in [
      ("x", x, size.width, base.width), ("y", y, size.height, base.height),
    ] where start >= whole || start + length <= 0 {
      throw arguments.invalid(
        field, arguments.fields[field]?.quoted ?? "0",
        "a place where the image of \(size) meets the \(whole) pixels of the other")
    }
    let placement = PicturePlacement(
      part: PixelRectangle(x: x, y: y, size: size), opacity: arguments.number("opacity"),
      blend: arguments.text("blend").flatMap(PicturePlacement.Blend.init(rawValue:)) ?? .over)
    return (.paste(placement), base)
  }

  public static let label = PictureOperation(
    "label", summary: "draws a text onto an image",
    output: "of the given image's size, as a PNG",
    fields: [
      Field("text", .text, .required, summary: "the text, as it is: it has no markup"),
      place("x", "its left edge; negative counts from the right edge; by default by align"),
      place("y", "its upper edge; negative counts from the lower edge; by default at the bottom"),
      Field(
        "size", .length(4...1000), .defaulted("5%"),
        summary: "the size of the letters; a share is one of the image's height"),
      Field(
        "width", .length(1...Int64(PixelBudget.side)), .optional,
        summary: "where lines break; by default at the image's edge"),
      Field(
        "font", .text, .defaulted("Sans Bold"),
        summary: "family and style of an installed font; the nearest one if there is none"),
      Field("color", .color, .defaulted("white"), summary: "the color of the letters"),
      background("the color behind the text", .defaulted("#00000099")),
      Field(
        "align", .choice(PictureLabel.Alignment.allCases.map(\.rawValue)),
        .defaulted(PictureLabel.Alignment.center.rawValue), summary: "where lines are placed"),
      Field(
        "padding", .length(0...1000), .optional,
        summary: "the edge of the background around the text; by default half the size"),
    ],
    example: """
      local photo = imagine.open("photo.png")
      photo:label("Sunset & sea"):save("titled.png")
      photo:label{ text = "v2", x = 8, y = 8, size = 20, color = "#ffdd00" }:save("numbered.png")
      """,
    seeAlso: ["paste", "sheet"]
  ) { arguments throws(ImagineError) in
    let base = arguments.base
    let text = try checkedText(arguments.text("text") ?? "", "text")
    let font = try checkedFont(arguments.text("font") ?? "")
    let size = min(max(arguments.pixels("size", of: base.height) ?? 4, 4), 1000)
    let padding = arguments.pixels("padding", of: base.height) ?? size / 2
    let x = arguments.position("x", of: base.width)
    let y = arguments.position("y", of: base.height)
    for (field, place, whole) in [("x", x, base.width), ("y", y, base.height)] {
      if let place, !(0..<whole ~= place) {
        throw arguments.invalid(
          field, arguments.fields[field]?.quoted ?? "", "a place within the \(whole) pixels")
      }
    }
    let room = base.width - (x ?? 0) - 2 * padding
    let width = min(arguments.pixels("width", of: base.width) ?? room, room)
    guard width > 0 else {
      throw arguments.invalid(
        "padding", "\(padding) pixels", "an edge that leaves room for text in \(base) pixels")
    }
    let label = PictureLabel(
      text: text, x: x, y: y, size: size, width: width, font: font,
      color: arguments.color("color") ?? .white,
      background: arguments.color("background") ?? .transparent,
      alignment: arguments.text("align").flatMap(PictureLabel.Alignment.init(rawValue:)) ?? .center,
      padding: padding)
    return (.label(label), base)
  }

  /// - Throws: ``ImagineError`` for a text that is too long or has control characters.
  static func checkedText(
    _ text: String, _ field: String
  ) throws(ImagineError) -> String {
    guard text.utf8.count <= 4 * maxCharacters, text.unicodeScalars.count <= maxCharacters else {
      throw .invalid(
        field: field, given: "a text of more than \(maxCharacters) characters",
        expected: "at most \(maxCharacters)")
    }
    let isPlain = text.unicodeScalars.allSatisfy { scalar in
      scalar == "\n" || scalar == "\t" || scalar.properties.generalCategory != .control
    }
    guard isPlain else {
      throw .invalid(
        field: field, given: "a text with control characters", expected: "a text without them")
    }
    return text
  }

  private static func checkedFont(_ font: String) throws(ImagineError) -> String {
    let isName = font.unicodeScalars.allSatisfy { scalar in
      scalar == " " || scalar == "-" || scalar.properties.isAlphabetic
        || ("0"..."9").contains(scalar)
    }
    let endsInNumber = font.split(separator: " ").last?.allSatisfy(\.isNumber) ?? true
    guard isName, !endsInNumber, font.utf8.count <= 100 else {
      throw .invalid(
        field: "font", given: Value.text(font).quoted,
        expected: "a family and a style, such as \"DejaVu Sans Bold\"; `size` has the size")
    }
    return font
  }

  private static func requiredSide(_ name: String) -> Field {
    Field(
      name, .integer(1...Int64(PixelBudget.side)), .required, unit: "pixels", summary: "the \(name)"
    )
  }

  public static let canvas = PictureOperation(
    "canvas", of: .module, summary: "makes an image of one color",
    output: "of this size, as a PNG",
    fields: [
      requiredSide("width"), requiredSide("height"),
      background("its color", .defaulted("transparent")),
    ],
    example: """
      local canvas = imagine.canvas{ width = 640, height = 360, background = "navy" }
      canvas:label{ text = "Chapter 1", size = 48 }:save("chapter.png")
      """,
    seeAlso: ["paste", "label"]
  ) { arguments throws(ImagineError) in
    let size = try arguments.checked(
      PixelSize(
        width: arguments.integer("width") ?? 1, height: arguments.integer("height") ?? 1), "width")
    return (.canvas(arguments.color("background") ?? .transparent), size)
  }

  public static let sheet = PictureOperation(
    "sheet", of: .module, takesFiles: true,
    summary: "arranges images in a table, as a contact sheet",
    output: "of all cells, as a PNG",
    fields: [
      Field(
        "images", .images(PictureSheet.maxImages), .required, summary: "the images, row by row"),
      Field(
        "columns", .integer(1...500), .optional,
        summary: "images in a row; by default about as many as rows"),
      Field(
        "cell", .integer(16...2048), .defaulted("320"), unit: "pixels",
        summary: "the side of the square that each image is fitted into"),
      Field(
        "labels", .texts(PictureSheet.maxImages), .optional,
        summary: "a text below each image, of at most two lines"),
      Field("title", .text, .optional, summary: "a line above all"),
      background("the color between the images", .defaulted("white")),
    ],
    example: """
      local list = imagine.generate{ prompt = "a lighthouse", n = 4, seed = 1 }
      imagine.sheet{ images = list, labels = { "1", "2", "3", "4" }, title = "Seeds" }:save("sheet.png")
      """,
    seeAlso: ["canvas", "label"]
  ) { arguments throws(ImagineError) in
    let count = arguments.sizes["images"]?.count ?? 0
    var labels: [String] = []
    for (index, value) in (arguments.fields["labels"]?.list ?? []).enumerated() {
      labels.append(try checkedText(value.text ?? "", "labels[\(index + 1)]"))
    }
    guard labels.count <= count else {
      throw arguments.invalid("labels", "\(labels.count) texts", "at most one for each image")
    }
    let title = try arguments.text("title").map { (text) throws(ImagineError) in
      try checkedText(text, "title")
    }
    let sheet = PictureSheet(
      count: count, columns: arguments.integer("columns"), cell: arguments.integer("cell") ?? 320,
      labels: labels, title: title, background: arguments.color("background") ?? .white)
    guard let fault = PixelBudget.fault(of: sheet.size) else { return (.sheet(sheet), sheet.size) }
    guard let fitting = sheet.fittingCount else {
      throw ImagineError(
        .validation, "field 'cell': a row of the sheet would have \(fault)", field: "cell")
    }
    let pages = (count + fitting - 1) / fitting
    throw ImagineError(
      .validation,
      "field 'images': a sheet of \(count) images would have \(fault); \(fitting) fit on a page of"
        + " these cells, so make \(pages) pages", field: "images")
  }
}

/// Where an image is pasted, and how.
public struct PicturePlacement: Sendable, Hashable {
  public enum Blend: String, CaseIterable, Sendable {
    case over, multiply, screen, overlay, darken, lighten, add, difference
  }

  public var part: PixelRectangle
  public var opacity: Double
  public var blend: Blend
}

/// A text on an image, in pixels.
public struct PictureLabel: Sendable, Hashable {
  public enum Alignment: String, CaseIterable, Sendable {
    case left, center, right
  }

  public var text: String
  /// Nil to place it by the alignment.
  public var x: Int?
  /// Nil for the bottom.
  public var y: Int?
  public var size: Int
  /// Where lines break.
  public var width: Int
  public var font: String
  public var color: PictureColor
  public var background: PictureColor
  public var alignment: Alignment
  public var padding: Int
}

/// The layout of a contact sheet.
public struct PictureSheet: Sendable, Hashable {
  public static let maxImages = 10_000

  public let count: Int
  public let columns: Int
  public let cell: Int
  /// One text for each image, or none.
  public let labels: [String]
  public let title: String?
  public let background: PictureColor

  init(
    count: Int, columns: Int?, cell: Int, labels: [String], title: String?,
    background: PictureColor
  ) {
    self.count = count
    self.columns = min(columns ?? Self.standardColumns(count), max(1, count))
    self.cell = cell
    self.labels = labels
    self.title = title
    self.background = background
  }

  private static func standardColumns(_ count: Int) -> Int {
    Int(Double(count).squareRoot().rounded(.up))
  }

  /// Pixels between cells.
  public var gap: Int { max(4, cell / 20) }
  /// The size of a label's letters.
  public var textSize: Int { max(9, cell / 20) }
  /// The height of a label: two lines.
  public var labelHeight: Int { labels.isEmpty ? 0 : textSize * 3 }
  public var titleSize: Int { textSize * 2 }
  public var titleHeight: Int { title == nil ? 0 : titleSize * 2 }

  public var size: PixelSize { size(rows: (count + columns - 1) / columns) }

  private func size(rows: Int) -> PixelSize {
    PixelSize(
      width: columns * (cell + gap) + gap,
      height: titleHeight + rows * (cell + labelHeight + gap) + gap)
  }

  /// How many images of these cells fit on a sheet; nil if not even one row does.
  var fittingCount: Int? {
    let rows = (1...max(1, count)).last { PixelBudget.fault(of: size(rows: $0)) == nil }
    return rows.map { $0 * columns }
  }

  /// The square of an image, in pixels from the upper left.
  public func cell(at index: Int) -> PixelRectangle {
    PixelRectangle(
      x: gap + index % columns * (cell + gap),
      y: titleHeight + gap + index / columns * (cell + labelHeight + gap),
      size: PixelSize(width: cell, height: cell))
  }
}
