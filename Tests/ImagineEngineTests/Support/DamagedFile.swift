import ImagineAPI

@testable import ImagineEngine

/// A file with the damage of bad transport, bad disks or an attacker. Equal numbers give equal
/// damage.
struct DamagedFile {
  private var chance: RandomStream
  private(set) var bytes: [UInt8]

  init(_ whole: [UInt8], number: Int) {
    chance = RandomStream(UInt64(number) &* 0x9E37_79B9 &+ 11)
    bytes = whole
    switch number % 6 {
    case 0: bytes.removeLast(below(bytes.count))
    case 1: flipBits(1 + below(8), within: bytes.count)
    case 2: flipBits(1 + below(4), within: min(64, bytes.count))
    case 3: overwriteNumber()
    case 4: duplicate()
    default: removePiece()
    }
    // With a wrong checksum, only the first reader of a PNG would see most damage.
    if number / 6 % 2 == 1 { PNGFile.renewChecksums(&bytes) }
  }

  private mutating func below(_ limit: Int) -> Int { chance.whole(0...(limit - 1)) }

  private mutating func flipBits(_ count: Int, within size: Int) {
    for _ in 0..<count { bytes[below(size)] ^= 1 << UInt8(below(8)) }
  }

  /// Overwrites a length, a size or an offset with a number that programs often mishandle.
  private mutating func overwriteNumber() {
    let numbers: [[UInt8]] = [
      [0xFF, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0], [0x7F, 0xFF, 0xFF, 0xFF], [0, 0, 0, 0x80],
      [0xFF, 0xFF], [0, 1], [0x80], [0],
    ]
    let number = numbers[below(numbers.count)]
    // Most of a file's structure is at its start.
    let at = below(below(2) == 0 ? min(256, bytes.count) : bytes.count)
    for (index, byte) in number.enumerated() where at + index < bytes.count {
      bytes[at + index] = byte
    }
  }

  private mutating func duplicate() {
    let start = below(bytes.count)
    let piece = bytes[start..<min(bytes.count, start + 1 + below(400))]
    bytes.insert(contentsOf: piece, at: below(bytes.count))
  }

  private mutating func removePiece() {
    let start = below(bytes.count)
    bytes.removeSubrange(start..<min(bytes.count, start + 1 + below(60)))
  }
}
