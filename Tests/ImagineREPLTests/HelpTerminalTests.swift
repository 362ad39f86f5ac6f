import Testing

@testable import ImagineREPL

@Suite("Help at a terminal", .enabled(if: ScreenTerminal.program != nil), .serialized)
struct HelpTerminalTests {
  @Test("about a name, a function, a value and its members")
  func topics() throws {
    let terminal = try ScreenTerminal(columns: 90, rows: 40)
    try terminal.expect(last: ">")
    terminal.type("fs = require 'fs'; list = { task.spawn(print) }; text = 'x'\r")
    try terminal.expect(last: ">")
    let cases = [
      ("?fs.read", "fs.read(path: string): string"),
      ("help(fs.read)", "fs.read(path: string): string"),
      ("help(fs)", "Functions:"), ("?list[1]", "task.handle"), ("help(list[1])", "task.handle"),
      ("?list[1]:await", "task:await()"),
      ("?list[1].status", "there is no help about 'list[1].status'"),
      ("?text:rep", "string.rep(s, n [, sep]): n copies of s, with sep between them"),
      ("help 'string.rep'", "string.rep(s, n [, sep]): n copies of s, with sep between them"),
      ("help(string.rep)", "string.rep(s, n [, sep]): n copies of s, with sep between them"),
      ("?Image:data", "Image:data()"), ("?task.map", "task.map(list, fn, options)"),
      ("?nowhere.x", "there is no help about 'nowhere.x'"),
      ("?text", "there is no more help about \"x\""), ("help 'x'", "there is no help about 'x'"),
      ("help(12)", "there is no more help about 12"), ("?:", "there is no help about ':'"),
    ]
    for (statement, row) in cases {
      terminal.type(Keys.control("l") + "\(statement)\r")
      try terminal.expect("\(statement): \(row)") { screen in
        screen.lines.contains(row) && screen.lines.last { !$0.isEmpty } == ">"
      }
    }
  }
}
