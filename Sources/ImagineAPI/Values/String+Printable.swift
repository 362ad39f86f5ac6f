extension String {
  /// The text, safe for a terminal: line feeds and tabs stay; other control characters are escaped,
  /// so that none moves the cursor, changes colours or reverses the reading direction.
  public var printable: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    var shown = ""
    for scalar in unicodeScalars {
      if scalar.isRawByte {
        shown += "\\x\(String(scalar.value & 0xFF, radix: 16, uppercase: true))"
      } else if scalar.isUnprintable {
        shown += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
      } else {
        shown.unicodeScalars.append(scalar)
      }
    }
    return shown
  }

  /// The text in one line: line breaks and tabs become spaces, other control characters are escaped.
  public var inOneLine: String {
    String(printable.map { $0.isNewline || $0 == "\t" ? " " : $0 })
  }

  /// The text with query, fragment, user and password removed from each address in it.
  package var redactingAddresses: String {
    var result = ""
    var rest = self[...]
    while let scheme = rest.firstRange(of: "://") {
      result += rest[..<scheme.upperBound]
      rest = rest[scheme.upperBound...]
      let end = rest.firstIndex { $0.isWhitespace || "\"'<>()".contains($0) } ?? rest.endIndex
      var address = rest[..<end]
      if let query = address.firstIndex(where: { $0 == "?" || $0 == "#" }) {
        address = address[..<query]
      }
      let host = address.prefix { $0 != "/" }
      if let user = host.lastIndex(of: "@") { address = address[address.index(after: user)...] }
      result += address
      rest = rest[end...]
    }
    return result + rest
  }
}

extension Unicode.Scalar {
  /// Control characters, characters that reverse the reading direction, and line ends other than
  /// line feeds.
  public var isUnprintable: Bool {
    switch value {
    case 0x0A, 0x09: false
    case 0x00...0x1F, 0x7F...0x9F: true
    case 0x061C, 0x200E...0x200F, 0x2028...0x202E, 0x2066...0x2069, 0xFEFF: true
    case 0xE0000...0xE007F, 0x10FF80...0x10FFFF: true
    default: false
    }
  }
}
