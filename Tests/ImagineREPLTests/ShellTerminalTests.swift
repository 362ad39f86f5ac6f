import Foundation
import Testing

@testable import ImagineREPL

/// The prompt beside other programs that use its terminal.
@Suite("The prompt, a shell and a pager", .enabled(if: ScreenTerminal.program != nil), .serialized)
struct ShellTerminalTests {
  @Test("Ctrl-Z gives the terminal back to the shell, and fg the line back to the prompt")
  func jobControl() throws {
    let terminal = try ScreenTerminal(
      ["--norc", "--noprofile", "-i"], environment: ["PS1": "shell: ", "PS2": "more: "],
      program: "/bin/bash")
    try terminal.expect(last: "shell:")
    terminal.type("\(try #require(ScreenTerminal.program)) -e 'x = 40' -i\r")
    try terminal.expect(last: ">")
    terminal.type("x + ")
    try terminal.expect(last: "> x +")
    terminal.type(Keys.control("z"))
    try terminal.expect(last: "shell:")
    // The shell's terminal echoes and edits as before.
    terminal.type("echo $((20 + 1))\r")
    try terminal.expect(last: "21", "shell:")
    terminal.type("fg\r")
    try terminal.expect(last: "> x +")
    terminal.type("2\r")
    try terminal.expect(last: "42", ">")
    terminal.type(Keys.control("d"))
    try terminal.expect(last: "shell:")
    terminal.type("stty -a | grep -c ' icanon'; exit\r")
    try terminal.expect(row: "1")
    #expect(terminal.end() == 0)
  }

  @Test("a pager that a statement starts has the keys until it ends")
  func pager() throws {
    let terminal = try ScreenTerminal(rows: 12)
    try terminal.expect(last: ">")
    terminal.type("os.execute('seq 1 40 | more')\r")
    try terminal.expect("the first page") { $0.lines.contains { $0.hasPrefix("--More--") } }
    terminal.type(" ")
    try terminal.expect(row: "20")
    terminal.type("q")
    try terminal.expect(last: "true, \"exit\", 0", ">")
    terminal.type("'typed'\r")
    try terminal.expect(last: "> 'typed'", "\"typed\"", ">")
  }
}
