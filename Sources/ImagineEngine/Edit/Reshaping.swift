public import ImagineAPI

extension BuiltInEngine {
  public func resize(
    _ image: [UInt8], to aspectRatio: AspectRatio?, prompt: String?, mask: [UInt8]?,
    control: EngineControl = EngineControl()
  ) throws -> [UInt8] {
    let picture = try Codec.decode(image, field: "image", control: control)
    let keep = try mask.map { try Mask($0, for: picture, control) }
    guard let aspectRatio, let target = Reshaping.size(of: picture.size, as: aspectRatio) else {
      return try Codec.encode(picture, as: .png, control: control)
    }
    _ = try Reshaping.largest(of: picture.size, as: aspectRatio)
    var reshaping = Reshaping(Raster(picture), alpha: picture.alpha, keep: keep, control)
    try reshaping.bring(to: target, Ratio(aspectRatio), prompt: prompt ?? "")
    return try Codec.encode(
      reshaping.picture.picture(alpha: reshaping.alpha), as: .png, control: control)
  }
}

/// An aspect ratio in lowest terms. Its sizes have the exact ratio and even sides, as video codecs
/// require.
struct Ratio {
  let width: Int
  let height: Int

  init(_ aspectRatio: AspectRatio) {
    let size = aspectRatio.pixelSize
    var (divisor, rest) = (size.width, size.height)
    while rest > 0 { (divisor, rest) = (rest, divisor % rest) }
    width = size.width / divisor
    height = size.height / divisor
  }

  /// The size whose width is about `width`.
  func size(width: Double) -> PixelSize { size(times: (width / Double(2 * self.width)).rounded()) }

  /// The size whose height is about `height`.
  func size(height: Double) -> PixelSize {
    size(times: (height / Double(2 * self.height)).rounded())
  }

  /// The smallest size of this ratio that contains another size.
  func size(around size: PixelSize) -> PixelSize {
    self.size(
      times: max(
        (Double(size.width) / Double(2 * width)).rounded(.up),
        (Double(size.height) / Double(2 * height)).rounded(.up)))
  }

  private func size(times: Double) -> PixelSize {
    let times = 2 * max(1, Int(times))
    return PixelSize(width: width * times, height: height * times)
  }
}

/// Changes the aspect ratio of an image: seam carving shrinks the longer side as far as it does not
/// show, then the shorter side grows. An image with alpha grows by clear pixels, any other by a
/// fill.
struct Reshaping {
  /// The largest fraction of a side that is carved away.
  private static let mostCarved = 0.3

  private(set) var picture: Raster
  /// One byte per pixel; nil for an image without alpha.
  private(set) var alpha: [UInt8]?
  private var keep: Mask?
  private let control: EngineControl

  init(_ picture: Raster, alpha: [UInt8]?, keep: Mask?, _ control: EngineControl) {
    self.picture = picture
    self.alpha = alpha
    self.keep = keep
    self.control = control
  }

  /// The size of an image in another aspect ratio; nil when it has that ratio exactly.
  static func size(of size: PixelSize, as aspectRatio: AspectRatio) -> PixelSize? {
    let ratio = Ratio(aspectRatio)
    let wanted = Double(ratio.width) / Double(ratio.height)
    let present = Double(size.width) / Double(size.height)
    if abs(wanted - present) * Double(size.height) < 1 { return nil }
    let (width, height) = (Double(size.width), Double(size.height))
    return wanted < present
      ? ratio.size(width: max(height * wanted, width * (1 - mostCarved)))
      : ratio.size(height: max(width / wanted, height * (1 - mostCarved)))
  }

  /// The largest size on the way to another aspect ratio: the case in which nothing can be carved
  /// away.
  ///
  /// - Throws: ``EngineError/unusable(field:reason:)`` when that is over the ``PixelBudget``.
  static func largest(of size: PixelSize, as aspectRatio: AspectRatio) throws(EngineError)
    -> PixelSize
  {
    guard self.size(of: size, as: aspectRatio) != nil else { return size }
    let largest = Ratio(aspectRatio).size(around: size)
    if let fault = PixelBudget.fault(of: largest) {
      throw .unusable(
        field: "image", reason: "resized to \(aspectRatio.rawValue) it would be \(fault)")
    }
    return largest
  }

  mutating func bring(to size: PixelSize, _ ratio: Ratio, prompt: String) throws {
    if size.width < picture.width { try carveWidth(to: size.width) }
    if size.height < picture.height {
      transpose()
      try carveWidth(to: size.height)
      transpose()
    }
    // Carving may have stopped early; then the image grows more.
    let whole = ratio.size(around: PixelSize(width: picture.width, height: picture.height))
    if whole != PixelSize(width: picture.width, height: picture.height) {
      try grow(to: whole, prompt: prompt)
    }
  }

  private mutating func carveWidth(to width: Int) throws {
    var carving = try SeamCarving(
      picture, alpha: alpha, keep: keep?.values ?? [], to: width, control)
    try carving.narrow(control)
    (picture, alpha) = (carving.picture, carving.alpha)
    keep = nil
  }

  private mutating func transpose() {
    let (width, height) = (picture.width, picture.height)
    func turned<Element>(_ values: [Element], _ size: Int) -> [Element] {
      var result = values
      // In bands, whose columns stay in the processor's cache.
      for band in stride(from: 0, to: height, by: 64) {
        for column in 0..<width {
          for row in band..<min(band + 64, height) {
            let from = (row * width + column) * size
            let to = (column * height + row) * size
            for index in 0..<size { result[to + index] = values[from + index] }
          }
        }
      }
      return result
    }
    picture = Raster(width: height, height: width, bytes: turned(picture.bytes, 3))
    alpha = alpha.map { turned($0, 1) }
    keep = keep.map { Mask(width: height, height: width, values: turned($0.values, 1)) }
  }

  /// Puts the image into the middle of a larger one and fills around it; a portrait that the lower
  /// edge cuts off stays on the lower edge.
  private mutating func grow(to size: PixelSize, prompt: String) throws {
    let left = (size.width - picture.width) / 2
    let room = size.height - picture.height
    let top = try room > 0 && standsOnLowerEdge() ? room : room / 2
    try PixelBudget.check(size, field: "image")
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
      try PatchFill(control).fill(
        &large, mask, avoiding: subject(in: size, left: left, top: top))
      try PromptedFill(prompt, mask, control)?.paintPlace(into: &large)
    }
    (picture, alpha) = (large, clear)
  }

  /// The border, as a fraction of a side, that may be copied from even where it shows the subject.
  private static let rim = 0.1

  /// True when the subject continues below the image, and not above it.
  private func standsOnLowerEdge() throws -> Bool {
    let likely = try SeamCarving.subject(of: picture, control)
    let above = likely.prefix(picture.width).count { $0 > 127 }
    let below = likely.suffix(picture.width).count { $0 > 127 }
    return below > picture.width / 4 && above < picture.width / 20
  }

  /// The subject's pixels in an image of another size; they are not copied, so the subject is not
  /// repeated. Near the rim they may be copied, or the subject would end in a straight line.
  private func subject(in size: PixelSize, left: Int, top: Int) throws -> [UInt8] {
    let likely = try SeamCarving.subject(of: picture, control)
    let columns = left > 0 ? Int(Double(picture.width) * Self.rim) : 0
    let rows = top > 0 ? Int(Double(picture.height) * Self.rim) : 0
    var result = [UInt8](repeating: 0, count: size.width * size.height)
    for row in rows..<max(rows, picture.height - rows) {
      for column in columns..<max(columns, picture.width - columns)
      where likely[row * picture.width + column] > 127 {
        result[(top + row) * size.width + left + column] = 255
      }
    }
    return result
  }
}
