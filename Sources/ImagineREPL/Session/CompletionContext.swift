/// A step of a path such as `images[1].parent`.
enum MemberKey: Equatable {
  case name(String)
  case index(Int64)

  /// - Parameter text: what stands in square brackets: an integer, or a string without escapes.
  init?(index text: String) {
    if let number = Int64(text) {
      self = .index(number)
    } else if text.count >= 2, let quote = text.first, quote == "\"" || quote == "'",
      text.last == quote, !text.contains("\\")
    {
      self = .name(String(text.dropFirst().dropLast()))
    } else {
      return nil
    }
  }

  var text: String {
    switch self {
    case .name(let name): name
    case .index(let index): String(index)
    }
  }
}

/// What the text before the cursor asks to complete.
struct CompletionContext: Equatable {
  enum Kind: Equatable {
    /// A global, local or keyword.
    case name
    /// A field of `a.b` or `a[1]`, or with a colon a method.
    case member(path: [MemberKey], isMethod: Bool)
    /// The module name in `require "…"`.
    case module
    /// A keyword argument of a call such as `imagine.generate{`.
    case argument(call: String)
    /// The value of a keyword argument, within quotes.
    case value(call: String, field: String)
    /// The text that is the first argument of a call such as `imagine.wait("`.
    case argumentText(call: String)
    /// A path, within quotes.
    case path
    /// A command after `:`.
    case command
  }

  var kind: Kind
  /// What is typed of it.
  var partial: String
  /// Where `partial` begins in the UTF-8 bytes.
  var start: Int

  init?(_ text: String, cursor: Int) {
    let before = Array(text.utf8.prefix(cursor))
    if before.first == UInt8(ascii: ":"), before.dropFirst().first != UInt8(ascii: ":"),
      !before.contains(0x20)
    {
      self.init(.command, before, from: 1)
      return
    }
    let tokens = LuaLexer.tokens(before)
    func word(_ index: Int) -> String {
      index >= 0 && index < tokens.count
        ? String(decoding: before[tokens[index].range], as: UTF8.self) : ""
    }
    if let last = tokens.last, last.range.upperBound == before.count {
      if last.kind == .comment { return nil }
      if last.kind == .string {
        guard let quote = before[last.range].first, quote != UInt8(ascii: "[") else { return nil }
        let content = last.range.lowerBound + 1
        if last.range.count > 1, before.last == quote { return nil }
        let previous = word(tokens.count - 2)
        if previous == "require" || (previous == "(" && word(tokens.count - 3) == "require") {
          self.init(.module, before, from: content)
        } else if previous == "=", tokens.count >= 3,
          let call = Self.call(tokens[..<(tokens.count - 3)], before)
        {
          self.init(.value(call: call, field: word(tokens.count - 3)), before, from: content)
        } else {
          let end = tokens.count - (previous == "(" ? 2 : 1)
          let callee = Self.path(tokens[..<end], before).map(\.text)
          self.init(
            callee.isEmpty ? .path : .argumentText(call: callee.joined(separator: ".")), before,
            from: content)
        }
        return
      }
    }
    // The name that is being typed, if any, and what is before it.
    var end = tokens.count
    var start = before.count
    if let last = tokens.last, last.range.upperBound == before.count,
      last.kind == .name || last.kind == .keyword || last.kind == .constant
    {
      end -= 1
      start = last.range.lowerBound
    }
    let separator = word(end - 1)
    if separator == "." || separator == ":" {
      let path = Self.path(tokens[..<(end - 1)], before)
      guard !path.isEmpty else { return nil }
      self.init(.member(path: path, isMethod: separator == ":"), before, from: start)
      return
    }
    if separator == "{" || separator == ",", let call = Self.call(tokens[..<end], before) {
      self.init(.argument(call: call), before, from: start)
      return
    }
    guard start < before.count else { return nil }
    self.init(.name, before, from: start)
  }

  private init(_ kind: Kind, _ bytes: [UInt8], from start: Int) {
    self.kind = kind
    self.start = min(start, bytes.count)
    partial = String(decoding: bytes[self.start...], as: UTF8.self)
  }

  /// The keys of `a.b[1]["c"]` at the end of tokens; empty if it is something else.
  private static func path(_ tokens: ArraySlice<Token>, _ bytes: [UInt8]) -> [MemberKey] {
    func text(_ token: Token) -> String { String(decoding: bytes[token.range], as: UTF8.self) }
    var keys: [MemberKey] = []
    var rest = tokens
    while let last = rest.popLast() {
      if last.kind == .name {
        keys.insert(.name(text(last)), at: 0)
        guard let separator = rest.last, text(separator) == "." else { return keys }
        rest.removeLast()
      } else {
        guard text(last) == "]", let inner = rest.popLast(), let open = rest.popLast(),
          text(open) == "[", let key = MemberKey(index: text(inner))
        else { return [] }
        keys.insert(key, at: 0)
      }
    }
    return []
  }

  /// The function whose table of arguments is open at the end of tokens: `imagine.generate`.
  static func call(_ tokens: ArraySlice<Token>, _ bytes: [UInt8]) -> String? {
    guard let index = openBracket(tokens), bytes[tokens[index].range] == [UInt8(ascii: "{")] else {
      return nil
    }
    var before = tokens[..<index]
    if let last = before.last, bytes[last.range] == [UInt8(ascii: "(")] { before.removeLast() }
    return callee(before, bytes)
  }

  /// The names that are given in the table of arguments around the cursor: `style` of `{style = `.
  static func givenNames(_ text: String, cursor: Int) -> Set<String> {
    let bytes = Array(text.utf8)
    let tokens = LuaLexer.tokens(bytes)
    let before = tokens.prefix { $0.range.upperBound <= cursor }
    guard let open = openBracket(before) else { return [] }
    var names: Set<String> = []
    var depth = 0
    for index in (open + 1)..<tokens.count {
      switch tokens[index].kind {
      case .openBracket: depth += 1
      case .closeBracket where depth == 0: return names
      case .closeBracket: depth -= 1
      case .name where depth == 0 && index + 1 < tokens.count:
        if bytes[tokens[index + 1].range] == [UInt8(ascii: "=")] {
          names.insert(String(decoding: bytes[tokens[index].range], as: UTF8.self))
        }
      default: break
      }
    }
    return names
  }

  /// The function whose arguments in round brackets are open at the end of tokens.
  static func plainCall(_ tokens: ArraySlice<Token>, _ bytes: [UInt8]) -> String? {
    guard let index = openBracket(tokens), bytes[tokens[index].range] == [UInt8(ascii: "(")] else {
      return nil
    }
    return callee(tokens[..<index], bytes)
  }

  /// The innermost bracket that is open at the end of tokens.
  private static func openBracket(_ tokens: ArraySlice<Token>) -> Int? {
    var depth = 0
    for index in tokens.indices.reversed() {
      switch tokens[index].kind {
      case .closeBracket: depth += 1
      case .openBracket:
        if depth == 0 { return index }
        depth -= 1
      default: break
      }
    }
    return nil
  }

  /// The names at the end of tokens, with the signs between them: `a.b:c`.
  private static func callee(_ tokens: ArraySlice<Token>, _ bytes: [UInt8]) -> String? {
    var before = tokens
    var names: [String] = []
    while let last = before.last, last.kind == .name {
      names.insert(String(decoding: bytes[last.range], as: UTF8.self), at: 0)
      before.removeLast()
      guard let separator = before.last, separator.kind == .symbol,
        [[UInt8(ascii: ".")], [UInt8(ascii: ":")]].contains(bytes[separator.range])
      else { break }
      names.insert(String(decoding: bytes[separator.range], as: UTF8.self), at: 0)
      before.removeLast()
    }
    return names.isEmpty ? nil : names.joined()
  }
}
