#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A JSON text whose long strings are left where they are.
///
/// A picture in base64 is a string of megabytes in a text that says little else. Reading it as JSON
/// copies and checks it several times; so it is lifted out first, and a short name stands in its
/// place.
struct LiftedJSON {
  /// The text with names in place of its long strings.
  let text: [UInt8]
  private let whole: [UInt8]
  private var strings: [String: Range<Int>] = [:]

  /// Strings of fewer bytes stay in the text.
  private static let leastBytes = 1024

  init(_ whole: [UInt8]) {
    self.whole = whole
    var text: [UInt8] = []
    var strings: [String: Range<Int>] = [:]
    whole.withUnsafeBytes { bytes in
      var position = 0
      while let start = bytes.first(UInt8(ascii: "\""), from: position),
        let end = bytes.endOfString(from: start + 1)
      {
        let content = start + 1..<end
        text += bytes[position...start]
        // What has escapes is not base64 as it stands.
        if content.count >= Self.leastBytes,
          bytes.first(UInt8(ascii: "\\"), from: start + 1, to: end) == nil
        {
          let name = "long string \(strings.count)"
          strings[name] = content
          text += name.utf8
        } else {
          text += bytes[content]
        }
        text.append(UInt8(ascii: "\""))
        position = end + 1
      }
      text += bytes[position...]
    }
    self.text = text
    self.strings = strings
  }

  /// The bytes of a string that was read from the text.
  func bytes(of string: String) -> ArraySlice<UInt8> {
    strings[string].map { whole[$0] } ?? Array(string.utf8)[...]
  }
}

extension UnsafeRawBufferPointer {
  fileprivate func first(_ byte: UInt8, from start: Int, to end: Int? = nil) -> Int? {
    let end = end ?? count
    guard start < end, let base = baseAddress,
      let found = memchr(base + start, Int32(byte), end - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }

  /// Where the quote is that ends a string.
  fileprivate func endOfString(from start: Int) -> Int? {
    var position = start
    while let quote = first(UInt8(ascii: "\""), from: position) {
      let backslashes = self[start..<quote].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
      if backslashes.isMultiple(of: 2) { return quote }
      position = quote + 1
    }
    return nil
  }
}
