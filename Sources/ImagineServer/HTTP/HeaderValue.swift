/// A header value with parameters: `form-data; name="image"; filename*=UTF-8''caf%C3%A9.png`.
struct HeaderValue: Equatable {
  /// The text before the first semicolon.
  let main: String
  /// By lower-case name. An extended value (`filename*`) takes precedence over the plain one.
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

  /// RFC 8187: a character set, a language (may be empty) and percent-encoded text.
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

/// `; name=value` at the start of the rest of a header.
private struct Parameter {
  let name: String
  let value: String

  /// Nil at the end. Text without `=` is skipped.
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

  /// A quoted string. A backslash escapes only a quote or a backslash, because some clients send
  /// Windows paths.
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
  /// The text without white space at either end.
  var trimmed: String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
