#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A JSON text of a service, of whatever shape.
///
/// Services answer in more shapes than any of them documents, so nothing is asked of an answer but
/// what is used of it: a member of another type counts as absent. A string stays where it is in the
/// body until it is read: a picture in base64 is megabytes, and a decoder would copy it several
/// times.
indirect enum JSONValue: Sendable {
  case null
  case flag(Bool)
  case integer(Int64)
  case number(Double)
  case text(JSONText)
  case list([JSONValue])
  case object([String: JSONValue])

  /// Reads the value that a body begins with. A byte order mark before it and anything behind it
  /// are passed over.
  ///
  /// - Returns: nil where there is no whole value.
  init?(_ body: [UInt8]) {
    var reader = JSONReader(body)
    guard let value = reader.document() else { return nil }
    self = value
  }

  /// The member of an object; nil where there is none, or it is `null`.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self, let member = members[name] else { return nil }
    if case .null = member { return nil }
    return member
  }

  /// The first member that is there.
  subscript(names: [String]) -> JSONValue? {
    for name in names { if let member = self[name] { return member } }
    return nil
  }

  /// A text that says something.
  var text: String? {
    guard case .text(let text) = self else { return nil }
    let string = text.string
    return string.contains { !$0.isWhitespace } ? string : nil
  }

  /// A text, or a number in its digits: an id, or a code.
  var word: String? {
    switch self {
    case .integer(let number): String(number)
    case .number(let number): Int64(exactly: number).map(String.init) ?? String(number)
    default: text
    }
  }

  /// A whole number, which may be written as a text.
  var integer: Int? {
    switch self {
    case .integer(let number): Int(exactly: number)
    case .number(let number): Int(exactly: number)
    default: text.flatMap { Int($0) }
    }
  }

  /// A number, which may be written as a text.
  var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: text.flatMap { Double($0) }
    }
  }

  var list: [JSONValue]? { if case .list(let values) = self { values } else { nil } }

  var isObject: Bool { if case .object = self { true } else { false } }

  /// The first text that says something, of one or of several.
  var firstText: String? { text ?? list?.lazy.compactMap(\.text).first }
}

/// A string of a JSON text, as it stands there.
struct JSONText: Sendable {
  /// Between the quotes.
  let raw: ArraySlice<UInt8>
  let hasEscapes: Bool

  /// The bytes of the string, without a copy where nothing is escaped.
  var bytes: ArraySlice<UInt8> { hasEscapes ? Array(string.utf8)[...] : raw }

  /// What is no UTF-8 is replaced.
  var string: String {
    guard hasEscapes else { return String(decoding: raw, as: UTF8.self) }
    var bytes: [UInt8] = []
    var position = raw.startIndex
    while position < raw.endIndex {
      let byte = raw[position]
      position += 1
      guard byte == UInt8(ascii: "\\"), position < raw.endIndex else {
        bytes.append(byte)
        continue
      }
      let escaped = raw[position]
      position += 1
      switch escaped {
      case UInt8(ascii: "n"): bytes.append(0x0A)
      case UInt8(ascii: "r"): bytes.append(0x0D)
      case UInt8(ascii: "t"): bytes.append(0x09)
      case UInt8(ascii: "b"): bytes.append(0x08)
      case UInt8(ascii: "f"): bytes.append(0x0C)
      case UInt8(ascii: "u"): bytes += Array(String(scalar(&position)).utf8)
      default: bytes.append(escaped)
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The character of `\uXXXX`, or of two of them that are a pair.
  private func scalar(_ position: inout Int) -> Character {
    guard let first = unit(&position) else { return "\u{FFFD}" }
    guard (0xD800...0xDBFF).contains(first), raw[position...].starts(with: [0x5C, 0x75]) else {
      return Unicode.Scalar(first).map(Character.init) ?? "\u{FFFD}"
    }
    var next = position + 2
    guard let second = unit(&next), (0xDC00...0xDFFF).contains(second) else { return "\u{FFFD}" }
    position = next
    let value = 0x10000 + (first - 0xD800) << 10 + (second - 0xDC00)
    return Unicode.Scalar(value).map(Character.init) ?? "\u{FFFD}"
  }

  private func unit(_ position: inout Int) -> UInt32? {
    guard position + 4 <= raw.endIndex,
      let value = UInt32(String(decoding: raw[position..<position + 4], as: UTF8.self), radix: 16)
    else { return nil }
    position += 4
    return value
  }
}

/// Reads JSON (RFC 8259) in one pass.
private struct JSONReader {
  private let bytes: [UInt8]
  private var position = 0

  /// How deep lists and objects may lie in one another: the reader recurses.
  private static let deepest = 64
  /// How many values are read: what a service says beside its pictures is short.
  private var valuesLeft = 200_000

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() -> JSONValue? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    return value(depth: 0)
  }

  private mutating func value(depth: Int) -> JSONValue? {
    valuesLeft -= 1
    guard depth < Self.deepest, valuesLeft > 0, let first = next() else { return nil }
    switch first {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return list(depth: depth)
    case UInt8(ascii: "\""): return text().map(JSONValue.text)
    default: return word()
    }
  }

  /// The next byte that is no white space, which stays.
  private mutating func next() -> UInt8? {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) {
      position += 1
    }
    return position < bytes.count ? bytes[position] : nil
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    guard next() == UInt8(ascii: character) else { return false }
    position += 1
    return true
  }

  private mutating func object(depth: Int) -> JSONValue? {
    position += 1
    var members: [String: JSONValue] = [:]
    if take("}") { return .object(members) }
    repeat {
      guard next() == UInt8(ascii: "\""), let name = text(), take(":"),
        let value = value(depth: depth + 1)
      else { return nil }
      members[name.string] = value
    } while take(",")
    return take("}") ? .object(members) : nil
  }

  private mutating func list(depth: Int) -> JSONValue? {
    position += 1
    var values: [JSONValue] = []
    if take("]") { return .list(values) }
    repeat {
      guard let value = value(depth: depth + 1) else { return nil }
      values.append(value)
    } while take(",")
    return take("]") ? .list(values) : nil
  }

  private mutating func text() -> JSONText? {
    let start = position + 1
    var from = start
    while let quote = first(UInt8(ascii: "\""), from: from) {
      let backslashes = bytes[start..<quote].reversed().prefix { $0 == UInt8(ascii: "\\") }.count
      if backslashes.isMultiple(of: 2) {
        position = quote + 1
        let content = bytes[start..<quote]
        return JSONText(
          raw: content, hasEscapes: first(UInt8(ascii: "\\"), from: start, to: quote) != nil)
      }
      from = quote + 1
    }
    return nil
  }

  private func first(_ byte: UInt8, from start: Int, to end: Int? = nil) -> Int? {
    let end = end ?? bytes.count
    guard start < end else { return nil }
    return bytes.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress,
        let found = memchr(base + start, Int32(byte), end - start)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  /// `true`, `false`, `null`, or a number; `NaN` and `Infinity`, which are no JSON and are written
  /// all the same, count as null.
  private mutating func word() -> JSONValue? {
    let start = position
    while position < bytes.count, !",]}: \t\r\n\"[{".utf8.contains(bytes[position]) {
      position += 1
    }
    guard position - start <= 64 else { return nil }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    switch word {
    case "true": return .flag(true)
    case "false": return .flag(false)
    case "null", "NaN", "Infinity", "-Infinity": return .null
    default:
      guard word.first.map({ $0 == "-" || ("0"..."9").contains($0) }) == true else { return nil }
      if let integer = Int64(word) { return .integer(integer) }
      return Double(word).map { $0.isFinite ? .number($0) : .null }
    }
  }
}
