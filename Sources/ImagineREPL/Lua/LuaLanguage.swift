import Lua

/// Lua as the prompt takes it: chunks, expressions, and the commands `:name` and `?name`.
struct LuaLanguage: Language {
  private let syntax = LuaSyntax()

  func tokens(_ text: String) -> [Token] {
    LuaLexer.tokens(Array(text.utf8))
  }

  func completeness(_ text: String) -> Completeness {
    if PromptCommand(text) != nil { return .complete }
    // `= expression` is how older versions print a value.
    let source = text.hasPrefix("=") ? "return \(text.dropFirst())" : text
    let expression = syntax.check("return \(source)")
    if expression == .complete { return .complete }
    let chunk = syntax.check(source)
    if chunk == .complete { return .complete }
    // A string in quotes ends with its line.
    if Self.endsInOpenQuote(source) { return .invalid }
    return expression == .incomplete || chunk == .incomplete ? .incomplete : .invalid
  }

  private static func endsInOpenQuote(_ source: String) -> Bool {
    let bytes = Array(source.utf8)
    guard let last = LuaLexer.tokens(bytes).last, last.kind == .string else { return false }
    let quote = bytes[last.range.lowerBound]
    guard quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") else { return false }
    return last.range.count < 2 || bytes[last.range.upperBound - 1] != quote
  }

  func endsBlock(_ word: String) -> Bool {
    ["end", "else", "elseif", "until", "}", ")", "]"].contains(word)
  }

  /// Two spaces for each line that has begun a block and not ended it.
  func indentation(after text: String) -> Int {
    let bytes = Array(text.utf8)
    var lines: [Int] = []  // The line of each open block or bracket.
    var line = 0
    var scanned = 0
    for token in LuaLexer.tokens(bytes) {
      line += bytes[scanned..<token.range.lowerBound].count { $0 == UInt8(ascii: "\n") }
      let word = String(decoding: bytes[token.range], as: UTF8.self)
      switch token.kind {
      case .openBracket: lines.append(line)
      case .closeBracket: _ = lines.popLast()
      case .keyword:
        switch word {
        case "function", "do", "then", "repeat": lines.append(line)
        case "end", "until", "elseif": _ = lines.popLast()
        case "else":
          _ = lines.popLast()
          lines.append(line)
        default: break
        }
      default: break
      }
      line += bytes[token.range].count { $0 == UInt8(ascii: "\n") }
      scanned = token.range.upperBound
    }
    return 2 * Set(lines).count
  }
}

/// A line that is for the prompt and not for Lua.
enum PromptCommand: Equatable {
  /// `:name arguments`.
  case command(name: String, arguments: String)
  /// `?name`, `?list[1]:method`.
  case help(String)

  init?(_ text: String) {
    let line = text.drop { $0 == " " }
    if line.first == ":" {
      // `::label::` is Lua.
      let rest = line.dropFirst()
      guard let first = rest.first, first.isASCII, first.isLetter, !text.contains("\n") else {
        return nil
      }
      let name = rest.prefix { !$0.isWhitespace }
      let arguments = rest.dropFirst(name.count).drop { $0.isWhitespace }
      self = .command(name: String(name), arguments: Self.trimmed(arguments))
      return
    }
    guard line.first == "?" else { return nil }
    let name = Self.trimmed(line.dropFirst().drop { $0 == " " })
    let isPath = name.utf8.allSatisfy {
      LuaLexer.isNameStart($0) || LuaLexer.isDigit($0) || ".:[]'\"".utf8.contains($0)
    }
    guard isPath else { return nil }
    self = .help(name)
  }

  private static func trimmed(_ text: Substring) -> String {
    var text = text
    while let last = text.last, last.isWhitespace { text.removeLast() }
    return String(text)
  }
}
