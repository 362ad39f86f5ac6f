import ImagineAPI

/// The Exif user comment, in which AUTOMATIC1111 and others store `parameters` in JPEG and WebP.
///
/// The bytes are untrusted: each access is checked.
struct ExifComment {
  private let bytes: [UInt8]
  private let isBigEndian: Bool

  /// The comment of an Exif block, with or without JPEG's `Exif` header; nil if there is none.
  static func text(_ block: some Collection<UInt8>) -> String? {
    var bytes = Array(block)
    if bytes.starts(with: Array("Exif\0\0".utf8)) { bytes.removeFirst(6) }
    if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
      return ExifComment(bytes: bytes, isBigEndian: false).comment
    }
    guard bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) else { return nil }
    return ExifComment(bytes: bytes, isBigEndian: true).comment
  }

  private static let exifDirectory = 0x8769
  private static let userComment = 0x9286
  /// The size of a directory entry: tag, type, count, and a value or its offset.
  private static let entrySize = 12

  private var comment: String? {
    guard let first = number(4, bytes: 4),
      let directory = entry(Self.exifDirectory, in: first),
      let place = number(directory + 8, bytes: 4),
      let entry = entry(Self.userComment, in: place),
      let count = number(entry + 4, bytes: 4), let start = number(entry + 8, bytes: 4),
      count > 8, count <= bytes.count - start
    else { return nil }
    let content = bytes[(start + 8)..<(start + count)]
    switch String(decoding: bytes[start..<(start + 8)], as: UTF8.self) {
    case "UNICODE\0": return Self.wide(content)
    default: return String(decoding: content, as: UTF8.self)
    }
  }

  /// UTF-16. Writers differ in byte order: choose the one with more characters below U+0100.
  private static func wide(_ content: ArraySlice<UInt8>) -> String {
    let units = stride(from: content.startIndex, to: content.endIndex - 1, by: 2).map {
      UInt16(content[$0]) << 8 | UInt16(content[$0 + 1])
    }
    let swapped = units.map(\.byteSwapped)
    let isBig = units.count { $0 < 256 } >= swapped.count { $0 < 256 }
    return String(decoding: isBig ? units : swapped, as: UTF16.self)
  }

  /// The offset of a tag's entry.
  private func entry(_ tag: Int, in directory: Int) -> Int? {
    guard let count = number(directory, bytes: 2) else { return nil }
    return (0..<count).lazy.map { directory + 2 + $0 * Self.entrySize }
      .first { number($0, bytes: 2) == tag }
  }

  private func number(_ offset: Int, bytes count: Int) -> Int? {
    guard offset >= 0, offset + count <= bytes.count else { return nil }
    let digits = bytes[offset..<(offset + count)]
    return isBigEndian
      ? digits.reduce(0) { $0 << 8 | Int($1) } : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
