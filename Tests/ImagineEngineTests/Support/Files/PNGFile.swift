/// A PNG written by hand: any colour type and depth, uncompressed.
struct PNGFile {
  enum Colours: UInt8 {
    case grey = 0
    case rgb = 2
    case palette = 3
    case greyAlpha = 4
    case rgba = 6

    var samples: Int {
      switch self {
      case .grey, .palette: 1
      case .greyAlpha: 2
      case .rgb: 3
      case .rgba: 4
      }
    }
  }

  var width: Int
  var height: Int
  var colours = Colours.rgb
  /// Bits per sample.
  var depth = 8
  /// Rows from the top, all samples of each pixel.
  var samples: [Int]
  /// Chunks between the header and the pixels.
  var chunks: [(name: String, bytes: [UInt8])] = []
  /// The size in the header, if it differs from the true one.
  var claimedSize: (width: Int, height: Int)?

  var bytes: [UInt8] {
    let (claimedWidth, claimedHeight) = claimedSize ?? (width, height)
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += Self.chunk(
      "IHDR",
      ByteOrder.big.bytes(claimedWidth, 4) + ByteOrder.big.bytes(claimedHeight, 4)
        + [UInt8(depth), colours.rawValue, 0, 0, 0])
    for chunk in chunks { file += Self.chunk(chunk.name, chunk.bytes) }
    return file + Self.chunk("IDAT", Self.stored(rows)) + Self.chunk("IEND", [])
  }

  private var rows: [UInt8] {
    let perRow = width * colours.samples
    return (0..<height).flatMap { row -> [UInt8] in
      var line = BitWriter(first: .highest)
      line.write(0, bits: 8)
      for sample in samples[(row * perRow)..<((row + 1) * perRow)] {
        line.write(sample, bits: depth)
      }
      return line.bytes
    }
  }

  static func chunk(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + bytes
    return ByteOrder.big.bytes(bytes.count, 4) + body + ByteOrder.big.bytes(checksum(body), 4)
  }

  /// Corrects each chunk's checksum, as far as the chunks can be followed.
  static func renewChecksums(_ file: inout [UInt8]) {
    guard file.starts(with: [0x89, 0x50, 0x4E, 0x47]) else { return }
    var at = 8
    while at + 12 <= file.count {
      let size = file[at..<(at + 4)].reduce(0) { $0 << 8 | Int($1) }
      guard at + 12 + size <= file.count else { return }
      let sum = checksum(Array(file[(at + 4)..<(at + 8 + size)]))
      file.replaceSubrange((at + 8 + size)..<(at + 12 + size), with: ByteOrder.big.bytes(sum, 4))
      at += 12 + size
    }
  }

  /// A zlib stream of stored (uncompressed) blocks.
  static func stored(_ bytes: [UInt8]) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x01]
    let size = 65_535
    for start in stride(from: 0, to: max(bytes.count, 1), by: size) {
      let block = bytes[start..<min(start + size, bytes.count)]
      stream.append(start + size >= bytes.count ? 1 : 0)
      stream += ByteOrder.little.bytes(block.count, 2)
      stream += ByteOrder.little.bytes(~block.count, 2)
      stream += block
    }
    var (low, high) = (1, 0)
    for byte in bytes {
      low = (low + Int(byte)) % 65_521
      high = (high + low) % 65_521
    }
    return stream + ByteOrder.big.bytes(high << 16 | low, 4)
  }

  /// CRC-32, as in PNG chunks.
  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    var sum: UInt32 = 0xFFFF_FFFF
    for byte in bytes {
      sum ^= UInt32(byte)
      for _ in 0..<8 { sum = sum & 1 == 0 ? sum >> 1 : sum >> 1 ^ 0xEDB8_8320 }
    }
    return ~sum
  }
}
