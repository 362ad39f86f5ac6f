public import ImagineCore

/// A picture with nothing to see, for what needs the bytes of one.
public enum BlankPicture {
  /// A black PNG of one bit a pixel, not compressed.
  public static func png(size: PixelSize) -> [UInt8] {
    func big(_ value: Int) -> [UInt8] {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian, Array.init)
    }
    let pixels = [UInt8](repeating: 0, count: ((size.width + 7) / 8 + 1) * size.height)
    // Stored blocks of deflate (RFC 1951, 3.2.4), in the frame of zlib (RFC 1950).
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
    // Adler-32 of so many zeros.
    stream += big((pixels.count % 65521) << 16 | 1)
    return PNGChunk.signature
      + PNGChunk.chunk("IHDR", big(size.width) + big(size.height) + [1, 0, 0, 0, 0])
      + PNGChunk.chunk("IDAT", stream) + PNGChunk.chunk("IEND", [])
  }
}
