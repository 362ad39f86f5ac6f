import Lua

/// The statements of a session as a script that runs.
struct SavedScript {
  private let syntax = LuaSyntax()
  /// The function that keeps and prints results as the prompt does; nil if `print` is enough.
  private let keeper: String?

  static func text(_ statements: [(source: String, failed: Bool)]) -> String {
    SavedScript(statements).text(statements)
  }

  private init(_ statements: [(source: String, failed: Bool)]) {
    let outlines = statements.filter { !$0.failed }.map { StatementOutline($0.source) }
    let names = outlines.reduce(into: Set()) { $0.formUnion($1.names) }
    let needsKeeper =
      !names.isDisjoint(with: SessionLocals.resultNames)
      || outlines.contains { $0.finalReturn != nil }
    var name = "show"
    while names.contains(name) { name += "_" }
    keeper = needsKeeper ? name : nil
  }

  private func text(_ statements: [(source: String, failed: Bool)]) -> String {
    var result = keeper.map(Self.definition(of:)) ?? ""
    var localCount = 0
    var openBlocks = 0
    for (source, failed) in statements {
      // A script has no help.
      if failed || asksForHelp(source) {
        result += source.split(separator: "\n", omittingEmptySubsequences: false)
          .map { "-- \($0)\n" }.joined()
        continue
      }
      let text = source.hasPrefix("=") ? String(source.dropFirst()) : source
      let outline = StatementOutline(text)
      localCount += outline.declarations.count
      if localCount > 180 {
        result += "do\n"
        openBlocks += 1
        localCount = 0
      }
      let isExpression = syntax.check("return \(text)") == .complete
      if isExpression, keeper != nil || syntax.check(text) != .complete {
        result += shown(text)
      } else if let start = outline.finalReturn {
        // A `return` would end the script.
        let bytes = Array(text.utf8)
        result += String(decoding: bytes[..<start], as: UTF8.self) + "\n"
        result += shown(String(decoding: bytes[(start + "return".utf8.count)...], as: UTF8.self))
      } else {
        result += "\(text)\n"
      }
    }
    return result + String(repeating: "end\n", count: openBlocks)
  }

  /// A call that shows the values of a list of expressions, which may end in `;` or a comment.
  private func shown(_ expressions: String) -> String {
    let call = "\(keeper ?? "print")(\(expressions))"
    return syntax.check(call) == .complete
      ? "\(call)\n" : "\(keeper ?? "print")((function()\nreturn \(expressions)\nend)())\n"
  }

  private static func definition(of keeper: String) -> String {
    """
    local _, __, ___
    local function \(keeper)(...)
      if select("#", ...) == 0 then return end
      _, __, ___ = ..., _, __
      print(...)
    end

    """
  }

  private func asksForHelp(_ source: String) -> Bool {
    let bytes = Array(source.utf8)
    let tokens = LuaLexer.tokens(bytes).filter { $0.kind != .comment }
    guard tokens.count > 1, bytes[tokens[0].range].elementsEqual("help".utf8) else { return false }
    return tokens[1].kind == .string || bytes[tokens[1].range] == [UInt8(ascii: "(")]
  }
}
