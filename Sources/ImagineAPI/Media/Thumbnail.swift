/// A small copy of an image as raw pixels, for a preview on a terminal.
public struct Thumbnail: Sendable, Hashable {
  /// Pixels.
  public let size: PixelSize
  /// R, G and B of each pixel, rows from the top: `3 * width * height` bytes.
  public let pixels: [UInt8]

  /// The longest side of a thumbnail that a server makes, in pixels.
  public static let maxSide = 1024

  /// Nil if the number of bytes is not that of the size, or the size is out of range.
  public init?(size: PixelSize, pixels: [UInt8]) {
    let sides = 1...Self.maxSide
    guard sides.contains(size.width), sides.contains(size.height),
      pixels.count == 3 * size.width * size.height
    else { return nil }
    (self.size, self.pixels) = (size, pixels)
  }

  // MARK: As a file

  public static let mediaType = "image/x-portable-pixmap"

  /// A binary PPM: `P6`, width, height and 255 as text, then the pixels.
  public var portablePixmap: [UInt8] {
    Array("P6\n\(size.width) \(size.height)\n255\n".utf8) + pixels
  }

  /// Reads what ``portablePixmap`` wrote; nil for anything else.
  public init?(portablePixmap bytes: [UInt8]) {
    let head = bytes.prefix(32).split(
      separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
    guard head.count == 4, Array(head[0]) == Array("P6".utf8), Array(head[2]) == Array("255".utf8)
    else { return nil }
    let sides = head[1].split(separator: UInt8(ascii: " "))
      .compactMap { Int(String(decoding: $0, as: UTF8.self)) }
    guard sides.count == 2 else { return nil }
    self.init(
      size: PixelSize(width: sides[0], height: sides[1]),
      pixels: Array(bytes[head[3].startIndex...]))
  }

  /// The size of an image within a box: of the image's shape, and never larger than the image.
  public static func size(of image: PixelSize, within box: PixelSize) -> PixelSize {
    let scale = min(
      1, Double(box.width) / Double(image.width), Double(box.height) / Double(image.height))
    return PixelSize(
      width: max(1, Int((Double(image.width) * scale).rounded())),
      height: max(1, Int((Double(image.height) * scale).rounded())))
  }
}
