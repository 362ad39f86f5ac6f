/// PNG files of known pixels.
public enum PixelImage {
  /// A PNG that is not compressed.
  ///
  /// - Parameters:
  ///   - channels: 3 for R, G and B; 4 for these and straight alpha.
  ///   - orientation: as EXIF numbers it; nil for a file that says none.
  ///   - pixel: the bytes of the pixel at a column and a row.
  public static func png(
    width: Int, height: Int, channels: Int = 3, orientation: Int? = nil,
    _ pixel: (_ column: Int, _ row: Int) -> [UInt8]
  ) -> [UInt8] {
    var rows: [UInt8] = []
    for row in 0..<height {
      rows.append(0)
      for column in 0..<width { rows += pixel(column, row).prefix(channels) }
    }
    let header = big(width) + big(height) + [8, channels == 4 ? 6 : 2, 0, 0, 0]
    return [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", header)
      + (orientation.map { chunk("eXIf", exif(orientation: $0)) } ?? [])
      + chunk("IDAT", stored(rows)) + chunk("IEND", [])
  }

  /// A mask that is white in a rectangle.
  public static func mask(
    width: Int, height: Int, white: (columns: Range<Int>, rows: Range<Int>)
  ) -> [UInt8] {
    png(width: width, height: height) { column, row in
      let isWhite = white.columns.contains(column) && white.rows.contains(row)
      return [UInt8](repeating: isWhite ? 255 : 0, count: 3)
    }
  }

  /// A JPEG with an orientation.
  public static func jpeg(_ file: [UInt8], orientation: Int) -> [UInt8] {
    let body = Array("Exif\0\0".utf8) + exif(orientation: orientation)
    let size = body.count + 2
    return Array(file.prefix(2)) + [0xFF, 0xE1, UInt8(size >> 8), UInt8(size & 0xFF)] + body
      + file.dropFirst(2)
  }

  /// A directory of one entry, the orientation.
  private static func exif(orientation: Int) -> [UInt8] {
    Array("MM".utf8) + [0, 42] + big(8) + [0, 1, 0x01, 0x12, 0, 3] + big(1)
      + [0, UInt8(orientation), 0, 0] + big(0)
  }

  private static func big(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian, Array.init)
  }

  private static func chunk(_ name: String, _ body: [UInt8]) -> [UInt8] {
    let content = Array(name.utf8) + body
    var checksum: UInt32 = 0xFFFF_FFFF
    for byte in content {
      checksum ^= UInt32(byte)
      for _ in 0..<8 { checksum = checksum >> 1 ^ (checksum & 1 == 0 ? 0 : 0xEDB8_8320) }
    }
    return big(body.count) + content + big(Int(~checksum))
  }

  /// Stored blocks of deflate in a zlib frame.
  private static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    var rest = bytes[...]
    repeat {
      let block = rest.prefix(0xFFFF)
      rest = rest.dropFirst(block.count)
      stream.append(rest.isEmpty ? 1 : 0)
      for value in [UInt16(block.count), ~UInt16(block.count)] {
        stream += [UInt8(value & 0xFF), UInt8(value >> 8)]
      }
      stream += block
    } while !rest.isEmpty
    var (low, high) = (1, 0)
    for byte in bytes {
      low = (low + Int(byte)) % 65521
      high = (high + low) % 65521
    }
    return stream + big(high << 16 | low)
  }
}
