/// A JPEG written by hand: squares of 8 × 8 pixels of one colour each, so that only their means are
/// coded.
struct JPEGFile {
  /// Squares across and down.
  var columns: Int
  var rows: Int
  /// 1 for grey, 4 for CMYK.
  var components: Int
  /// Rows from the top, all components of each square, 0 … 255.
  var samples: [Int]
  /// True to write Adobe's marker; its CMYK is stored inverted.
  var hasAdobeMark = false
  var claimedSize: (width: Int, height: Int)?

  var bytes: [UInt8] {
    let (width, height) = claimedSize ?? (columns * 8, rows * 8)
    var file: [UInt8] = [0xFF, 0xD8]
    if hasAdobeMark {
      file += Self.segment(0xEE, Array("Adobe".utf8) + [0, 100, 0, 0, 0, 0, 0])
    }
    file += Self.segment(0xDB, [0] + [UInt8](repeating: 1, count: 64))
    file += Self.segment(
      0xC0,
      [8] + ByteOrder.big.bytes(height, 2) + ByteOrder.big.bytes(width, 2) + [UInt8(components)]
        + (1...components).flatMap { [UInt8($0), 0x11, 0] })
    // Twelve codes of four bits for the differences of means, and one for the end of a square.
    file += Self.segment(0xC4, [0x00, 0, 0, 0, 12] + [UInt8](repeating: 0, count: 12) + (0..<12))
    file += Self.segment(0xC4, [0x10, 1] + [UInt8](repeating: 0, count: 15) + [0])
    file += Self.segment(
      0xDA, [UInt8(components)] + (1...components).flatMap { [UInt8($0), 0] } + [0, 63, 0])
    return file + scan + [0xFF, 0xD9]
  }

  private var scan: [UInt8] {
    var bits = BitWriter(first: .highest)
    var before = [Int](repeating: 0, count: components)
    for square in 0..<(columns * rows) {
      for component in 0..<components {
        let mean = (samples[square * components + component] - 128) * 8
        let difference = mean - before[component]
        before[component] = mean
        let size = Int.bitWidth - abs(difference).leadingZeroBitCount
        bits.write(size, bits: 4)
        bits.write(difference < 0 ? difference - 1 : difference, bits: size)
        bits.write(0, bits: 1)
      }
    }
    return bits.bytes.flatMap { $0 == 0xFF ? [0xFF, 0] : [$0] }
  }

  static func segment(_ mark: UInt8, _ bytes: [UInt8]) -> [UInt8] {
    [0xFF, mark] + ByteOrder.big.bytes(bytes.count + 2, 2) + bytes
  }

  /// A file with an additional segment right after its first marker.
  static func inserting(_ mark: UInt8, _ bytes: [UInt8], into file: [UInt8]) -> [UInt8] {
    Array(file.prefix(2)) + segment(mark, bytes) + file.dropFirst(2)
  }
}
