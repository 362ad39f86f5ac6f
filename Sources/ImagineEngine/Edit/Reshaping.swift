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
    var reshaping = Reshaping(Raster(picture), keep: keep)
    try reshaping.bring(to: target, prompt: prompt ?? "")
    return try Codec.encode(reshaping.picture.picture(), as: .png)
  }
}

/// Brings a picture to another shape: as far as seams can be taken out without being missed, the
/// longer side shrinks; beyond that the shorter side grows.
struct Reshaping {
  /// The part of a side that is taken out at most.
  private static let mostCarved = 0.3

  private(set) var picture: Raster
  private var keep: Mask?

  init(_ picture: Raster, keep: Mask?) {
    self.picture = picture
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
    if size.width < picture.width { carveWidth(to: size.width) }
    if size.height < picture.height {
      transpose()
      carveWidth(to: size.height)
      transpose()
    }
    if size.width > picture.width || size.height > picture.height {
      try grow(to: size, prompt: prompt)
    }
  }

  private mutating func carveWidth(to width: Int) {
    var carving = SeamCarving(picture, keep: keep?.values ?? [])
    picture = carving.narrowed(to: width)
    keep = nil
  }

  private mutating func transpose() {
    var turned = Raster(width: picture.height, height: picture.width)
    for row in 0..<picture.height {
      for column in 0..<picture.width {
        let from = (row * picture.width + column) * 3
        let to = (column * picture.height + row) * 3
        for channel in 0..<3 { turned.bytes[to + channel] = picture.bytes[from + channel] }
      }
    }
    if let mask = keep {
      var values = mask.values
      for row in 0..<mask.height {
        for column in 0..<mask.width {
          values[column * mask.height + row] = mask.values[row * mask.width + column]
        }
      }
      keep = Mask(width: mask.height, height: mask.width, values: values)
    }
    picture = turned
  }

  /// Puts the picture into the middle of a larger one and fills what is around it.
  private mutating func grow(to size: PixelSize, prompt: String) throws {
    let left = (size.width - picture.width) / 2
    let top = (size.height - picture.height) / 2
    var large = Raster(width: size.width, height: size.height)
    var values = [UInt8](repeating: 255, count: size.width * size.height)
    for row in 0..<picture.height {
      let from = row * picture.width * 3
      let to = (top + row) * size.width + left
      large.bytes.replaceSubrange(
        (to * 3)..<((to + picture.width) * 3),
        with: picture.bytes[from..<(from + picture.width * 3)])
      for column in to..<(to + picture.width) { values[column] = 0 }
    }
    let mask = Mask(width: size.width, height: size.height, values: values)
    try PatchFill.fill(&large, mask)
    picture = large
  }
}
