public import ImagineAPI

/// A placeholder image without content, for callers that need the bytes of an image.
public enum BlankImage {
  /// A black PNG of one bit per pixel, not compressed.
  public static func png(size: PixelSize) -> [UInt8] {
    func big(_ value: Int) -> [UInt8] {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian, Array.init)
    }
    let pixels = [UInt8](repeating: 0, count: pixelBytes(size))
    // Stored blocks of deflate (RFC 1951, 3.2.4) in a zlib frame (RFC 1950).
    var stream: [UInt8] = [0x78, 0x01]
    var rest = pixels[...]
    repeat {
      let block = rest.prefix(0xFFFF)
      rest = rest.dropFirst(block.count)
      let length = UInt16(block.count)
      stream.append(rest.isEmpty ? 1 : 0)
      for value in [length, ~length] { stream += [UInt8(value & 0xFF), UInt8(value >> 8)] }
      stream += block
    } while !rest.isEmpty
    // Adler-32 of zeros.
    stream += big((pixels.count % 65521) << 16 | 1)
    return PNGChunk.signature
      + PNGChunk.chunk("IHDR", big(size.width) + big(size.height) + [1, 0, 0, 0, 0])
      + PNGChunk.chunk("IDAT", stream) + PNGChunk.chunk("IEND", [])
  }

  /// The size of ``png(size:)`` in bytes, without making it.
  public static func byteCount(size: PixelSize) -> Int {
    let pixels = pixelBytes(size)
    let blocks = max(1, (pixels + 0xFFFE) / 0xFFFF)
    // A chunk's frame has 12 bytes, the header 13, zlib 6, and each block 5.
    return PNGChunk.signature.count + 3 * 12 + 13 + 6 + 5 * blocks + pixels
  }

  /// A row has one filter byte, and one byte per eight pixels.
  private static func pixelBytes(_ size: PixelSize) -> Int {
    ((size.width + 7) / 8 + 1) * size.height
  }
}
