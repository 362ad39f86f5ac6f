/// How to turn stored rows and columns upright, as EXIF numbers it (1 … 8); 1 is upright.
enum Orientation {
  private static let tag = 0x112

  /// The orientation in an EXIF block, with or without JPEG's `Exif` prefix; 1 when the block has
  /// none.
  static func read(exif block: ArraySlice<UInt8>) -> Int {
    var block = Array(block)
    if block.starts(with: [0x45, 0x78, 0x69, 0x66, 0, 0]) { block.removeFirst(6) }
    return TIFFDirectory(block)?.number(of: tag).flatMap(valid) ?? 1
  }

  static func valid(_ value: Int) -> Int? { (1...8).contains(value) ? value : nil }
}

/// The first directory of a TIFF structure; EXIF is one too.
struct TIFFDirectory {
  struct Entry {
    let tag: Int
    let kind: Int
    let count: Int
    /// The entry's twelve bytes as stored.
    let bytes: ArraySlice<UInt8>
    /// The first value, when the entry holds numbers of one, two or four bytes.
    let value: Int?
  }

  let reader: ByteReader
  let entries: [Entry]

  /// nil when the bytes are no TIFF structure.
  init?(_ bytes: [UInt8]) {
    var reader = ByteReader(bytes)
    if reader.has("II*\0", at: 0) {
      reader.isBig = false
    } else if !reader.has("MM\0*", at: 0) {
      return nil
    }
    guard let start = reader.number(at: 4, 4), let count = reader.number(at: start, 2) else {
      return nil
    }
    var entries: [Entry] = []
    for index in 0..<count {
      let place = start + 2 + index * 12
      guard let tag = reader.number(at: place, 2), let kind = reader.number(at: place + 2, 2),
        let size = reader.number(at: place + 4, 4), reader.number(at: place + 8, 4) != nil
      else { break }
      let width = [1: 1, 3: 2, 4: 4][kind]
      entries.append(
        Entry(
          tag: tag, kind: kind, count: size, bytes: reader.slice(place, 12),
          value: width.flatMap { reader.number(at: place + 8, $0) }))
    }
    self.reader = reader
    self.entries = entries
  }

  /// The value of the first entry with a tag, when it is a single number.
  func number(of tag: Int) -> Int? {
    entries.first { $0.tag == tag && $0.count == 1 }?.value
  }
}
