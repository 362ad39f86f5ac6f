import Foundation
import ImagineAPI
import ImagineLua
import Lua
import Testing

@Suite("process")
struct ProcessTests {
  @Test("a program gets its words, input, variables and folder, and gives code and output")
  func whole() throws {
    let folder = try ScratchFolder()
    try runLua(
      #"""
      local process = require "process"
      local done = process.run{ "sh", "-c", "echo out; echo err >&2; exit 3" }
      assert(done.code == 3 and done.out == "out\n" and done.err == "err\n")
      -- More than a pipe holds, both ways.
      local input = ("\0\255x"):rep(100000)
      done = process.run({ "cat" }, { input = input })
      assert(done.code == 0 and done.out == input)
      -- Words are no text of a shell, and any bytes.
      done = process.run{ "printf", "%s|", "a b;$HOME", "\xff\xfe", "" }
      assert(done.out == "a b;$HOME|\xff\xfe||", done.out)
      done = process.run({ "sh", "-c", "echo $A ${HOME-none}; pwd" },
        { env = { A = "x y", HOME = false }, cwd = "ROOT" })
      assert(done.out:find("^x y none\n") and done.out:find("imagine-lua-", 1, true), done.out)
      -- One that does not read its input is no error.
      assert(process.run({ "true" }, { input = input }).code == 0)
      assert(process.run{ "sh", "-c", "kill -9 $$" }.code == 137)
      -- A session of its own, without our terminal and our descriptors.
      if require "fs".exists "/proc/self/stat" then
        done = process.run{ "sh", "-c", "cut -d' ' -f6 /proc/$$/stat; echo $$; ls /proc/$$/fd" }
        local session, id, descriptors = done.out:match("^(%d+)\n(%d+)\n(.*)$")
        assert(session == id and descriptors == "0\n1\n2\n", done.out)
      end
      -- A folder in PATH is no program.
      require "fs".mkdir("ROOT/bin/true")
      assert(process.run({ "true" }, { env = { PATH = "ROOT/bin:/usr/bin:/bin" } }).code == 0)
      """#.replacing("ROOT", with: folder.path))
  }

  @Test("other tasks run while a program does")
  func concurrent() throws {
    try runLua(
      """
      local process = require "process"
      local start, order = os.time(), {}
      local both = task.map({ "0.3", "0" }, function(seconds)
        process.run{ "sleep", seconds }
        order[#order + 1] = seconds
      end)
      assert(order[1] == "0" and order[2] == "0.3")
      """)
  }

  @Test(
    "a wrong argument, and a program that cannot be started, are errors that say why",
    arguments: [
      ("{}", "field 'argv': an empty list"), ("'ls'", "field 'argv': a string is not allowed"),
      ("{ 1 }", "field 'argv[1]': a number"), ("{ '' }", "an empty name"),
      (#"{ "ls", "a\0b" }"#, "field 'argv[2]': a text with a zero byte"),
      ("{ 'no-such-program' }", "is not in a folder of PATH [io]"),
      ("{ '/no/such' }", "cannot start /no/such: No such file or directory [io]"),
      ("{ '/etc' }", "cannot start /etc: Permission denied [io]"),
      ("{ 'ls' }, { cwd = '/no/such' }", "in /no/such: No such file or directory [io]"),
      ("{ 'ls' }, { cwd = '' }", "field 'cwd'"), ("{ 'ls' }, { env = 1 }", "field 'env'"),
      ("{ 'ls' }, { env = { ['a=b'] = 'c' } }", #"field 'env': "a=b""#),
      (
        "{ 'ls' }, { env = { A = {} } }",
        "field 'env.A': a table is not allowed (expected a string, or false)"
      ),
      ("{ 'ls' }, { timeout = 0/0 }", "field 'timeout'"),
      ("{ 'ls' }, { tiemout = 1 }", "did you mean 'timeout'?"), ("{ 'ls' }, {}, 1", "unexpected"),
      ("setmetatable({}, { __index = function() error('no') end })", "no"),
    ])
  func refused(call: String, words: String) throws {
    let fault = try faultOfLua("require 'process'.run(\(call))")
    #expect(fault.contains(words), "\(fault)")
  }

  /// Ignores polite signals, and writes the id of what it has started.
  private static let stubborn = """
    { "sh", "-c", "trap '' TERM INT HUP; sleep 60 & echo $! > FOLDER/new; mv FOLDER/new FOLDER/id; wait" }
    """

  @Test(
    "a timeout, a cancel and the memory limit kill it with all that it has started",
    arguments: [
      ("process.run(STUBBORN, { timeout = 1 })", "did not end within 1.0 seconds"),
      (
        """
        local handle = task.spawn(process.run, STUBBORN)
        while not require "fs".exists("FOLDER/id") do task.sleep(0.01) end
        handle:cancel()
        handle:await()
        """, "cancelled"
      ),
      // It stops the process that watches it.
      (
        "process.run({ 'sh', '-c', 'kill -STOP $PPID; exec sleep 60' }, { timeout = 0.5 })",
        "did not end within 0.5 seconds"
      ),
      ("process.run{ 'cat', '/dev/zero' }", "not enough memory"),
      ("process.run{ 'sh', '-c', 'cat /dev/zero >&2' }", "not enough memory"),
    ])
  func killed(call: String, words: String) async throws {
    let folder = try ScratchFolder()
    var configuration = LuaConfiguration()
    configuration.memoryLimit = 8 << 20
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    let source = call.replacing("STUBBORN", with: Self.stubborn)
      .replacing("FOLDER", with: folder.path)
    try await interpreter.run { state in
      try ScriptLibrary.install(in: state)
      try state.run(
        """
        local process, start = require "process", os.time()
        local ok, fault = pcall(function() \(source) end)
        assert(os.time() - start < 30, os.time() - start)
        assert(not ok and tostring(fault):find("\(words)", 1, true), tostring(fault))
        -- The state goes on.
        assert(process.run{ "echo", "x" }.out == "x\\n")
        """)
    }
    guard call.contains("STUBBORN") else { return }
    let text = try String(contentsOfFile: "\(folder.path)/id", encoding: .utf8)
    let id = try #require(Int32(text.dropLast()))
    while kill(id, 0) == 0 { try await Task.sleep(for: .milliseconds(5)) }
  }
}
