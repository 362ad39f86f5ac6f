import Testing

@testable import ImagineREPL

/// An editor, its renderer and a screen, which must agree after each step.
struct Stage {
  var typist: Typist
  var renderer: Renderer
  var screen: ScreenEmulator
  private(set) var bytesSent = 0
  private(set) var problem: String?

  init(columns: Int, rows: Int, history: [String] = []) {
    typist = Typist(history: history)
    renderer = Renderer(columns: columns, rows: rows, reflows: false)
    screen = ScreenEmulator(columns: columns, rows: rows)
    draw()
  }

  mutating func send(_ bytes: [UInt8]) {
    bytesSent += bytes.count
    screen.feed(bytes)
  }

  mutating func type(_ text: String) {
    let effects = typist.type(text)
    for case .submit in effects { submit() }
    draw()
  }

  mutating func submit() {
    send(renderer.leave(typist.editor.finalView(columns: screen.columns)))
    typist.editor.reset()
  }

  mutating func above(_ text: String) {
    send(renderer.above(Array(text.utf8)))
    check()
  }

  mutating func resize(columns: Int, rows: Int) {
    screen.resize(columns: columns, rows: rows)
    send(renderer.resize(columns: columns, rows: rows))
    draw()
  }

  mutating func draw() {
    send(renderer.draw(typist.editor.view(columns: screen.columns, rows: screen.rows)))
    check()
  }

  /// Compares the view with the screen, from the prompt's row down.
  private mutating func check() {
    let view = typist.editor.view(columns: screen.columns, rows: screen.rows)
    guard problem == nil else { return }
    let top = screen.row - view.cursorRow
    guard top >= 0, top + view.rows.count <= screen.rows else {
      problem = "the view does not fit: \(screen.lines)"
      return
    }
    for index in top..<screen.rows {
      let row = index - top < view.rows.count ? view.rows[index - top] : Row()
      var cells: [ScreenEmulator.Cell] = []
      for cell in row.cells {
        let style = String(cell.style.sequence.dropFirst(2).dropLast())
        cells.append(ScreenEmulator.Cell(text: cell.text, style: style))
        for _ in 1..<max(1, cell.columns) { cells.append(.init(text: "", style: style)) }
      }
      cells += Array(repeating: .init(), count: max(0, screen.columns - cells.count))
      if !Self.looksEqual(cells, screen.cells[index]) {
        problem = "row \(index) is '\(screen.text(index))', not '\(cells.map(\.text).joined())'"
        return
      }
    }
    if (screen.row, screen.column) != (view.cursorRow + top, view.cursorColumn) {
      problem =
        "the cursor is at \(screen.row), \(screen.column), not \(top + view.cursorRow), \(view.cursorColumn)"
    }
    if let fault = screen.faults.first { problem = "fault: \(fault)" }
  }

  /// The emulator does not join clusters, so one with several wide characters spreads over its
  /// columns there.
  private static func looksEqual(
    _ expected: [ScreenEmulator.Cell], _ shown: [ScreenEmulator.Cell]
  ) -> Bool {
    expected.map(\.text).joined() == shown.map(\.text).joined()
      && expected.map(\.style) == shown.map(\.style)
  }
}

@Suite("The renderer")
struct RendererTests {
  @Test("shows what is typed, over several rows")
  func typing() {
    var stage = Stage(columns: 10, rows: 6)
    stage.type("local abcdefghij = 1")
    #expect(stage.problem == nil)
    #expect(stage.screen.lines.prefix(3) == ["> local ab", "cdefghij =", " 1"])
    stage.type(Keys.control("a") + "x" + Keys.control("k"))
    #expect(stage.problem == nil)
    #expect(stage.screen.lines.prefix(3) == ["> x", "", ""])
  }

  @Test("wide characters never straddle an edge")
  func wide() {
    var stage = Stage(columns: 7, rows: 6)
    stage.type("'漢字漢字")
    #expect(stage.problem == nil)
    #expect(stage.screen.lines.prefix(2) == ["> '漢字", "漢字"])
    stage.type(Keys.left + Keys.left + "\u{7f}" + "e\u{301}👩‍👩‍👧")
    #expect(stage.problem == nil)
  }

  @Test("what has no width of its own gets something to stand on")
  func widths() {
    #expect(Cell("\u{301}", .plain).text == "\u{25CC}\u{301}")
    #expect(Cell("\u{200d}", .plain).text == "\u{FFFD}")
    #expect(Cell("\u{202e}", .plain).text == "\u{FFFD}")
    // A sign that joins what follows it.
    #expect(("\u{601}a" as String).reduce(0) { $0 + Cell($1, .plain).columns } == 2)
    for (cluster, columns) in [("a", 1), ("漢", 2), ("e\u{301}", 1), ("🇩🇪", 2), ("🙂", 2), ("한", 2)]
      as [(Character, Int)]
    {
      #expect(CharacterWidth.columns(of: cluster) == columns, "\(cluster)")
    }
  }

  @Test("a text with more rows than the screen scrolls, and is printed whole at the end")
  func scrolling() {
    var stage = Stage(columns: 20, rows: 5)
    stage.type(Keys.pasted((1...12).map { "f(\($0))" }.joined(separator: "\n")))
    #expect(stage.problem == nil)
    #expect(stage.screen.lines.prefix(4) == ["  f(9)", "  f(10)", "  f(11)", "  f(12)"])
    stage.type(String(repeating: Keys.up, count: 11))
    #expect(stage.problem == nil)
    #expect(stage.screen.lines[0] == "> f(1)")
    stage.type(Keys.control("a") + "\u{1b}>\r")
    #expect(stage.problem == nil)
    #expect(stage.screen.scrolledOut.suffix(8) == ["> f(1)"] + (2...8).map { "  f(\($0))" })
    #expect(stage.screen.lines == (9...12).map { "  f(\($0))" } + [">"])
  }

  @Test("output from elsewhere goes above the line and never into it")
  func above() {
    var stage = Stage(columns: 20, rows: 5)
    stage.type("half a line")
    stage.above("one\ntwo\n")
    stage.above("three")
    #expect(stage.problem == nil)
    #expect(stage.screen.lines == ["one", "two", "three", "> half a line", ""])
    stage.above((1...30).map { "\($0)\n" }.joined())
    #expect(stage.problem == nil)
    #expect(stage.screen.lines[3...] == ["30", "> half a line"])
  }

  @Test("a resize draws anew and leaves the rows above alone")
  func resize() {
    var stage = Stage(columns: 20, rows: 6)
    stage.above("kept\n")
    stage.type("abcdefghijklmnopqrstuvwxyz")
    stage.resize(columns: 9, rows: 8)
    #expect(stage.problem == nil)
    #expect(stage.screen.lines.prefix(5) == ["kept", "> abcdefg", "hijklmnop", "qrstuvwxy", "z"])
    stage.resize(columns: 40, rows: 3)
    #expect(stage.problem == nil)
  }

  @Test("a key in a text of 200 lines takes less than 5 ms")
  func timePerKey() {
    var typist = Typist()
    typist.type(
      Keys.pasted((1...200).map { "local value\($0) = f(\($0), 'text')" }.joined(separator: "\n")))
    var renderer = Renderer(columns: 80, rows: 24)
    _ = renderer.draw(typist.editor.view(columns: 80, rows: 24))
    let time = ContinuousClock().measure {
      for _ in 0..<20 {
        typist.type("x")
        _ = renderer.draw(typist.editor.view(columns: 80, rows: 24))
      }
    }
    print("a key in 200 lines: \(time / 20)")
    #if !DEBUG
      #expect(time / 20 < .milliseconds(5))
    #endif
  }

  @Test("a key in a highlighted line sends less than 100 bytes on average")
  func bytesPerKey() {
    var stage = Stage(columns: 80, rows: 24)
    let line = "local images = imagine.generate{prompt = 'a red fox', n = 4, style = \"anime\"}"
    let before = stage.bytesSent
    for character in line { stage.type(String(character)) }
    for _ in 0..<40 { stage.type(Keys.left) }
    for character in "math.floor(2.5) " { stage.type(String(character)) }
    for _ in 0..<16 { stage.type("\u{7f}") }
    #expect(stage.problem == nil)
    let average = (stage.bytesSent - before) / (line.count + 72)
    print("bytes sent for each key: \(average)")
    #expect(average <= 100)
  }
}
