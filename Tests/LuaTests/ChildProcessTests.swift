import Foundation
import Testing

@testable import Lua

/// `os.execute` and `io.popen` behave as in lua5.4, and other tasks run meanwhile.
@Suite("Child processes of scripts", .timeLimit(.minutes(1)))
struct ChildProcessTests {
  private static let script = """
    local function show(...)
      local values = table.pack(...)
      for i = 1, values.n do values[i] = tostring(values[i]) end
      print(table.concat(values, " "))
    end
    local function try(f, ...) show(select(2, pcall(f, ...))) end
    show(os.execute())
    show(os.execute(nil))
    for _, command in ipairs {"true", "exit 3", "kill -9 $$", "nowhere-12", "exit 300", "", 5} do
      show(os.execute(command .. " 2>/dev/null"))
    end
    show(os.execute("true\\0false"))
    try(os.execute, {})
    try(os.execute, print)
    show(io.popen("exit 4"):close())
    show(io.popen("kill -15 $$"):close())
    show(io.popen("nowhere-12 2>/dev/null"):close())
    try(io.popen)
    try(io.popen, "x", "rw")
    try(io.popen, "x", "")
    try(io.popen, {}, "r")
    local p = io.popen("printf 'a 12\\nbc\\n\\nrest of it'; exit 2")
    show(io.type(p), p:read("l"), p:read(1), p:read("L"), p:read("l"), p:read("a"), p:read("a"),
      p:read("l"))
    show(p:seek("cur"))
    show(p:write("x"))
    show(p:close())
    show(io.type(p), pcall(p.read, p))
    local lines = {}
    for line in io.popen("seq 1 3000"):lines() do lines[#lines + 1] = line end
    show(#lines, lines[3000])
    show(io.popen("echo 17 0x1F 3.5e1 z"):read("n", "n", "n", "n"))
    local w = io.popen("cat", "w")
    w:setvbuf("no")
    w:write("into ", 1, "\\n")
    show(w:close())
    local big = io.popen("wc -c | tr -d ' '", "w")
    big:write(("x"):rep(1000000))
    show(big:close())
    show(#io.popen("head -c 300000 /dev/zero"):read("a"))
    do local c <close> = io.popen("echo closed; cat >/dev/null") show(c:read()) end
    os.execute("echo input; cat")
    """

  @Test("behave as in lua5.4", .enabled(if: Program.reference != nil && Program.exists))
  func semantics() throws {
    let path = FileManager.default.temporaryDirectory
      .appendingPathComponent("programs-\(UUID().uuidString).lua")
    try Self.script.write(to: path, atomically: true, encoding: .utf8)
    defer { try? FileManager.default.removeItem(at: path) }
    for prefix in ["", "task = task or {spawn = function(f) return {await = f} end} "] {
      let source = "\(prefix)dofile(arg[1])"
      let arguments = ["-e", "arg = {'\(path.path)'} \(source)"]
      let ours = try Program.run(arguments, input: "from stdin\n")
      let theirs = try Program.run(arguments, input: "from stdin\n", path: Program.reference)
      #expect(ours.output == theirs.output)
      #expect(ours.code == theirs.code)
      #expect(ours.errors == theirs.errors)
    }
  }

  /// Runs a script; returns the seconds it took by its own clock, and its results.
  private static func run(_ source: String) async throws -> [LuaValue] {
    try await runLua(source, configuration: LimitTests.quick)
  }

  @Test("other tasks run while one waits for a child process")
  func others() async throws {
    for wait in ["os.execute('sleep 0.3')", "io.popen('sleep 0.3; echo x'):read('a')"] {
      let results = try await Self.run(
        """
        local done = false
        local turns = 0
        task.all {
          function() \(wait) done = true end,
          function() while not done do task.sleep(0.01) turns = turns + 1 end end,
        }
        return turns > 3
        """)
      #expect(results == [true], "\(wait)")
    }
  }

  @Test("several run concurrently and end in any order")
  func several() async throws {
    let results = try await Self.run(
      """
      local codes = task.map({3, 1, 2}, function(i)
        local _, _, code = os.execute("sleep 0." .. i .. "; exit " .. i)
        return code
      end)
      local texts = task.map({3, 1, 2}, function(i)
        local p <close> = io.popen("sleep 0." .. i .. "; echo " .. i)
        return p:read("a")
      end)
      return codes[1], codes[2], codes[3], table.concat(texts)
      """)
    #expect(results == [3, 1, 2, "3\n1\n2\n"])
  }

  @Test(
    "a child that takes too long is killed with its descendants, and reaped",
    arguments: [
      "os.execute(command)", "io.popen(command):read('a')", "io.popen(command):read()",
      "io.popen(command):close()", "io.popen(command, 'w'):write(('x'):rep(1 << 20))",
      "for line in io.popen(command):lines() do end",
      "coroutine.wrap(os.execute)(command)",
      "table.sort({1, 2}, function() os.execute(command) end)",
    ])
  func timeout(call: String) async throws {
    // The command names itself by a number that nothing else has.
    let mark = "3600.\(UInt32.random(in: 100_000...999_999))"
    let results = try await Self.run(
      """
      local command = "sleep \(mark) & sleep \(mark); true"
      local ok, err = pcall(task.timeout, 0.2, function() \(call) end)
      return ok, err.kind
      """)
    #expect(results == [false, "timeout"])
    #expect(try Program.run(["-f", mark], path: "/usr/bin/pgrep").output == "")
    #expect(waitpid(-1, nil, WNOHANG) <= 0)
  }

  @Test("an interrupt and a close kill it too", arguments: [true, false])
  func interrupt(closes: Bool) async throws {
    let interpreter = try LuaInterpreter(configuration: LimitTests.quick)
    let mark = "3600.\(UInt32.random(in: 100_000...999_999))"
    for call in ["os.execute(command)", "io.popen(command):read('a')"]
    where !closes || call.hasPrefix("os") {
      let started = AsyncEvent()
      let run = Task {
        try await interpreter.run { state in
          try state.globals.set(
            "running",
            to: .init { _ in
              Task { await started.set() }
              return .none
            })
          _ = try state.run("local command = 'sleep \(mark)' running() \(call)", name: "=test")
        }
      }
      await started.wait()
      if closes { interpreter.close() } else { interpreter.interrupt() }
      let error = await #expect(throws: LuaError.self) { try await run.value }
      #expect(error?.kind == (closes ? .closed : .interrupted))
    }
    interpreter.close()
    #expect(try Program.run(["-f", mark], path: "/usr/bin/pgrep").output == "")
  }

  @Test(
    "have the descriptors and signals that they have under lua5.4",
    .enabled(
      if: Program.reference != nil && Program.exists
        && FileManager.default.fileExists(atPath: "/proc/self/fd")))
  func inheritance() throws {
    let look = """
      local look = "ls /proc/self/fd | wc -l; grep -E '^(Sig(Blk|Ign|Cgt)|Umask)' /proc/self/status"
      local function all()
        os.execute(look)
        local p = io.popen(look) io.write(p:read("a")) p:close()
      end
      all()
      if task then task.all {function() task.sleep(0) end, function() task.sleep(0.01) end} end
      all()
      print(os.setlocale(), os.getenv("PWD"))
      """
    let ours = try Program.run(["-e", look])
    let theirs = try Program.run(["-e", look], path: Program.reference)
    #expect(ours.output == theirs.output)
    let ignoring = "trap '' INT QUIT PIPE HUP; exec \"$0\" -e \"$1\""
    guard let path = Program.path, let reference = Program.reference else { return }
    let oursIgnoring = try Program.run(["-c", ignoring, path, look], path: "/bin/sh")
    let theirsIgnoring = try Program.run(["-c", ignoring, reference, look], path: "/bin/sh")
    #expect(oursIgnoring.output == theirsIgnoring.output)
  }
}
