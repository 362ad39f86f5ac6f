/// Splits Lua source into tokens, whatever it contains: an unfinished string ends with the text.
struct LuaLexer {
  private let bytes: [UInt8]
  private var position = 0

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
  }

  static func tokens(_ bytes: [UInt8]) -> [Token] {
    var lexer = LuaLexer(bytes)
    var result: [Token] = []
    while let token = lexer.next() { result.append(token) }
    return result
  }

  static let keywords: Set<String> = [
    "and", "break", "do", "else", "elseif", "end", "for", "function", "goto", "if", "in", "local",
    "not", "or", "repeat", "return", "then", "until", "while",
  ]
  static let constants: Set<String> = ["true", "false", "nil"]

  private func byte(_ offset: Int = 0) -> UInt8? {
    let index = position + offset
    return index < bytes.count ? bytes[index] : nil
  }

  private mutating func next() -> Token? {
    while let byte = byte(), Self.isBlank(byte) { position += 1 }
    guard let first = byte() else { return nil }
    let start = position
    let kind = scan(first)
    return Token(kind: kind, range: start..<position)
  }

  private mutating func scan(_ first: UInt8) -> Token.Kind {
    switch first {
    case UInt8(ascii: "-") where byte(1) == UInt8(ascii: "-"):
      position += 2
      if let level = longBracketLevel() {
        _ = longText(level)
        return .comment
      }
      while let byte = byte(), byte != UInt8(ascii: "\n") { position += 1 }
      return .comment
    case UInt8(ascii: "\""), UInt8(ascii: "'"):
      return quoted(first) ? .string : .invalid
    case UInt8(ascii: "["):
      if let level = longBracketLevel() {
        // An unfinished one is still being typed.
        _ = longText(level)
        return .string
      }
      position += 1
      return .openBracket
    case UInt8(ascii: "("), UInt8(ascii: "{"):
      position += 1
      return .openBracket
    case UInt8(ascii: ")"), UInt8(ascii: "}"), UInt8(ascii: "]"):
      position += 1
      return .closeBracket
    case UInt8(ascii: "."):
      if let second = byte(1), Self.isDigit(second) { return number() }
      while byte() == UInt8(ascii: ".") { position += 1 }
      return .symbol
    default: break
    }
    if Self.isDigit(first) { return number() }
    if Self.isNameStart(first) { return name() }
    return symbol(first)
  }

  private mutating func symbol(_ first: UInt8) -> Token.Kind {
    position += 1
    guard first < 0x80 else {
      while let byte = byte(), byte >= 0x80 { position += 1 }
      return .invalid
    }
    // Operators of two characters.
    if let second = byte() {
      switch (first, second) {
      case (UInt8(ascii: "="), UInt8(ascii: "=")), (UInt8(ascii: "~"), UInt8(ascii: "=")),
        (UInt8(ascii: "<"), UInt8(ascii: "=")), (UInt8(ascii: ">"), UInt8(ascii: "=")),
        (UInt8(ascii: ":"), UInt8(ascii: ":")), (UInt8(ascii: "/"), UInt8(ascii: "/")),
        (UInt8(ascii: "<"), UInt8(ascii: "<")), (UInt8(ascii: ">"), UInt8(ascii: ">")):
        position += 1
      default: break
      }
    }
    return Self.symbols.contains(first) ? .symbol : .invalid
  }

  private static let symbols = Set("+-*/%^#&~|<>=;:,.".utf8)

  private mutating func name() -> Token.Kind {
    let start = position
    while let byte = byte(), Self.isNameStart(byte) || Self.isDigit(byte) { position += 1 }
    let word = String(decoding: bytes[start..<position], as: UTF8.self)
    if Self.keywords.contains(word) { return .keyword }
    return Self.constants.contains(word) ? .constant : .name
  }

  private mutating func number() -> Token.Kind {
    let isHexadecimal =
      byte() == UInt8(ascii: "0") && (byte(1) == UInt8(ascii: "x") || byte(1) == UInt8(ascii: "X"))
    if isHexadecimal { position += 2 }
    while let byte = byte() {
      let isExponent =
        isHexadecimal
        ? byte == UInt8(ascii: "p") || byte == UInt8(ascii: "P")
        : byte == UInt8(ascii: "e") || byte == UInt8(ascii: "E")
      guard Self.isDigit(byte) || Self.isNameStart(byte) || byte == UInt8(ascii: ".") else { break }
      position += 1
      if isExponent, let sign = self.byte(), sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
      {
        position += 1
      }
    }
    return .number
  }

  /// A string in quotes; false if the line ends first.
  private mutating func quoted(_ quote: UInt8) -> Bool {
    position += 1
    while let byte = byte() {
      position += 1
      if byte == quote { return true }
      if byte == UInt8(ascii: "\\"), let escaped = self.byte() {
        position += 1
        // `\z` skips blanks, line ends among them.
        if escaped == UInt8(ascii: "z") {
          while let blank = self.byte(), Self.isBlank(blank) { position += 1 }
        }
      } else if byte == UInt8(ascii: "\n") {
        position -= 1
        return false
      }
    }
    // The string is still being typed.
    return true
  }

  /// The number of `=` of a long bracket that begins here.
  private func longBracketLevel() -> Int? {
    guard byte() == UInt8(ascii: "[") else { return nil }
    var level = 0
    while byte(1 + level) == UInt8(ascii: "=") { level += 1 }
    return byte(1 + level) == UInt8(ascii: "[") ? level : nil
  }

  /// Skips a long bracket; false if the text ends first.
  private mutating func longText(_ level: Int) -> Bool {
    position += level + 2
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "]"), closes(level) {
        position += level + 2
        return true
      }
      position += 1
    }
    return false
  }

  private func closes(_ level: Int) -> Bool {
    guard byte(1 + level) == UInt8(ascii: "]") else { return false }
    return (0..<level).allSatisfy { byte(1 + $0) == UInt8(ascii: "=") }
  }

  static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0d).contains(byte) }
  static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
  static func isNameStart(_ byte: UInt8) -> Bool {
    (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte) || byte == 0x5f
  }
}
