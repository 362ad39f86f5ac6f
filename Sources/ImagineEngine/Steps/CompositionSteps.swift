import CImaging
import ImagineAPI

extension Bitmap {
  /// The image with another one on it.
  func pasting(
    _ other: Bitmap, _ placement: PicturePlacement, _ control: EngineControl
  ) throws -> Bitmap {
    var upper = try Codec.scale(other, to: placement.part.size, control: control).withAlpha()
    if placement.opacity < 1 { upper = try upper.faded(to: placement.opacity) }
    let mode = PicturePlacement.Blend.allCases.firstIndex(of: placement.blend) ?? 0
    var picture = ImagingPicture()
    try withAlpha().withPixels { pixels in
      try upper.withPixels { upperPixels in
        try Codec.call("image", control) { control, fault in
          imaging_composite(
            pixels.baseAddress, Int32(width), Int32(height), upperPixels.baseAddress,
            Int32(upper.width), Int32(upper.height), Int32(placement.part.x),
            Int32(placement.part.y), Int32(mode), control, &picture, fault)
        }
      }
    }
    return try Bitmap(picture).withoutOpaqueAlpha()
  }

  func faded(to opacity: Double) throws -> Bitmap {
    try Bitmap(width: width, height: height, channels: 4) { out in
      withPixels { pixels in
        for at in 0..<pixels.count {
          out[at] =
            at & 3 == 3 ? UInt8((Double(pixels[at]) * opacity).rounded()) : pixels[at]
        }
      }
    }
  }

  /// The image with a text on it.
  func labelled(_ label: PictureLabel) throws -> Bitmap {
    let text = try DrawnText(
      label.text, font: label.font, size: label.size, width: label.width,
      alignment: label.alignment, field: "text")
    let box = PixelSize(
      width: text.size.width + 2 * label.padding, height: text.size.height + 2 * label.padding)
    guard box.width <= width, box.height <= height else {
      throw EngineError.unusable(
        field: "text",
        reason: "the label needs \(box) pixels and the image has \(size): a smaller size or a"
          + " shorter text fits")
    }
    let room = width - box.width
    let start: Int =
      switch label.alignment {
      case .left: 0
      case .center: room / 2
      case .right: room
      }
    // A label is moved rather than cut.
    let x = min(label.x ?? start, room)
    let y = min(label.y ?? (height - box.height), height - box.height)
    var painting = try Painting(self)
    painting.fill(PixelRectangle(x: x, y: y, size: box), label.background)
    text.draw(onto: &painting, x: x + label.padding, y: y + label.padding, label.color)
    return try painting.finished()
  }
}

/// A text as the coverage of pixels.
struct DrawnText {
  let size: PixelSize
  private let coverage: [UInt8]

  /// - Parameters:
  ///   - width: where lines break, in pixels.
  ///   - field: the field that is named in errors.
  /// - Throws: ``EngineError/resourceMissing(_:)`` where no font is installed.
  init(
    _ text: String, font: String, size: Int, width: Int, alignment: PictureLabel.Alignment,
    field: String
  ) throws {
    guard text.contains(where: { !$0.isWhitespace }) else {
      self.size = PixelSize(width: 0, height: 0)
      coverage = []
      return
    }
    // A letter is at most about as wide as high, and each line may be as wide as the box.
    let lines =
      1 + text.count(where: \.isNewline)
      + PixelBudget.area(text.unicodeScalars.count, size) / max(1, width)
    guard PixelBudget.area(max(width, size), PixelBudget.area(2 * size, lines)) <= PixelBudget.area
    else {
      throw EngineError.unusable(
        field: field, reason: "\(text.count) characters of \(size) pixels are too large")
    }
    let align = PictureLabel.Alignment.allCases.firstIndex(of: alignment) ?? 0
    var drawn = ImagingPicture()
    do {
      try Codec.call(field) { _, fault in
        imaging_text(text, "\(font) \(size)px", Int32(width), Int32(align), &drawn, fault)
      }
    } catch EngineError.resourceMissing(let reason) {
      throw EngineError.resourceMissing(
        "\(reason), and a text needs one: install a font, such as the package fonts-dejavu-core")
    }
    defer { imaging_free(drawn.pixels) }
    self.size = PixelSize(width: Int(drawn.width), height: Int(drawn.height))
    let step = Int(drawn.channels)
    coverage = (0..<(self.size.width * self.size.height)).map { drawn.pixels[$0 * step] }
  }

  func draw(onto painting: inout Painting, x: Int, y: Int, _ color: PictureColor) {
    guard !coverage.isEmpty else { return }
    painting.fill(PixelRectangle(x: x, y: y, size: size), color, coverage: coverage)
  }

  /// As much of a text as fits, with an ellipsis if that is not all.
  static func fitting(
    _ text: String, font: String, size: Int, width: Int, height: Int,
    alignment: PictureLabel.Alignment, field: String
  ) throws -> DrawnText {
    func drawn(_ count: Int) throws -> DrawnText {
      let part = text.prefix(count)
      return try DrawnText(
        count < text.count ? "\(part)…" : String(part), font: font, size: size, width: width,
        alignment: alignment, field: field)
    }
    func fits(_ drawn: DrawnText) -> Bool {
      drawn.size.height <= height && drawn.size.width <= width
    }
    let whole = try drawn(text.count)
    if fits(whole) { return whole }
    var (low, high) = (0, text.count)
    var best = try drawn(0)
    while high - low > 1 {
      let middle = (low + high) / 2
      let tried = try drawn(middle)
      if fits(tried) { (low, best) = (middle, tried) } else { high = middle }
    }
    return best
  }
}

extension StepImages {
  /// A contact sheet.
  func picture(of sheet: PictureSheet) throws -> Bitmap {
    var painting = try Painting(sheet.size, sheet.background)
    let ink = sheet.background.needsWhiteInk ? PictureColor.white : .black
    if let title = sheet.title {
      let text = try DrawnText.fitting(
        title, font: "Sans Bold", size: sheet.titleSize, width: sheet.size.width - 2 * sheet.gap,
        height: sheet.titleHeight, alignment: .center, field: "title")
      text.draw(
        onto: &painting, x: (sheet.size.width - text.size.width) / 2,
        y: sheet.gap / 2 + (sheet.titleHeight - text.size.height) / 2, ink)
    }
    let atOnce = step.imagesAtOnce
    for start in stride(from: 0, to: sheet.count, by: atOnce) {
      let indices = start..<min(start + atOnce, sheet.count)
      let cells = Bitmap.inParallel(indices) { try image(at: $0, fittedInto: sheet.cell) }
      for (index, image) in zip(indices, cells) {
        try draw(image.get(), index, of: sheet, ink, onto: &painting)
      }
    }
    return try painting.finished()
  }

  private func draw(
    _ image: Bitmap, _ index: Int, of sheet: PictureSheet, _ ink: PictureColor,
    onto painting: inout Painting
  ) throws {
    try control.check()
    let cell = sheet.cell(at: index)
    painting.draw(
      image, x: cell.x + (sheet.cell - image.width) / 2,
      y: cell.y + (sheet.cell - image.height) / 2)
    guard sheet.labels.indices.contains(index) else { return }
    let text = try DrawnText.fitting(
      sheet.labels[index], font: "Sans", size: sheet.textSize, width: sheet.cell,
      height: sheet.labelHeight, alignment: .center, field: "labels")
    text.draw(
      onto: &painting, x: cell.x + (sheet.cell - text.size.width) / 2,
      y: cell.y + sheet.cell + (sheet.labelHeight - text.size.height) / 2, ink)
  }

  private func image(at index: Int, fittedInto side: Int) throws -> Bitmap {
    func fitted(_ size: PixelSize) -> PixelSize {
      let inner = Conversion(format: .png, width: side, height: side).wholeSize(of: size)
      // A small image stays as it is.
      return inner.width < size.width || inner.height < size.height ? inner : size
    }
    let (image, size) = try decoded("images", index, scaledTo: fitted)
    return try Codec.scale(image, to: fitted(size), kernel: .linear, control: control)
  }
}

extension PictureColor {
  /// Whether black letters would be hard to read on it.
  fileprivate var needsWhiteInk: Bool {
    alpha > 127 && 213 * Int(red) + 715 * Int(green) + 72 * Int(blue) < 110_000
  }
}
