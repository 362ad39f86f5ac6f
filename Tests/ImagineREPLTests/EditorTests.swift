import Testing

@testable import ImagineREPL

@Suite("The editor")
struct EditorTests {
  @Test("moves by characters, words and lines")
  func moving() {
    var typist = Typist()
    typist.type("local x = foo_1")
    #expect(typist.line == "local x = foo_1|")
    typist.type(Keys.controlLeft)
    #expect(typist.line == "local x = |foo_1")
    typist.type(Keys.control("a") + "\u{1b}f")
    #expect(typist.line == "local| x = foo_1")
    typist.type(Keys.control("e") + Keys.left + Keys.control("b"))
    #expect(typist.line == "local x = foo|_1")
  }

  @Test("moves by grapheme clusters")
  func clusters() {
    var typist = Typist()
    typist.type("e\u{301}👩‍👩‍👧漢")
    typist.type(Keys.left + Keys.left)
    #expect(typist.line == "e\u{301}|👩‍👩‍👧漢")
    typist.type("\u{7f}")
    #expect(typist.line == "|👩‍👩‍👧漢")
    typist.type("\u{1b}[3~")
    #expect(typist.line == "|漢")
    // A mark that is typed before a letter joins what precedes it.
    typist.type("o\u{308}")
    #expect(typist.line == "o\u{308}|漢")
  }

  @Test("kills and yanks, and kills in a row are one")
  func killing() {
    var typist = Typist()
    typist.type("one two three" + Keys.control("w") + Keys.control("w"))
    #expect(typist.line == "one |")
    typist.type(Keys.control("y"))
    #expect(typist.line == "one two three|")
    typist.type(Keys.control("a") + "\u{1b}d" + Keys.control("e") + Keys.control("y"))
    #expect(typist.line == " two threeone|")
    typist.type("\u{1b}y")
    #expect(typist.line == " two threetwo three|")
    typist.type(Keys.control("u") + Keys.control("y") + Keys.control("a") + Keys.control("k"))
    #expect(typist.line == "|")
  }

  @Test("undo takes back a word at a time, and redo does it again")
  func undoing() {
    var typist = Typist()
    typist.type("one two")
    typist.type(Keys.control("w") + "2")
    typist.type("\u{1f}")
    #expect(typist.line == "one |")
    typist.type("\u{1f}")
    #expect(typist.line == "one two|")
    typist.type("\u{1f}")
    #expect(typist.line == "one |")
    typist.type("\u{1f}")
    #expect(typist.line == "|")
    typist.type("\u{1b}/\u{1b}/")
    #expect(typist.line == "one two|")
    #expect(Typist.bell("\u{1f}") == [.bell])
  }

  @Test("Enter runs a complete statement, and continues an incomplete one with indentation")
  func enter() {
    var typist = Typist()
    #expect(typist.type("1 + 2\r") == [.submit("1 + 2")])
    typist.editor.reset()
    #expect(typist.type("for i = 1, 3 do\r") == [])
    #expect(typist.line == "for i = 1, 3 do\n  |")
    typist.type("if i then\rprint(i)\rend")
    #expect(typist.line == "for i = 1, 3 do\n  if i then\n    print(i)\n  end|")
    #expect(
      typist.type("\rend\r") == [
        .submit("for i = 1, 3 do\n  if i then\n    print(i)\n  end\nend")
      ])
    typist.editor.reset()
    // Within the text, and with Alt, it adds a line.
    typist.type("f()" + Keys.altEnter + "g()" + Keys.up)
    #expect(typist.line == "f()|\ng()")
    #expect(typist.type("\r") == [])
    #expect(typist.line == "f()\n|\ng()")
    // What no text can complete runs, so that Lua says what is wrong.
    typist.editor.reset()
    #expect(typist.type("x = = 1\r") == [.submit("x = = 1")])
    typist.editor.reset()
    #expect(typist.type("1 +\r") == [])
    #expect(typist.type("2\r") == [.submit("1 +\n2")])
  }

  @Test("a paste never runs by itself")
  func paste() {
    var typist = Typist()
    #expect(typist.type(Keys.pasted("print(1)\rprint(2)\n\u{1b}[31m\u{3}")) == [])
    #expect(typist.line == "print(1)\nprint(2)\n[31m|")
    typist.editor.reset()
    let long = (1...500).map { "x = \($0)" }.joined(separator: "\n")
    #expect(typist.type(Keys.pasted(long)) == [])
    #expect(typist.editor.text == long)
    #expect(typist.type("\r") == [.submit(long)])
  }

  @Test("Ctrl-C drops the line, Ctrl-D ends at an empty one")
  func control() {
    var typist = Typist()
    #expect(typist.type("half" + Keys.control("c")) == [.interrupt(dropped: "half")])
    #expect(typist.line == "|")
    #expect(typist.type(Keys.control("c")) == [.interrupt(dropped: "")])
    #expect(typist.type("ab" + Keys.control("a") + Keys.control("d")) == [])
    #expect(typist.line == "|b")
    #expect(typist.type(Keys.control("d") + Keys.control("d")) == [.endOfInput])
    #expect(typist.type(Keys.control("z") + Keys.control("l")) == [.suspend, .clearScreen])
  }

  @Test("Up and Down go through lines, then through the history that begins with the text")
  func history() {
    var typist = Typist(history: ["print(2)", "x = 1", "print(1)"])
    typist.type("pr" + Keys.up)
    #expect(typist.line == "print(2)|")
    typist.type(Keys.up)
    #expect(typist.line == "print(1)|")
    #expect(typist.type(Keys.up) == [.bell])
    typist.type(Keys.down + Keys.down)
    #expect(typist.line == "pr|")
    typist.type(Keys.control("u") + Keys.up + Keys.up)
    #expect(typist.line == "x = 1|")
  }

  @Test("a suggestion continues the text, by Right whole, by Alt-F a word")
  func suggestions() {
    var typist = Typist(history: ["print(name, 2)"])
    typist.type("pri")
    #expect(typist.editor.suggestion == "nt(name, 2)")
    typist.type("\u{1b}f")
    #expect(typist.line == "print|")
    typist.type(Keys.right)
    #expect(typist.line == "print(name, 2)|")
    typist.type("\u{1f}")
    #expect(typist.line == "print|")
  }

  @Test("Ctrl-R searches while it is typed; Esc brings the line back")
  func search() {
    var typist = Typist(history: ["beta = 2", "alpha = 1", "beta = 1"])
    typist.type("mine" + Keys.control("r") + "beta")
    #expect(typist.editor.text == "beta = 2")
    typist.type(Keys.control("r"))
    #expect(typist.editor.text == "beta = 1")
    #expect(typist.type("zzz").contains(.bell))
    typist.type(Keys.escape)
    #expect(typist.line == "mine|")
    #expect(typist.type(Keys.control("r") + "alp\r") == [.submit("alpha = 1")])
  }

  @Test("Tab asks for candidates; a late answer is dropped")
  func completion() {
    var typist = Typist()
    let effects = typist.type("pri\t")
    #expect(effects == [.complete(CompletionRequest(number: 1, text: "pri", cursor: 3))])
    _ = typist.editor.show(Completions(number: 1, start: 0, candidates: [Candidate("print")]))
    #expect(typist.line == "print|")
    typist.type("\t")
    typist.type("(")
    #expect(
      typist.editor.show(Completions(number: 1, start: 0, candidates: [Candidate("x")])) == [])
    typist.editor.reset()
    typist.type("s\t")
    let number = typist.editor.completionNumber
    _ = typist.editor.show(
      Completions(number: number, start: 0, candidates: [Candidate("string"), Candidate("style")]))
    #expect(typist.line == "st|")
    typist.type("\t\t")
    #expect(typist.line == "style|")
    typist.type("\r")
    #expect(typist.line == "style|")
    #expect(typist.editor.menu == nil)
  }

  @Test("Up keeps the column over short and wide lines")
  func vertical() {
    var typist = Typist()
    typist.type(Keys.pasted("abcdef\nx\n漢漢漢漢") + Keys.up + Keys.up)
    #expect(typist.line == "abcdef|\nx\n漢漢漢漢")
    typist.type(Keys.left + Keys.left + Keys.down + Keys.down)
    #expect(typist.line == "abcdef\nx\n漢漢|漢漢")
  }
}

extension Typist {
  static func bell(_ keys: String) -> [Effect] {
    var typist = Typist()
    return typist.type(keys)
  }
}
