/// What a statement declares and uses at its top level, read from its tokens.
struct StatementOutline {
  struct Declaration: Equatable {
    var name: String
    var isConstant: Bool
  }

  /// Every name in it, wherever it stands.
  private(set) var names: Set<String> = []
  /// The locals that it declares outside all blocks, in order.
  private(set) var declarations: [Declaration] = []
  /// Where a `return` outside all blocks begins.
  private(set) var finalReturn: Int?

  private let bytes: [UInt8]
  private let tokens: [Token]

  init(_ source: String) {
    bytes = Array(source.utf8)
    tokens = LuaLexer.tokens(bytes).filter { $0.kind != .comment }
    var depth = 0
    for (index, token) in tokens.enumerated() {
      let word = text(token)
      switch token.kind {
      case .name: names.insert(word)
      case .keyword:
        switch word {
        case "function", "do", "if", "repeat": depth += 1
        case "end", "until": depth -= 1
        case "local" where depth == 0: declare(after: index)
        case "return" where depth == 0: finalReturn = token.range.lowerBound
        default: break
        }
      default: break
      }
    }
  }

  private func text(_ token: Token) -> String {
    String(decoding: bytes[token.range], as: UTF8.self)
  }

  private func word(_ index: Int) -> String? {
    index < tokens.count ? text(tokens[index]) : nil
  }

  private mutating func declare(after local: Int) {
    var index = local + 1
    if word(index) == "function" {
      if let name = word(index + 1) { add(name, isConstant: false) }
      return
    }
    while index < tokens.count, tokens[index].kind == .name {
      let name = text(tokens[index])
      index += 1
      var isConstant = false
      if word(index) == "<", word(index + 2) == ">" {
        isConstant = true
        index += 3
      }
      add(name, isConstant: isConstant)
      guard word(index) == "," else { return }
      index += 1
    }
  }

  private mutating func add(_ name: String, isConstant: Bool) {
    declarations.removeAll { $0.name == name }
    declarations.append(Declaration(name: name, isConstant: isConstant))
  }
}
