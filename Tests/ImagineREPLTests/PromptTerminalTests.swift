import Foundation
import Testing

@testable import ImagineREPL

@Suite("The prompt at a terminal", .enabled(if: ScreenTerminal.program != nil), .serialized)
struct PromptTerminalTests {
  private static let controlC = Keys.control("c")

  @Test("values, locals and errors")
  func session() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type("1 + 2\r")
    try terminal.expect(last: "> 1 + 2", "3", ">")
    terminal.type("local x = 4\r" + "x * 2\r")
    try terminal.expect(last: "> x * 2", "8", ">")
    terminal.type("for i = 1, 2 do\rprint(i)\rend\r")
    try terminal.expect(last: "> for i = 1, 2 do", "    print(i)", "  end", "1", "2", ">")
    terminal.type("y = nowhere.x\r")
    try terminal.expect(last: "  y = nowhere.x", "      ^^^^^^^", ">")
    terminal.type("do io.write('no end') end\r")
    try terminal.expect(last: "no end⏎", ">")
    terminal.type(Keys.control("d"))
    #expect(terminal.end() == 0)
  }

  @Test("a paste of 500 lines, and one with an end mark within, run only by Enter")
  func paste() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type(Keys.pasted((1...500).map { "n = \($0)" }.joined(separator: "\n")))
    try terminal.expect(last: "  n = 500")
    terminal.type("\r" + "n\r")
    try terminal.expect(last: "> n", "500", ">")
    terminal.type("\u{1b}[200~print('a')\u{1b}[201~\n\u{3}\u{1b}[201~")
    try terminal.expect(last: ">")
    terminal.type("'whole'\r")
    try terminal.expect(last: "\"whole\"", ">")
  }

  @Test("output of a task appears above the line, which is not lost")
  func background() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type(
      "c = task.channel(1) t = task.spawn(function() while true do print(c:receive()) end end)\r")
    try terminal.expect(last: ">")
    terminal.type("u = task.spawn(function() task.sleep(0.3) c:send('from afar') end)\r")
    terminal.type("half a line")
    try terminal.expect(last: "from afar", "> half a line")
    terminal.type(Self.controlC)
    try terminal.expect(last: "> half a line", ">")
    terminal.type(Keys.up)
    try terminal.expect(last: "> half a line")
    terminal.type(Self.controlC + ":jobs\r")
    try terminal.expect("a line of the task") { screen in
      screen.lines.contains { $0.hasPrefix("task 1 ") }
    }
    terminal.type(Keys.control("d"))
    try terminal.expect(row: "Ctrl-D again cancels them and leaves")
    terminal.type(Keys.control("d"))
    #expect(terminal.end() == 0)
  }

  @Test("Ctrl-C ends a statement that runs, waits or reads, and the session goes on")
  func controlC() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type(Self.controlC)
    try terminal.expect(last: "Ctrl-D leaves", ">")
    for statement in ["while true do end", "task.sleep(60)", "io.read()"] {
      terminal.type("print 'go' \(statement)\r")
      try terminal.expect(row: "go")
      terminal.type(Self.controlC)
      try terminal.expect("interrupted") { screen in
        screen.lines.contains { $0.contains("interrupted!") } && shown(screen) == ">"
      }
      terminal.type(Keys.control("l"))
      try terminal.expect("an empty screen") { $0.lines.filter { !$0.isEmpty } == [">"] }
    }
    terminal.type("6 * 7\r")
    try terminal.expect(last: "42", ">")
  }

  @Test("Ctrl-C ends a child of the statement, and then the statement; the session goes on")
  func child() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type("os.execute('echo ready; exec sleep 60')\r")
    try terminal.expect(row: "ready")
    terminal.type(Self.controlC)
    try terminal.expect("interrupted") { screen in
      screen.lines.contains { $0.contains("interrupted!") } && shown(screen) == ">"
    }
    terminal.type("6 * 7\r")
    try terminal.expect(last: "42", ">")
  }

  private func shown(_ screen: ScreenEmulator) -> String? { screen.lines.last { !$0.isEmpty } }

  @Test("Ctrl-D that is typed while a statement runs ends the session after it")
  func controlDAhead() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type("print 'go' task.sleep(0.2)\r")
    try terminal.expect(row: "go")
    terminal.type(Keys.control("d"))
    #expect(terminal.end() == 0)
  }

  @Test("a task that keeps Lua busy: Ctrl-C drops the statement and names the task")
  func busyTask() throws {
    let terminal = try ScreenTerminal(columns: 90)
    try terminal.expect(last: ">")
    terminal.type("t = task.spawn(function() task.sleep(0.1) while true do end end)\r")
    try terminal.expect(last: ">")
    usleep(300_000)
    terminal.type("'never'\r")
    usleep(300_000)
    terminal.type(Self.controlC)
    try terminal.expect(
      row: "the statement was dropped: task 1 keeps Lua busy; :cancel 1 ends it")
    terminal.type(":cancel 1\r")
    terminal.type("'again'\r")
    try terminal.expect(last: "\"again\"", ">")
  }

  @Test("io.read at the prompt reads what is typed, and what is typed ahead is kept")
  func reading() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type("print('what?') return io.read() .. '!'\r")
    try terminal.expect(row: "what?")
    terminal.type("typed\r")
    try terminal.expect(last: "\"typed!\"", ">")
    terminal.type("return io.read() .. '?'\r" + "ahead of the prompt\r" + "'next'\r")
    try terminal.expect(last: "\"ahead of the prompt?\"", "> 'next'", "\"next\"", ">")
    terminal.type("task.sleep(0.2)\r" + "'ahead'\r")
    try terminal.expect(last: "\"ahead\"", ">")
  }

  @Test("completion, search and history across sessions")
  func completion() throws {
    let home = try ScreenTerminal.makeHome()
    let first = try ScreenTerminal(home: home)
    try first.expect(last: ">")
    first.type("string.rev\t('abc')\r")
    try first.expect(last: "> string.reverse('abc')", "\"cba\"", ">")
    first.type("imagine.generate{styl\t")
    try first.expect(row: "> imagine.generate{style =")
    first.type("'an\t")
    try first.expect(row: "> imagine.generate{style = 'anime")
    first.type(Self.controlC + Keys.control("d"))
    #expect(first.end() == 0)
    let second = try ScreenTerminal(home: home)
    try second.expect(last: ">")
    second.type("str")
    try second.expect(last: "> string.reverse('abc')")
    second.type(Keys.control("u") + Keys.control("r") + "rever")
    try second.expect(last: "> string.reverse('abc')", "search: rever")
    second.type("\r")
    try second.expect(last: "\"cba\"", ">")
  }

  @Test("inside a call its parameters are shown: of a script's function, and of Lua's own")
  func parameters() throws {
    let terminal = try ScreenTerminal(columns: 80)
    try terminal.expect(last: ">")
    terminal.type("t = {} function t:move(x, y, ...) end\r" + "t:move(")
    try terminal.expect(last: "> t:move(", "t:move(x, y, ...)")
    terminal.type(Self.controlC + "print(tonumber(")
    try terminal.expect(
      last: "> print(tonumber(", "tonumber(v [, base]): the number in a text; nil if it is none")
  }

  @Test("a resize in a wide character, and hostile output")
  func resize() throws {
    let terminal = try ScreenTerminal(columns: 30, rows: 10)
    try terminal.expect(last: ">")
    terminal.type("s = '漢字漢字漢字漢字漢字'")
    try terminal.expect(last: "> s = '漢字漢字漢字漢字漢字'")
    terminal.resize(columns: 13, rows: 10)
    try terminal.expect(last: "> s = '漢字漢", "字漢字漢字漢", "字'")
    terminal.type(Self.controlC + "'\\27]0;evil\\7\\27[2J'\r")
    try terminal.expect("the escapes as text") { screen in
      screen.lines.contains { $0.contains("\"\\x1b]0;evi") }
    }
  }

  @Test("late and split replies of the terminal never become text")
  func replies() throws {
    let terminal = try ScreenTerminal()
    try terminal.expect(last: ">")
    terminal.type("a\u{1b}]11;rgb:ff")
    usleep(20_000)
    terminal.type("ff/0000/0000\u{1b}\\b\u{1b}[?62;4cc\u{1b}_Gi=1;OK\u{1b}\\")
    terminal.type("d")
    try terminal.expect(last: "> abcd")
  }

  @Test("Ctrl-Z stops, and goes on with the line when it is continued")
  func suspend() throws {
    let terminal = try ScreenTerminal(["-e", "x = 1", "-i"])
    try terminal.expect(last: ">")
    terminal.type("half" + Keys.control("z"))
    var status: Int32 = 0
    // A process group without a shell may not be stopped by SIGTSTP; then it goes on at once.
    for _ in 0..<100 where waitpid(terminal.process, &status, WUNTRACED | WNOHANG) == 0 {
      usleep(5000)
    }
    kill(terminal.process, SIGCONT)
    terminal.type("!")
    try terminal.expect(last: "> half!")
  }

  @Test("SIGTERM restores the terminal and keeps the line in the history")
  func termination() throws {
    let home = try ScreenTerminal.makeHome()
    let terminal = try ScreenTerminal(home: home)
    try terminal.expect(last: ">")
    terminal.type("unfinished(")
    try terminal.expect(last: "> unfinished(")
    kill(terminal.process, SIGTERM)
    #expect(terminal.end() == -SIGTERM)
    let file = try String(
      contentsOfFile: "\(home)/.local/state/imagine/history.jsonl", encoding: .utf8)
    #expect(file.contains("unfinished("))
  }

  @Test("repl.lua runs at the start; -i runs a script and stays")
  func start() throws {
    let home = try ScreenTerminal.makeHome()
    let folder = "\(home)/.config/imagine"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try "mine = 'configured'".write(toFile: "\(folder)/repl.lua", atomically: true, encoding: .utf8)
    try "script = 'ran'".write(toFile: "\(home)/s.lua", atomically: true, encoding: .utf8)
    let terminal = try ScreenTerminal(["-i", "\(home)/s.lua"], home: home)
    try terminal.expect(last: ">")
    terminal.type("mine .. script\r")
    try terminal.expect(last: "\"configuredran\"", ">")
  }

  @Test("runs that did not end are announced once; runs are listed in columns at a terminal")
  func announcements() throws {
    let home = try ScreenTerminal.makeHome()
    let script = "\(home)/long.lua"
    try "imagine.generate{ prompt = 'x', seed = 1 }".write(
      toFile: script, atomically: true, encoding: .utf8)
    let killed = try ScreenTerminal(
      [script], home: home, environment: ["IMAGINE_KILL_AT": "stored:1"])
    #expect(killed.end() == -SIGKILL)
    for isFirst in [true, false] {
      let terminal = try ScreenTerminal(columns: 150, home: home)
      try terminal.expect(last: ">")
      terminal.type("'ready'\r")
      try terminal.expect("the end of the statement, and what is to be told") { screen in
        screen.lines.contains("\"ready\"")
          && (!isFirst || screen.lines.contains { $0.hasPrefix("unfinished run ") })
      }
      #expect(isFirst || !terminal.shownLines.contains { $0.hasPrefix("unfinished run ") })
      terminal.type(Keys.control("d"))
      #expect(terminal.end() == 0)
    }
    let list = try ScreenTerminal(["runs"], columns: 60, home: home)
    #expect(list.end() == 0)
    #expect(list.shownLines.count == 2, "\(list.shownLines)")
    #expect(
      list.shownLines.first?.split(separator: " ").map(String.init)
        == ["RUN", "STATE", "STARTED", "ANSWERED", "SPENT", "SCRIPT"])
    #expect(list.shownLines.last?.contains("  died ") == true)
    #expect(list.shownLines.last?.contains("just now") == true)
    #expect(list.screen.faults == [])
  }

  /// A prompt that asks before a call of its provider. Nothing listens there: a call that is made
  /// fails, and costs nothing.
  private func shopTerminal() throws -> ScreenTerminal {
    let home = try ScreenTerminal.makeHome()
    let folder = "\(home)/.config/imagine"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try """
    provider = "shop"
    [providers.shop]
    kind = "imagine"
    base_url = "http://127.0.0.1:9/v2"
    token_env = "SHOP_TOKEN"
    prices = { unit = "tokens", generate = 30 }
    [repl]
    ask_above = 20
    """.write(toFile: "\(folder)/config.toml", atomically: true, encoding: .utf8)
    let terminal = try ScreenTerminal(columns: 100, home: home, environment: ["SHOP_TOKEN": "abc"])
    try terminal.expect(last: ">")
    return terminal
  }

  @Test("with ask_above the session asks before it spends more, and No is an error of the call")
  func askAbove() throws {
    let terminal = try shopTerminal()
    for (key, outcome) in [("n", "budget"), ("y", "connection")] {
      terminal.type("ok, e = pcall(imagine.generate, { prompt = 'a cat', retries = 0 })\r")
      try terminal.expect("the question") { screen in
        screen.lines.last { !$0.isEmpty }?.contains("beyond 20 tokens; make it? y/n") == true
      }
      terminal.type("x" + key)
      try terminal.expect(last: ">")
      terminal.type("e.kind\r")
      try terminal.expect(last: "\"\(outcome)\"", ">")
      // The greeting has named the provider.
      #expect(!terminal.screen.lines.contains { $0.hasPrefix("imagine: provider") })
      terminal.type(Keys.control("l"))
    }
  }

  @Test("keys that were typed before a question do not answer it, and are for the prompt")
  func typedBeforeQuestion() throws {
    let terminal = try shopTerminal()
    terminal.type(
      "print 'go' task.sleep(0.3) ok, e = pcall(imagine.generate, { prompt = 'x', retries = 0 })\r")
    try terminal.expect(row: "go")
    terminal.type("y = 3")
    try terminal.expect("the question") { screen in
      screen.lines.contains { $0.contains("beyond 20 tokens; make it? y/n") }
    }
    terminal.type("n")
    try terminal.expect("the line") { screen in screen.lines.last { !$0.isEmpty } == "> y = 3" }
    terminal.type("\r")
    try terminal.expect(last: ">")
    terminal.type("y, e.kind\r")
    try terminal.expect(last: "3, \"budget\"", ">")
  }

  @Test("a task that is cancelled where it has stopped gives the prompt back")
  func cancelledStop() throws {
    let terminal = try ScreenTerminal(columns: 100)
    try terminal.expect(last: ">")
    terminal.type("t = task.spawn(function() imagine.repl() end)\r")
    try terminal.expect(last: "stop>")
    terminal.type(":cancel 1\r")
    try terminal.expect("the prompt") { screen in screen.lines.last { !$0.isEmpty } == ">" }
    terminal.type("6 * 7\r")
    try terminal.expect(last: "42", ">")
  }

  @Test("TERM=dumb and --plain send no escape sequence")
  func plain() throws {
    for (arguments, variables) in [([], ["TERM": "dumb"]), (["--plain"], [:])]
      as [([String], [String: String])]
    {
      let terminal = try ScreenTerminal(arguments, environment: variables)
      try terminal.expect("a prompt") { $0.lines.contains { $0 == ">" } }
      terminal.type("1 + 1\n")
      try terminal.expect(last: "2", ">")
      #expect(terminal.screen.faults.filter { $0 != "wrapped" } == [])
      terminal.type(Keys.control("d"))
      #expect(terminal.end() == 0)
    }
  }
}
