import Foundation
import PseudoTerminal
import Testing

@testable import ImagineREPL

/// The prompt that is shown while the rest of the program starts.
@Suite("The first prompt", .enabled(if: ScreenTerminal.program != nil))
struct OpeningTerminalTests {
  @Test("takes keys at once, Ctrl-C among them")
  func keys() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type("junk" + Keys.control("c") + "40 + 2\r")
    try terminal.expect(last: "> 40 + 2", "42", ">")
    #expect(terminal.shownLines.contains { $0.hasPrefix("provider ") })
  }

  @Test("leaves its row and the terminal to a message in place of a session")
  func message() throws {
    let terminal = try ScreenTerminal(
      ["--norc", "--noprofile", "-i"], environment: ["PS1": "shell: "], program: "/bin/bash")
    try terminal.expect(last: "shell:")
    terminal.type("IMAGINE_RESUME=maybe \(try #require(ScreenTerminal.program))\r")
    try terminal.expect("the message") { screen in
      screen.lines.contains { $0.hasPrefix("imagine: field 'IMAGINE_RESUME'") }
    }
    try terminal.expect(last: "shell:")
    #expect(!terminal.shownLines.contains(">"))
    terminal.type("stty -a | grep -c ' icanon'; exit\r")
    try terminal.expect(row: "1")
    #expect(terminal.end() == 0)
  }

  @Test("does not precede a script of LUA_INIT, nor plain lines")
  func others() throws {
    let terminal = try ScreenTerminal(environment: ["LUA_INIT": "print 'first'"])
    try terminal.expect(last: ">")
    #expect(terminal.shownLines.first == "first")
    let plain = try ScreenTerminal(environment: ["IMAGINE_PLAIN": "1"])
    try plain.expect(last: ">")
    #expect(plain.shownLines.count == 2)
    #expect(plain.shownLines.first?.hasPrefix("Lua 5.4") == true)
  }
}
