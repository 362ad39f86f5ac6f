import ImagineSystem

/// A JSON value of a service's answer.
///
/// Services answer in more forms than they document, so only the used members are read, and a
/// member of another type counts as absent. A string stays in the body until it is read: an image
/// in base64 is megabytes, and a decoder would copy it several times.
indirect enum JSONValue: Sendable {
  case null
  case flag(Bool)
  case integer(Int64)
  case number(Double)
  case text(JSONText)
  case list([JSONValue])
  case object([String: JSONValue])

  /// Reads the value at the start of a body. A byte order mark before it and anything after it are
  /// ignored.
  ///
  /// - Parameter maxValues: the most values that are read; apart from images, answers are short.
  /// - Returns: nil if there is no complete value.
  init?(_ body: [UInt8], maxValues: Int = 200_000) {
    var reader = JSONReader(body, maxValues: maxValues)
    guard let value = reader.document() else { return nil }
    self = value
  }

  /// The member of an object; nil if it is missing or `null`.
  subscript(name: String) -> JSONValue? {
    guard case .object(let members) = self, let member = members[name] else { return nil }
    if case .null = member { return nil }
    return member
  }

  /// The first of these members that exists.
  subscript(names: [String]) -> JSONValue? {
    for name in names { if let member = self[name] { return member } }
    return nil
  }

  /// A text that is not blank.
  var text: String? {
    guard case .text(let text) = self else { return nil }
    let string = text.string
    return string.contains { !$0.isWhitespace } ? string : nil
  }

  /// An id or a code: a text, or a number as text.
  var identifier: String? {
    switch self {
    case .integer(let number): String(number)
    case .number(let number): Int64(exactly: number).map(String.init) ?? String(number)
    default: text
    }
  }

  /// A whole number, or a text of one.
  var integer: Int? {
    switch self {
    case .integer(let number): Int(exactly: number)
    case .number(let number): Int(exactly: number)
    default: text.flatMap { Int($0) }
    }
  }

  /// A number, or a text of one.
  var number: Double? {
    switch self {
    case .integer(let number): Double(number)
    case .number(let number): number
    default: text.flatMap { Double($0) }
    }
  }

  var list: [JSONValue]? { if case .list(let values) = self { values } else { nil } }

  var isObject: Bool { if case .object = self { true } else { false } }

  /// The text, or the first text of a list, that is not blank.
  var firstText: String? { text ?? list?.lazy.compactMap(\.text).first }
}

/// An undecoded JSON string.
struct JSONText: Sendable {
  /// The bytes between the quotes.
  let raw: ArraySlice<UInt8>
  let hasEscapes: Bool

  /// The decoded bytes; not copied if nothing is escaped.
  var bytes: ArraySlice<UInt8> { hasEscapes ? Array(string.utf8)[...] : raw }

  /// The decoded text; invalid UTF-8 is replaced.
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

  /// The character of `\uXXXX`, or of a surrogate pair.
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

  /// Maximum nesting depth: the reader recurses.
  private static let maxDepth = 64
  private var valuesLeft: Int

  init(_ bytes: [UInt8], maxValues: Int) {
    self.bytes = bytes
    valuesLeft = maxValues
  }

  mutating func document() -> JSONValue? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    return value(depth: 0)
  }

  private mutating func value(depth: Int) -> JSONValue? {
    valuesLeft -= 1
    guard depth < Self.maxDepth, valuesLeft > 0, let first = next() else { return nil }
    switch first {
    case UInt8(ascii: "{"): return object(depth: depth)
    case UInt8(ascii: "["): return list(depth: depth)
    case UInt8(ascii: "\""): return text().map(JSONValue.text)
    default: return literal()
    }
  }

  /// Skips white space and returns the next byte without consuming it.
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
      UnsafeRawBufferPointer(rebasing: bytes[start..<end]).firstOffset(of: byte).map { start + $0 }
    }
  }

  /// `true`, `false`, `null`, or a number. `NaN` and `Infinity` are not JSON, but some services
  /// write them; they count as null.
  private mutating func literal() -> JSONValue? {
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
