public import ImagineCore

extension BuiltInEngine {
  public func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?
  ) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image")
    let keep = try mask.map { try Mask($0, for: picture) }
    guard let aspectRatio, let target = Reshaping.size(of: picture.size, as: aspectRatio) else {
      return try Codec.encode(picture, as: .png)
    }
    var reshaping = Reshaping(Raster(picture), alpha: picture.alpha, keep: keep)
    try reshaping.bring(to: target, prompt: prompt ?? "")
    return try Codec.encode(reshaping.picture.picture(alpha: reshaping.alpha), as: .png)
  }
}

/// Brings a picture to another shape: as far as seams can be taken out without being missed, the
/// longer side shrinks; beyond that the shorter side grows. What has alpha grows by clear pixels,
/// everything else by a fill.
struct Reshaping {
  /// The part of a side that is taken out at most.
  private static let mostCarved = 0.3

  private(set) var picture: Raster
  /// One byte a pixel; nil for a picture without alpha.
  private(set) var alpha: [UInt8]?
  private var keep: Mask?

  init(_ picture: Raster, alpha: [UInt8]?, keep: Mask?) {
    self.picture = picture
    self.alpha = alpha
    self.keep = keep
  }

  /// The size of a picture in another shape; nil where it has that shape already.
  static func size(of size: PixelSize, as aspectRatio: AspectRatio) -> PixelSize? {
    let shape = aspectRatio.pixelSize
    let wanted = Double(shape.width) / Double(shape.height)
    let present = Double(size.width) / Double(size.height)
    if abs(wanted - present) * Double(size.height) < 1 { return nil }
    if wanted < present {
      let width = max(
        Int((Double(size.height) * wanted).rounded()),
        Int((Double(size.width) * (1 - mostCarved)).rounded()))
      return PixelSize(width: width, height: Int((Double(width) / wanted).rounded()))
    }
    let height = max(
      Int((Double(size.width) / wanted).rounded()),
      Int((Double(size.height) * (1 - mostCarved)).rounded()))
    return PixelSize(width: Int((Double(height) * wanted).rounded()), height: height)
  }

  mutating func bring(to size: PixelSize, prompt: String) throws {
    if size.width < picture.width { try carveWidth(to: size.width) }
    if size.height < picture.height {
      transpose()
      try carveWidth(to: size.height)
      transpose()
    }
    // Carving may have ended before that; then more is added.
    let width = max(size.width, picture.width)
    let height = max(size.height, picture.height)
    let wanted = Double(size.width) / Double(size.height)
    let whole =
      width > size.width
      ? PixelSize(width: width, height: Int((Double(width) / wanted).rounded()))
      : PixelSize(width: Int((Double(height) * wanted).rounded()), height: height)
    if whole != PixelSize(width: picture.width, height: picture.height) {
      try grow(to: whole, prompt: prompt)
    }
  }

  private mutating func carveWidth(to width: Int) throws {
    var carving = try SeamCarving(picture, alpha: alpha, keep: keep?.values ?? [])
    carving.narrow(to: width)
    (picture, alpha) = (carving.picture, carving.alpha)
    keep = nil
  }

  private mutating func transpose() {
    let (width, height) = (picture.width, picture.height)
    func turned<Element>(_ values: [Element], _ size: Int) -> [Element] {
      var result = values
      for row in 0..<height {
        for column in 0..<width {
          let from = (row * width + column) * size
          let to = (column * height + row) * size
          for index in 0..<size { result[to + index] = values[from + index] }
        }
      }
      return result
    }
    picture = Raster(width: height, height: width, bytes: turned(picture.bytes, 3))
    alpha = alpha.map { turned($0, 1) }
    keep = keep.map { Mask(width: height, height: width, values: turned($0.values, 1)) }
  }

  /// Puts the picture into the middle of a larger one and fills what is around it; a portrait that
  /// the lower edge cuts off stays on the lower edge.
  private mutating func grow(to size: PixelSize, prompt: String) throws {
    let left = (size.width - picture.width) / 2
    let room = size.height - picture.height
    let top = try room > 0 && standsOnLowerEdge() ? room : room / 2
    var large = Raster(width: size.width, height: size.height)
    var added = [UInt8](repeating: 255, count: size.width * size.height)
    var clear = alpha.map { _ in [UInt8](repeating: 0, count: added.count) }
    for row in 0..<picture.height {
      let from = row * picture.width
      let to = (top + row) * size.width + left
      large.bytes.replaceSubrange(
        (to * 3)..<((to + picture.width) * 3),
        with: picture.bytes[(from * 3)..<((from + picture.width) * 3)])
      for column in 0..<picture.width {
        added[to + column] = 0
        if let alpha { clear?[to + column] = alpha[from + column] }
      }
    }
    if alpha == nil {
      let mask = Mask(width: size.width, height: size.height, values: added)
      try PatchFill.fill(
        &large, mask, avoiding: subject(in: size, left: left, top: top))
      try PromptedFill(prompt, mask)?.paintPlace(into: &large)
    }
    (picture, alpha) = (large, clear)
  }
  /// The part of a side next to where the picture grows that is learned from, whatever it shows.
  private static let rim = 0.1

  /// Whether the subject goes on below the picture, and not above it.
  private func standsOnLowerEdge() throws -> Bool {
    let likely = try SeamCarving.subject(of: picture)
    let above = likely.prefix(picture.width).count { $0 > 127 }
    let below = likely.suffix(picture.width).count { $0 > 127 }
    return below > picture.width / 4 && above < picture.width / 20
  }

  /// What is the subject's, set in a picture of another size: it is not repeated beside itself. At
  /// the rim it goes on, or it would end in a straight line.
  private func subject(in size: PixelSize, left: Int, top: Int) throws -> [UInt8] {
    let likely = try SeamCarving.subject(of: picture)
    let columns = left > 0 ? Int(Double(picture.width) * Self.rim) : 0
    let rows = top > 0 ? Int(Double(picture.height) * Self.rim) : 0
    var result = [UInt8](repeating: 0, count: size.width * size.height)
    for row in rows..<(picture.height - rows) {
      for column in columns..<(picture.width - columns)
      where likely[row * picture.width + column] > 127 {
        result[(top + row) * size.width + left + column] = 255
      }
    }
    return result
  }
}
