/// The byte order of a file format's numbers.
enum ByteOrder {
  case big, little

  /// A number as `count` bytes.
  func bytes(_ value: some BinaryInteger, _ count: Int) -> [UInt8] {
    let little = (0..<count).map { UInt8(truncatingIfNeeded: value >> ($0 * 8)) }
    return self == .little ? little : little.reversed()
  }
}

/// Packs bits into bytes, highest bit first (JPEG and small PNG samples) or lowest first (GIF).
struct BitWriter {
  enum First { case highest, lowest }

  let first: First
  private(set) var bytes: [UInt8] = []
  private var count = 0

  init(first: First) { self.first = first }

  mutating func write(_ value: Int, bits: Int) {
    for index in 0..<bits {
      if count % 8 == 0 { bytes.append(0) }
      let bit = first == .highest ? value >> (bits - 1 - index) & 1 : value >> index & 1
      let place = first == .highest ? 7 - count % 8 : count % 8
      bytes[bytes.count - 1] |= UInt8(bit << place)
      count += 1
    }
  }

  /// Continues at the next byte.
  mutating func align() { count = (count + 7) / 8 * 8 }
}
