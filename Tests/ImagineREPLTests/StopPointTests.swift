import Foundation
import Testing

@testable import ImagineREPL

@Suite("imagine.repl()", .enabled(if: ScreenTerminal.program != nil), .serialized)
struct StopPointTests {
  let home: String

  init() throws {
    home = try ScreenTerminal.makeHome()
  }

  private func file(_ name: String, _ text: String) throws -> String {
    try text.write(toFile: "\(home)/\(name)", atomically: true, encoding: .utf8)
    return "\(home)/\(name)"
  }

  @Test("stops a script and a task of it, reads and changes their locals, and lets them go on")
  func script() throws {
    let script = try file(
      "s.lua",
      """
      local shared = 1
      local function work(a)
        local b = a + 1
        do local a = 'inner'; imagine.repl(); assert(a == 'changed') end
        print('after ' .. a .. ' ' .. b .. ' ' .. shared)
      end
      work(1)
      local t = task.spawn(function() local own = 'x' imagine.repl() print('task ' .. own) end)
      t:await()
      """)
    let terminal = try ScreenTerminal([script], columns: 110, home: home)
    try terminal.expect(last: "stop>")
    #expect(terminal.shownLines.contains { $0.hasPrefix("stopped at ") && $0.contains("s.lua:4") })
    terminal.type("a, b, shared\r")
    try terminal.expect(last: "\"inner\", 2, 1", "stop>")
    terminal.type("a = 'changed'; b = 20; shared = 30\r")
    terminal.type("local mine = 5\r" + "mine + b\r")
    try terminal.expect(last: "25", "stop>")
    terminal.type("task.sleep(0.01) nowhere.x = 1\r")
    try terminal.expect("an error that does not end the script") { screen in
      screen.lines.contains { $0.hasPrefix("error:") }
        && screen.lines.last { !$0.isEmpty } == "stop>"
    }
    terminal.type(Keys.control("d"))
    try terminal.expect("the task, stopped") { screen in
      screen.lines.contains { $0 == "after 1 20 30" }
        && screen.lines.last { !$0.isEmpty } == "stop>"
    }
    terminal.type("own = own .. 'y'\r" + ":quit\r")
    #expect(terminal.end() == 0)
    #expect(terminal.shownLines.contains("task xy"))
  }

  @Test("stops a function that a statement calls, and the statement ends with its value")
  func session() throws {
    let terminal = try ScreenTerminal(home: home)
    try terminal.expect(last: ">")
    terminal.type("function f(x) local y = x * 2; imagine.repl(); return y end\r" + "f(4)\r")
    try terminal.expect(last: "stop>")
    terminal.type("y = y + 100\r" + ":quit\r")
    try terminal.expect(last: "108", ">")
    terminal.type("1 + 1\r")
    try terminal.expect(last: "2", ">")
  }

  @Test("Ctrl-C ends a statement there, and neither the script nor the stop")
  func interrupt() throws {
    let script = try file("s.lua", "local n = 7 imagine.repl() print('n ' .. n)")
    // Linux may drop what the leader of a session writes right before its end.
    let program = try #require(ScreenTerminal.program)
    let terminal = try ScreenTerminal(
      ["-c", "trap : INT; \(program) \(script); read -r line"], columns: 110, home: home,
      program: "/bin/sh")
    try terminal.expect(last: "stop>")
    terminal.type("print('go') while true do end\r")
    try terminal.expect(row: "go")
    terminal.type(Keys.control("c"))
    try terminal.expect("interrupted") { screen in
      screen.lines.contains { $0.contains("interrupted!") }
        && screen.lines.last { !$0.isEmpty } == "stop>"
    }
    terminal.type("n = 8\r" + ":quit\r")
    try terminal.expect(last: "n 8")
    terminal.type("\r")
    #expect(terminal.end() == 0)
  }

  @Test("without a terminal the script goes on, and says so")
  func noTerminal() throws {
    let script = try file("s.lua", "imagine.repl() print('on')")
    let terminal = try ScreenTerminal(
      ["-c", "\(ScreenTerminal.program ?? "") \(script) < /dev/null"], columns: 150, home: home,
      program: "/bin/sh")
    #expect(terminal.end() == 0)
    #expect(terminal.shownLines.count == 2)
    #expect(terminal.shownLines.first?.contains("there is no terminal to type at") == true)
  }
}
