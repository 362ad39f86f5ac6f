import Testing

@Suite("At a terminal", .enabled(if: Program.exists), .serialized)
struct TerminalTests {
  private static let controlC = "\u{3}"
  private static let controlD = "\u{4}"

  @Test("expressions show their value, and an incomplete statement prompts for more")
  func session() throws {
    let terminal = try Terminal(["--plain"])
    try terminal.expect("> ")
    terminal.type("1 + 2\n")
    try terminal.expect("\n3\n> ")
    terminal.type("x = 4\n")
    try terminal.expect("x = 4\n> ")
    terminal.type("for i = 1, 2 do\n")
    try terminal.expect("\n>> ")
    terminal.type("print(i * x) end\n")
    try terminal.expect("\n4\n8\n> ")
    terminal.type("nowhere.field\n")
    try terminal.expect("stdin:1: attempt to index a nil value (global 'nowhere')")
    try terminal.expect("\n> ")
    terminal.type(Self.controlD)
    #expect(terminal.end() == 0)
  }

  @Test("Ctrl-C at a prompt discards what was typed, every time, and Ctrl-D exits")
  func controlCAtPrompt() throws {
    let terminal = try Terminal(["--plain"])
    try terminal.expect("> ")
    for _ in 1...3 {
      terminal.type("half a line")
      try terminal.expect("half a line")
      terminal.type(Self.controlC)
      try terminal.expect("\n> ")
    }
    terminal.type("t = {\n")
    try terminal.expect("\n>> ")
    terminal.type(Self.controlC)
    try terminal.expect("\n> ")
    terminal.type("t\n")
    try terminal.expect("\nnil\n> ")
    terminal.type(Self.controlD)
    #expect(terminal.end() == 0)
  }

  @Test("Ctrl-C ends a statement that runs or waits, and the session continues")
  func controlCInStatement() throws {
    let terminal = try Terminal(["--plain"])
    try terminal.expect("> ")
    for statement in ["while true do end", "task.sleep(60)", "io.read()"] {
      terminal.type("print 'go' \(statement)\n")
      try terminal.expect("\ngo\n")
      terminal.type(Self.controlC)
      try terminal.expect("interrupted!")
      try terminal.expect("\n> ")
    }
    terminal.type("6 * 7\n")
    try terminal.expect("\n42\n> ")
    terminal.type(Self.controlD)
    #expect(terminal.end() == 0)
  }
}
