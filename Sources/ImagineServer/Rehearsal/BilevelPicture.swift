import ImagineCore

/// A picture of two colours, one bit a pixel.
struct BilevelPicture {
  private let size: PixelSize
  /// Bytes of a row: its PNG filter type (none), then eight pixels a byte.
  private let stride: Int
  private var bytes: [UInt8]

  init(size: PixelSize) {
    self.size = size
    stride = 1 + (size.width + 7) / 8
    bytes = [UInt8](repeating: 0, count: stride * size.height)
  }

  /// Writes a line of text; what lies outside is left out.
  mutating func write(_ text: String, left: Int, top: Int, scale: Int) {
    var x = left
    for character in text {
      for (row, bits) in CardFont.rows(of: character).enumerated() {
        for column in 0..<CardFont.width where bits >> (CardFont.width - 1 - column) & 1 == 1 {
          fill(x: x + column * scale, y: top + row * scale, side: scale)
        }
      }
      x += scale * (CardFont.width + 1)
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

  /// The picture as a PNG.
  ///
  /// - Parameters:
  ///   - colours: red, green, blue of each.
  ///   - texts: keywords and what they say.
  func png(
    colours: (ground: [UInt8], ink: [UInt8]), texts: [(keyword: String, text: String)]
  ) -> [UInt8] {
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    // One bit, palette, no interlacing.
    let header = Self.big(size.width) + Self.big(size.height) + [1, 3, 0, 0, 0]
    Self.append("IHDR", header, to: &file)
    Self.append("PLTE", colours.ground + colours.ink, to: &file)
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
    return stream + Self.big(Checksum.adler32(bytes))
  }

  private static func append(_ type: String, _ content: [UInt8], to file: inout [UInt8]) {
    file += big(content.count)
    let start = file.count
    file += Array(type.utf8)
    file += content
    file += big(Int(Checksum.crc32(file[start...])))
  }

  private static func big(_ value: Int) -> [UInt8] {
    [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) }
  }
}

/// The checksums of the PNG and zlib formats.
private enum Checksum {
  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in
      value & 1 == 1 ? 0xEDB8_8320 ^ value >> 1 : value >> 1
    }
  }

  static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    table.withUnsafeBufferPointer { table in
      bytes.withUnsafeBufferPointer { bytes in
        var value = UInt32.max
        for byte in bytes { value = table[Int((value ^ UInt32(byte)) & 255)] ^ value >> 8 }
        return ~value
      }
    }
  }

  static func adler32(_ bytes: [UInt8]) -> Int {
    bytes.withUnsafeBufferPointer { bytes in
      var low = 1
      var high = 0
      // 3800 bytes are few enough for the sums to stay small between two reductions.
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
}
