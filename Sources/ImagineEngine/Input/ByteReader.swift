/// Reads numbers and tags from untrusted bytes; every access is bounds-checked.
struct ByteReader {
  let bytes: [UInt8]
  /// True when numbers are big-endian.
  var isBig = true

  init(_ bytes: [UInt8], isBig: Bool = true) {
    self.bytes = bytes
    self.isBig = isBig
  }

  /// The number of `count` bytes (at most 4) at an offset; nil when the file ends before it does.
  func number(at place: Int, _ count: Int) -> Int? {
    guard place >= 0, place <= bytes.count - count else { return nil }
    var value = 0
    for index in 0..<count {
      value = value << 8 | Int(bytes[place + (isBig ? index : count - 1 - index)])
    }
    return value
  }

  func has(_ text: StaticString, at place: Int) -> Bool {
    let count = text.utf8CodeUnitCount
    guard place >= 0, place <= bytes.count - count else { return false }
    return text.withUTF8Buffer { bytes[place..<(place + count)].elementsEqual($0) }
  }

  /// Up to `count` bytes from an offset; fewer when the file ends earlier.
  func slice(_ place: Int, _ count: Int) -> ArraySlice<UInt8> {
    let start = min(max(place, 0), bytes.count)
    return bytes[start..<(start + min(max(count, 0), bytes.count - start))]
  }
}
