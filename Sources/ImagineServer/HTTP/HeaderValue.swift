/// A header's value with parameters: `form-data; name="image"; filename*=UTF-8''caf%C3%A9.png`.
struct HeaderValue: Equatable {
  /// What stands before the first semicolon.
  let main: String
  /// By their names in lower case; an extended value (`filename*`) takes the place of the plain
  /// one, whichever comes first.
  let parameters: [String: String]

  init(_ text: String) {
    var rest = Substring(text)
    main = rest.prefix { $0 != ";" }.trimmed
    rest = rest.dropFirst(rest.prefix { $0 != ";" }.count)
    var plain: [String: String] = [:]
    var extended: [String: String] = [:]
    while let parameter = Parameter(&rest) {
      if parameter.name.hasSuffix("*") {
        let name = String(parameter.name.dropLast())
        if let value = Self.decodeExtended(parameter.value) { extended[name] = value }
      } else if plain[parameter.name] == nil {
        plain[parameter.name] = parameter.value
      }
    }
    parameters = plain.merging(extended) { $1 }
  }

  /// RFC 8187: a character set, a language that may be empty, and percent-encoded text.
  private static func decodeExtended(_ value: String) -> String? {
    let pieces = value.split(separator: "'", maxSplits: 2, omittingEmptySubsequences: false)
    guard pieces.count == 3, let bytes = pieces[2].percentDecodedBytes else { return nil }
    switch pieces[0].lowercased() {
    case "utf-8": return String(validating: bytes, as: UTF8.self)
    case "iso-8859-1": return String(String.UnicodeScalarView(bytes.map { Unicode.Scalar($0) }))
    default: return nil
    }
  }
}

/// `; name=value` at the start of what is left of a header.
private struct Parameter {
  let name: String
  let value: String

  /// Nil at the end; what has no `=` is skipped.
  init?(_ rest: inout Substring) {
    while true {
      guard let start = rest.firstIndex(where: { $0 != ";" && !$0.isWhitespace }) else {
        return nil
      }
      rest = rest[start...]
      let name = rest.prefix { $0 != "=" && $0 != ";" }
      rest = rest[name.endIndex...]
      guard rest.first == "=" else { continue }
      rest = rest.dropFirst().drop { $0 == " " || $0 == "\t" }
      self.name = name.trimmed.lowercased()
      value = rest.first == "\"" ? Self.quoted(&rest) : Self.token(&rest)
      return
    }
  }

  private static func token(_ rest: inout Substring) -> String {
    let value = rest.prefix { $0 != ";" }
    rest = rest[value.endIndex...]
    return value.trimmed
  }

  /// A quoted string. A backslash stands for itself unless a quote or a backslash follows, since
  /// some clients send whole Windows paths.
  private static func quoted(_ rest: inout Substring) -> String {
    var value = ""
    var index = rest.index(after: rest.startIndex)
    while index < rest.endIndex, rest[index] != "\"" {
      let next = rest.index(after: index)
      if rest[index] == "\\", next < rest.endIndex, rest[next] == "\"" || rest[next] == "\\" {
        index = next
      }
      value.append(rest[index])
      index = rest.index(after: index)
    }
    rest = index < rest.endIndex ? rest[rest.index(after: index)...] : rest[index...]
    return value
  }
}

extension StringProtocol {
  /// Without white space at either end.
  var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }

  /// The bytes that percent-encoded text means; nil where an escape is malformed.
  var percentDecodedBytes: [UInt8]? {
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard rest.count >= 2, let high = rest.popFirst()?.hexadecimalDigit,
        let low = rest.popFirst()?.hexadecimalDigit
      else { return nil }
      bytes.append(high << 4 | low)
    }
    return bytes
  }

  /// The text that percent-encoded text means; nil where it is malformed or no UTF-8.
  var percentDecoded: String? {
    percentDecodedBytes.flatMap { String(validating: $0, as: UTF8.self) }
  }
}

extension UInt8 {
  fileprivate var hexadecimalDigit: UInt8? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
    default: nil
    }
  }
}
