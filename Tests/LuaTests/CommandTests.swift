import Foundation
import Testing

@testable import Lua

@Suite("The command, as a process", .enabled(if: Program.exists), .serialized)
struct CommandTests {
  @Test("options are parsed as lua parses them")
  func options() throws {
    #expect(try Program.run(["-e", "print(1)", "-eprint(2)"]).output == "1\n2\n")
    #expect(try Program.run(["-v"]).output.hasPrefix("Lua 5.4"))
    #expect(
      try Program.run(["-lstring", "-l", "m=math", "-e", "print(m.pi > 3, string)"]).code == 0)
    #expect(try Program.run(["-W", "-e", "warn('x')"]).errors == "Lua warning: x\n")
    #expect(try Program.run(["-e", "warn('x')"]).errors == "")
    for (arguments, message) in [
      (["-z"], "unrecognized option '-z'"), (["-e"], "'-e' needs argument"),
      (["-l"], "'-l' needs argument"), (["-Ex"], "unrecognized option '-Ex'"),
      (["---"], "unrecognized option '---'"), (["--memory", "x"], "--memory: 'x' is not a size"),
    ] {
      let result = try Program.run(arguments)
      #expect(result.code == 1)
      #expect(result.errors.contains(message), "\(result.errors)")
    }
  }

  @Test("arg has the script at 0, its arguments above and the options below")
  func argumentTable() throws {
    let result = try Program.run(
      ["-e", "x = 1", "-", "a", "b"], input: "print(arg[0], arg[1], arg[-1], #arg, ...)")
    #expect(result.output == "-\ta\tx = 1\t2\ta\tb\n")
  }

  @Test("environment variables are used, and ignored with -E")
  func environment() throws {
    let variables = ["LUA_INIT": "X = 3", "LUA_PATH": "here/?.lua"]
    #expect(
      try Program.run(["-e", "print(X, package.path)"], environment: variables).output
        == "3\there/?.lua\n")
    #expect(
      try Program.run(["-E", "-e", "print(X, #package.path > 20)"], environment: variables).output
        == "nil\ttrue\n")
    let versioned = ["LUA_INIT": "X = 3", "LUA_INIT_5_4": "X = 4"]
    #expect(try Program.run(["-e", "print(X)"], environment: versioned).output == "4\n")
  }

  @Test("exit codes are those of os.exit, 1 for an error and 0 otherwise")
  func exitCodes() throws {
    for (source, code) in [
      ("os.exit(3)", 3), ("os.exit(true)", 0), ("os.exit(false)", 1), ("os.exit(true, true)", 0),
      ("os.exit(7, true)", 7), ("error('x')", 1), ("error{}", 1), ("x =", 1), ("return", 0),
      ("task.spawn(error, 'unseen')", 1),
    ] as [(String, Int32)] {
      #expect(try Program.run(["-e", source]).code == code, "\(source)")
    }
    #expect(try Program.run(["nowhere.lua"]).code == 1)
  }

  @Test("messages are those of lua, with a traceback")
  func messages() throws {
    let text = try Program.run(["-e", "error('x')"]).errors
    #expect(text.contains(": (command line):1: x\nstack traceback:\n\t[C]: in function 'error'\n"))
    #expect(text.hasSuffix("\t(command line):1: in main chunk\n\t[C]: in ?\n"))
    #expect(try Program.run(["-e", "error{}"]).errors.contains("(error object is a table value)"))
    let own = "error(setmetatable({}, {__tostring = function() return 'mine' end}))"
    #expect(try Program.run(["-e", own]).errors.hasSuffix(": mine\n"))
    let number = "error(setmetatable({}, {__tostring = function() return 1 end}))"
    #expect(
      try Program.run(["-e", number]).errors
        .contains(": (error object is a table value)\nstack traceback:"))
  }

  @Test("a text from __tostring is shown without a traceback, and bytes are shown unchanged")
  func messageBytes() throws {
    #expect(
      try Program.run(["-e", "error(io.stdout)"]).errors.split(separator: "\n").count == 1)
    #expect(try Program.run(["-e", "error('a\\0b', 0)"]).errors.contains(": a\0b\nstack"))
    let shown = try Program.run(
      ["-i"], input: "#'\u{e9}'\n", environment: ["LUA_INIT": "print(pcall(error, '\\xe9'))"])
    #expect(shown.output.contains("\n> #'\u{e9}'\n2\n"))
    let raw =
      "(\"$0\" -e \"error('\\\\xe9\\\\0', 0)\" 2>&1; printf \"print('\\351')\" | \"$0\" -i) | LC_ALL=C grep -ac \"$(printf '\\351')\""
    guard let path = Program.path else { return }
    #expect(try Program.run(["-c", raw, path], path: "/bin/sh").output == "3\n")
  }

  @Test("chunks, file names and arguments need not be UTF-8")
  func anyBytes() throws {
    guard let path = Program.path else { return }
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("arguments-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let commands = """
      odd=$(printf '\\351')
      printf 'print(#arg[0], #arg[1])' > "$odd.lua"
      printf 'return 7' > "m$odd.lua"
      "$0" "$odd.lua" "$odd"
      "$0" -e "print(('$odd'):byte())"
      LUA_PATH='./?.lua' "$0" -l "$odd=m$odd" -e "print(_G['$odd'])"
      LUA_INIT="print(#'$odd')" "$0" -e ''
      LUA_INIT="@$odd.lua" "$0" "$odd.lua" x
      """
    let result = try Program.run(["-c", commands, path], path: "/bin/sh", folder: folder)
    #expect(result.output == "5\t1\n233\n7\n1\n5\t1\n5\t1\n", "\(result.errors)")
  }

  @Test(
    "a standard stream that is closed stays useless, and is nothing else", .timeLimit(.minutes(1)))
  func closedStreams() throws {
    guard let path = Program.path else { return }
    let commands = """
      "$0" -i <&- ; echo $?
      "$0" -e 'print(io.read())' <&-
      "$0" -e 'io.stderr:write(tostring(io.write("x") and io.stdout:flush()), "\\n")' 2>&1 >&-
      """
    let result = try Program.run(["-c", commands, path], path: "/bin/sh")
    #expect(result.output.contains("\n> \n0\nnil\tBad file descriptor\t9\nnil\n"), "\(result)")
  }

  @Test("a script's arguments are the raw elements of arg")
  func rawArguments() throws {
    let change = "setmetatable(arg, {__index = print, __len = function() return 2 end})"
    #expect(try Program.run(["-e", change, "-", "a"], input: "print(...)").output == "a\tnil\n")
    let odd = "setmetatable(arg, {__len = function() return 'x' end})"
    let result = try Program.run(["-e", odd, "-"], input: "print(...)")
    #expect(result.code == 1)
    #expect(result.errors.contains("object length is not an integer"))
  }

  @Test("os.exit with true closes variables, and finalizers run at the end")
  func closing() throws {
    let source = """
      setmetatable({}, {__gc = function() print("collected") end})
      local c <close> = setmetatable({}, {__close = function() print("closed") end})
      os.exit(true, true)
      """
    #expect(try Program.run(["-"], input: source).output == "closed\ncollected\n")
  }

  @Test("the first line of a script may be a shebang")
  func firstLine() throws {
    #expect(
      try Program.run(["-"], input: "#!/usr/bin/env imagine\nprint(debug.getinfo(1).currentline)")
        .output == "2\n")
  }

  @Test("interactive mode from a pipe shows prompts, lines and values")
  func interactive() throws {
    let result = try Program.run(["-i"], input: "x =\n3\nx\n=x\nerror('no')\nlocal t = {\n}\n")
    #expect(
      result.output.split(separator: "\n", maxSplits: 1)[1]
        == "> x =\n>> 3\n> x\n3\n> =x\n3\n> error('no')\n> local t = {\n>> }\n> \n")
    #expect(result.errors.hasPrefix("stdin:1: no\nstack traceback:"))
    #expect(result.code == 0)
  }

  @Test("a memory limit is Lua's own error")
  func memoryLimit() throws {
    let result = try Program.run(
      ["--memory=8M", "-e", "print(pcall(string.rep, 'x', 1 << 28))"])
    #expect(result.output == "false\tnot enough memory\n")
  }

  @Test(
    "a time limit ends",
    arguments: [
      "while true do end", "while true do pcall(function() while true do end end) end",
      "task.sleep(60)", "io.read()", "coroutine.wrap(function() while true do end end)()",
      "os.execute('sleep 60')", "io.popen('sleep 60'):read('a')",
      "setmetatable({}, {__gc = function() while true do end end})",
      "string.find(string.rep('a', 200000), '.*.*.*b')",
    ])
  func timeLimit(source: String) throws {
    let start = ContinuousClock.now
    #expect(try Program.runHoldingInput(["--timeout", "200ms", "-e", source]) == 1)
    #expect(ContinuousClock.now - start < .seconds(20))
  }

  @Test("the command reports why it exits when a script cannot be interrupted")
  func uninterruptible() throws {
    let result = try Program.run(
      ["--timeout", "200ms", "-e", "string.find(string.rep('a', 200000), '.*.*.*b')"])
    #expect(result.code == 1)
    #expect(result.errors.contains("timeout: the run took longer than 0.2 seconds"))
  }

  @Test("a task's own timeout that nobody catches is no timeout of the run")
  func timeoutOfATask() throws {
    let result = try Program.run(["-e", "task.timeout(0.05, task.sleep, 10)"])
    #expect(result.code == 1)
    #expect(!result.errors.contains("timeout: exited"), "\(result.errors)")
  }

  @Test("an unrepresentably long time limit is a usage error", arguments: ["1e30", "1e300h"])
  func endlessTimeLimit(time: String) throws {
    let result = try Program.run(["--timeout", time, "-e", ""])
    #expect(result.errors.contains("--timeout: '\(time)' is not a time such as 30s or 500ms"))
  }

  @Test("the first Ctrl-C raises once, and the second exits with 130")
  func interrupts() throws {
    let caught = try Interrupted.run(
      "io.stdout:setvbuf('line') pcall(function() print('go') while true do end end) print('after')",
      signals: 1)
    #expect(caught.output == "go\nafter\n")
    #expect(caught.code == 0)
    let stubborn = try Interrupted.run(
      """
      io.stdout:setvbuf('line')
      local function stuck() string.find(string.rep('a', 200000), '.*.*.*b') end
      pcall(function() print('go') stuck() end)
      stuck()
      """,
      signals: 2)
    #expect(stubborn.code == 130)
    let plain = try Interrupted.run("print('go') io.stdout:flush() task.sleep(60)", signals: 1)
    #expect(plain.code == 1)
    #expect(plain.errors.contains("interrupted!"))
  }

  /// Starts a script in the shell, sends it signals after its first line, and returns how the shell
  /// reports its end.
  private func end(
    _ script: String, by signals: String, before: String = "", input: String = "</dev/null"
  ) throws -> String {
    guard let path = Program.path else { return "" }
    let commands = """
      \(before) mkfifo "$2/out"
      "$0" -e "$1" \(input) >"$2/out" 2>"$2/err" &
      pid=$!
      exec 3<"$2/out"
      read -r line <&3
      for signal in \(signals); do kill -$signal $pid; sleep 0.3; done
      cat <&3
      wait $pid
      echo "code $?"
      """
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("signals-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    return try Program.run(["-c", commands, path, script, folder.path], path: "/bin/sh").output
  }

  @Test("SIGTERM and SIGHUP end a script, and the process", arguments: ["TERM", "HUP"])
  func termination(signal: String) throws {
    let code = signal == "TERM" ? "code 143\n" : "code 129\n"
    let go = "print('go') io.stdout:flush() "
    for script in [
      "while true do end", "task.sleep(60)", "os.execute('sleep 60')",
      "io.popen('sleep 60'):read('a')", "while true do pcall(function() while true do end end) end",
    ] {
      #expect(try end(go + script, by: signal) == code, "\(script)")
    }
    // It may tidy up, and what it printed is not lost.
    let tidy = "local c <close> = setmetatable({}, {__close = function() print('closed') end}) "
    #expect(try end(tidy + go + "task.sleep(60)", by: signal) == "closed\n" + code)
    // Where it waits in C for ever, a second signal ends it at once.
    let stuck = "string.find(string.rep('a', 200000), '.*.*.*b')"
    #expect(try end(go + stuck, by: "\(signal) \(signal)") == code)
    // As under nohup it stays ignored.
    let ignored = try end(
      go + "task.sleep(0.5) print('done')", by: signal, before: "trap '' \(signal);")
    #expect(ignored == "done\ncode 0\n")
  }

  @Test("SIGTERM ends a process that waits for input, and its children", arguments: [true, false])
  func terminationWhileReading(isInteractive: Bool) throws {
    let mark = "3600.\(UInt32.random(in: 100_000...999_999))"
    let script = "print('go') io.stdout:flush() os.execute('sleep \(mark)')"
    let output = try end(
      isInteractive ? "print('go') io.stdout:flush()" : script, by: "TERM",
      before: isInteractive ? "mkfifo $2/in; exec 9<>$2/in;" : "",
      input: isInteractive ? "-i <&9" : "")
    #expect(output.hasSuffix("code 143\n"))
    #expect(try Program.run(["-f", mark], path: "/usr/bin/pgrep").output == "")
  }

  @Test("Ctrl-C is handled even if it was inherited as ignored")
  func inheritedIgnored() throws {
    guard let path = Program.path else { return }
    let script =
      "trap '' INT; \"$0\" -e \"print('go') io.stdout:flush() while true do end\" & "
      + "pid=$!; sleep 1; kill -INT $pid; wait $pid; echo code $?"
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", script, path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    #expect(text == "go\ncode 1\n")
  }
}

/// A run of the program that is sent SIGINT after its first line.
enum Interrupted {
  static func run(_ source: String, signals: Int) throws -> Program.Result {
    let process = try Program.make(["-e", source])
    let (output, errors) = (Pipe(), Pipe())
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = errors
    try process.run()
    var text = Data()
    while !text.contains(UInt8(ascii: "\n")) {
      let more = output.fileHandleForReading.availableData
      if more.isEmpty { break }
      text.append(more)
    }
    for number in 0..<signals {
      // Two signals at once would be one.
      if number > 0 { Thread.sleep(forTimeInterval: 0.2) }
      process.interrupt()
    }
    let reading = Reading(errors.fileHandleForReading)
    text.append(output.fileHandleForReading.readDataToEndOfFile())
    let err = reading.result()
    process.waitUntilExit()
    return Program.Result(
      output: String(decoding: text, as: UTF8.self), errors: String(decoding: err, as: UTF8.self),
      code: process.terminationReason == .exit
        ? process.terminationStatus : -process.terminationStatus)
  }
}
