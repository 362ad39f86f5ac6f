import ImagineAPI
import MediaFiles

/// An image of two colors, one bit per pixel.
struct BilevelImage {
  private let size: PixelSize
  /// Bytes of a row: the PNG filter type (none), then eight pixels per byte.
  private let stride: Int
  private var bytes: [UInt8]

  init(size: PixelSize) {
    self.size = size
    stride = 1 + (size.width + 7) / 8
    bytes = [UInt8](repeating: 0, count: stride * size.height)
  }

  /// Draws a line of text, clipped to the image.
  mutating func write(_ text: String, left: Int, top: Int, scale: Int) {
    var x = left
    for character in text {
      for (row, bits) in PlaceholderFont.rows(of: character).enumerated() {
        for column in 0..<PlaceholderFont.width
        where bits >> (PlaceholderFont.width - 1 - column) & 1 == 1 {
          fill(x: x + column * scale, y: top + row * scale, side: scale)
        }
      }
      x += scale * (PlaceholderFont.width + 1)
    }
  }

  private mutating func fill(x: Int, y: Int, side: Int) {
    guard x >= 0, y >= 0, x + side <= size.width, y + side <= size.height else { return }
    for row in y..<y + side {
      for column in x..<x + side {
        bytes[row * stride + 1 + column / 8] |= 0x80 >> UInt8(column % 8)
      }
    }
  }

  /// The image as a PNG.
  ///
  /// - Parameters:
  ///   - colors: red, green, blue of each.
  ///   - texts: the keyword and content of each text chunk.
  func png(
    colors: (background: [UInt8], ink: [UInt8]), texts: [(keyword: String, text: String)]
  ) -> [UInt8] {
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    // One bit, palette, no interlacing.
    let header = Self.big(size.width) + Self.big(size.height) + [1, 3, 0, 0, 0]
    Self.append("IHDR", header, to: &file)
    Self.append("PLTE", colors.background + colors.ink, to: &file)
    for (keyword, text) in texts {
      // Not compressed, no language, no translated keyword.
      Self.append("iTXt", Array(keyword.utf8) + [0, 0, 0, 0, 0] + Array(text.utf8), to: &file)
    }
    Self.append("IDAT", stored, to: &file)
    Self.append("IEND", [], to: &file)
    return file
  }

  /// The pixels as a zlib stream of stored blocks.
  private var stored: [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    stream.reserveCapacity(bytes.count + 64)
    var start = 0
    while start < bytes.count {
      let count = min(65535, bytes.count - start)
      let length = UInt16(count)
      stream.append(start + count == bytes.count ? 1 : 0)
      for value in [length, ~length] { stream += [UInt8(value & 255), UInt8(value >> 8)] }
      stream += bytes[start..<start + count]
      start += count
    }
    return stream + Self.big(adler32(bytes))
  }

  private static func append(_ type: String, _ content: [UInt8], to file: inout [UInt8]) {
    file += big(content.count)
    let start = file.count
    file += Array(type.utf8)
    file += content
    var checksum = CRC32()
    file[start...].withUnsafeBytes { checksum.update($0) }
    file += big(Int(checksum.value))
  }

  private static func big(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}

/// The checksum of the zlib format.
private func adler32(_ bytes: [UInt8]) -> Int {
  bytes.withUnsafeBufferPointer { bytes in
    var low = 1
    var high = 0
    // Reduced every 3800 bytes, so that the sums stay small.
    for start in stride(from: 0, to: bytes.count, by: 3800) {
      for byte in bytes[start..<min(start + 3800, bytes.count)] {
        low += Int(byte)
        high += low
      }
      low %= 65521
      high %= 65521
    }
    return high << 16 | low
  }
}
