import Testing

@testable import ImagineREPL

@Suite("Lua as it is typed")
struct LuaLanguageTests {
  private let language = LuaLanguage()

  private func kinds(_ text: String) -> [String] {
    let bytes = Array(text.utf8)
    return language.tokens(text).map { token in
      "\(token.kind) \(String(decoding: bytes[token.range], as: UTF8.self))"
    }
  }

  @Test("tokens of each kind")
  func tokens() {
    #expect(
      kinds("local a = {'x', [[y\n]]} -- note") == [
        "keyword local", "name a", "symbol =", "openBracket {", "string 'x'", "symbol ,",
        "string [[y\n]]", "closeBracket }", "comment -- note",
      ])
    #expect(
      kinds("0x1p-2 1e+5 .5 3..2") == [
        "number 0x1p-2", "number 1e+5", "number .5", "number 3..2",
      ])
    #expect(
      kinds("a::b==c//d ... ~= --[==[ x ]] ]==] nil") == [
        "name a", "symbol ::", "name b", "symbol ==", "name c", "symbol //", "name d", "symbol ...",
        "symbol ~=", "comment --[==[ x ]] ]==]", "constant nil",
      ])
    #expect(kinds("'a\\'b' \"open") == ["string 'a\\'b'", "string \"open"])
    #expect(kinds("é$ 'x\ny") == ["invalid é", "invalid $", "invalid 'x", "name y"])
  }

  @Test("tokens of any bytes end, and lie in order within the text")
  func anyBytes() {
    var random = SeededGenerator(seed: 3)
    let pieces = [
      "[", "[[", "=", "]", "--", "\"", "'", "\\", "\n", "a", "1", ".", "e", "é", " ", "z",
    ]
    for _ in 0..<3000 {
      let text = (0..<Int.random(in: 0...20, using: &random)).map { _ in
        pieces.randomElement(using: &random) ?? ""
      }.joined()
      var end = 0
      for token in language.tokens(text) {
        #expect(token.range.lowerBound >= end && token.range.lowerBound < token.range.upperBound)
        end = token.range.upperBound
      }
      #expect(end <= text.utf8.count)
    }
  }

  @Test(
    "completeness is the compiler's",
    arguments: [
      ("x = 1", Completeness.complete), ("1 + 2", .complete), ("x", .complete), ("", .complete),
      ("= 1", .complete), ("if x then", .incomplete), ("f(", .incomplete), ("x = [[", .incomplete),
      ("1 +", .incomplete), ("x = = 2", .invalid), ("'open", .invalid), ("end", .invalid),
      (":help", .complete), ("::label::", .complete), ("?string.rep", .complete),
      ("goto x", .invalid), ("-- note", .complete), ("x --[[", .incomplete),
    ] as [(String, Completeness)])
  func completeness(text: String, expected: Completeness) {
    #expect(language.completeness(text) == expected)
  }

  @Test(
    "indentation counts the lines with open blocks",
    arguments: [
      ("", 0), ("if x then", 2), ("f(function()", 2), ("if x then\n  while y do", 4),
      ("if x then\nelse", 2), ("if x then\nelseif y then", 2), ("x = {\n  {", 4), ("f() end", 0),
      ("repeat\n  f()\nuntil x", 0), ("s = 'do'", 0), ("x = {}", 0),
    ])
  func indentation(text: String, expected: Int) {
    #expect(language.indentation(after: text) == expected)
  }

  @Test("commands of the prompt")
  func commands() {
    #expect(PromptCommand(":save a b.lua ") == .command(name: "save", arguments: "a b.lua"))
    #expect(PromptCommand("?string.rep") == .help("string.rep"))
    #expect(PromptCommand("? ") == .help(""))
    #expect(PromptCommand("::a::") == nil)
    #expect(PromptCommand("? x y") == nil)
    #expect(PromptCommand("x:y()") == nil)
  }
}
