import ImagineAPI

/// TIFF (revision 6.0): directories of tags, anywhere in the file.
enum TIFFFile {
  static func begins(_ source: MediaSource) -> Bool {
    source.starts(with: [0x49, 0x49, 0x2A, 0]) || source.starts(with: [0x4D, 0x4D, 0, 0x2A])
  }

  static func header(_ source: MediaSource) -> ImageHeader? {
    guard let directory = TIFFDirectory(source, base: 0), let width = directory.number(256),
      let height = directory.number(257)
    else { return nil }
    // Extra samples of types 1 and 2 are alpha.
    let extra = directory.numbers(338)?.contains { $0 == 1 || $0 == 2 } ?? false
    return ImageHeader(
      .tiff, stored: PixelSize(width: width, height: height),
      orientation: ExifOrientation(value: directory.number(274)), hasAlpha: extra)
  }

  /// Tags of the offsets and lengths of a page's data: strips, tiles, and old-style JPEG.
  private static let extents = [(273, 279), (324, 325), (513, 514)]
  /// More pages than this are taken for a cycle.
  private static let maxPages = 10_000

  static func fault(_ source: MediaSource) -> MediaFault? {
    guard var directory = TIFFDirectory(source, base: 0) else {
      return .truncated("it ends before its directory")
    }
    var hasPixels = false
    for _ in 0..<maxPages {
      for (places, counts) in extents {
        guard let entry = directory.entry(places) else { continue }
        guard let places = directory.values(at: entry) else {
          return .truncated("it ends before the places of its data")
        }
        let counts = directory.numbers(counts) ?? []
        for (index, place) in places.enumerated() {
          hasPixels = true
          let count = index < counts.count ? counts[index] : 0
          guard place + count <= source.byteCount else {
            return .truncated("its data ends at byte \(place + count) of \(source.byteCount)")
          }
        }
      }
      guard let next = directory.next else { return .truncated("it ends within its directory") }
      if next == 0 { return hasPixels ? nil : .damaged("it has no pixels") }
      guard let following = TIFFDirectory(directory, at: next) else {
        return .truncated("it ends before a directory of its pages")
      }
      directory = following
    }
    return .damaged("its directories do not end")
  }
}

/// A directory of TIFF or Exif.
struct TIFFDirectory {
  private let source: MediaSource
  /// The start of the block; its offsets are relative to it.
  private let base: Int
  private let isBigEndian: Bool
  private let offset: Int
  private let count: Int

  /// The size of an entry: tag, type, count, and a value or its offset.
  private static let entrySize = 12

  /// The first directory; nil if there is none.
  init?(_ source: MediaSource, base: Int) {
    let isBigEndian: Bool
    if source.bytes(base, 4)?.elementsEqual([0x49, 0x49, 0x2A, 0]) == true {
      isBigEndian = false
    } else if source.bytes(base, 4)?.elementsEqual([0x4D, 0x4D, 0, 0x2A]) == true {
      isBigEndian = true
    } else {
      return nil
    }
    let first = isBigEndian ? source.bigEndian(base + 4, 4) : source.littleEndian(base + 4, 4)
    guard let first else { return nil }
    self.init(source, base: base, isBigEndian: isBigEndian, at: first)
  }

  /// Another directory of the same block.
  init?(_ other: TIFFDirectory, at offset: Int) {
    self.init(other.source, base: other.base, isBigEndian: other.isBigEndian, at: offset)
  }

  private init?(_ source: MediaSource, base: Int, isBigEndian: Bool, at offset: Int) {
    self.source = source
    self.base = base
    self.isBigEndian = isBigEndian
    self.offset = base + offset
    let count =
      isBigEndian ? source.bigEndian(base + offset, 2) : source.littleEndian(base + offset, 2)
    guard let count, offset >= 8 else { return nil }
    self.count = count
  }

  /// The offset of the next directory, 0 after the last; nil if the file ends before it.
  var next: Int? { read(offset + 2 + count * Self.entrySize, 4) }

  /// The offset of a tag's entry.
  func entry(_ tag: Int) -> Int? {
    (0..<count).lazy.map { offset + 2 + $0 * Self.entrySize }.first { read($0, 2) == tag }
  }

  func number(_ tag: Int) -> Int? { numbers(tag)?.first }

  func numbers(_ tag: Int) -> [Int]? { entry(tag).flatMap { values(at: $0) } }

  /// The numbers of an entry of type BYTE, SHORT or LONG; nil if they are incomplete.
  func values(at entry: Int) -> [Int]? {
    guard let type = read(entry + 2, 2), let count = read(entry + 4, 4),
      let size = [1: 1, 3: 2, 4: 4][type]
    else { return nil }
    let place = count * size <= 4 ? entry + 8 : read(entry + 8, 4).map { base + $0 }
    guard let place, count * size <= source.byteCount - place else { return nil }
    var numbers: [Int] = []
    numbers.reserveCapacity(count)
    for index in 0..<count {
      guard let number = read(place + index * size, size) else { return nil }
      numbers.append(number)
    }
    return numbers
  }

  private func read(_ offset: Int, _ count: Int) -> Int? {
    isBigEndian ? source.bigEndian(offset, count) : source.littleEndian(offset, count)
  }
}
