import Foundation
import Testing

/// Compares the output, messages and exit codes of the command with those of `lua5.4`.
@Suite(
  "The command behaves as lua5.4",
  .enabled(if: Program.exists && Program.reference != nil),
  .serialized)
struct ReferenceTests {
  @Test(
    "with options",
    arguments: [
      ["-e", "print(1)", "-eprint(2)"], ["-lmod", "-e", "print(mod.name)"],
      ["-l", "m=mod", "-e", "print(m.name, mod)"], ["-lg=mod", "-lmod", "-e", "print(g == mod)"],
      ["-l", "nothere"], ["-v"], ["-v", "-e", "print(1)"], ["-W", "-e", "warn('x')"],
      ["-e", "warn('@on') warn('a', 'b') warn('@off') warn('c') warn('@what')"],
      ["-W", "-e", "setmetatable({}, {__gc = function() error('in gc') end}) collectgarbage()"],
      ["-W", "-e", "setmetatable({}, {__gc = function() error('at the end') end})"],
      ["script.lua", "a", "b"], ["-e", "x = 1", "script.lua", "-e"], ["--", "script.lua"],
      ["./serve", "x"], ["-e", "arg = nil", "script.lua"], ["-e", "arg = {'one'}", "script.lua"],
      ["-e", "print(#arg, arg[0] ~= nil, arg[1])"], ["nowhere.lua"], ["broken.lua"],
      ["-E", "-e", "print(package.path, package.cpath)"], ["-e", "print(package.path)"],
      ["-e", "print(collectgarbage('generational'), collectgarbage('incremental'))"],
    ])
  func options(arguments: [String]) throws {
    try compare(arguments)
  }

  @Test(
    "with errors and exits",
    arguments: [
      "error('x')", "error('x', 0)", "error('x', 2)", "error()", "error(12)", "error({})",
      "error(setmetatable({}, {__tostring = function() return 'mine' end}))",
      "error(setmetatable({}, {__tostring = function() return 1 end}))",
      "error(setmetatable({}, {__tostring = function() error('in it') end}))",
      "error(setmetatable({}, {__name = 'My'}))", "x ==", "goto x", "local a <close> = 3",
      "local function f() error('deep') end local function g() f() end g()", "('x'):bad()",
      "coroutine.wrap(function() error('in a coroutine') end)()", "assert(false, {1})",
      "os.exit(true)", "os.exit(false)", "os.exit(259)", "os.exit(-1)", "os.exit(3.0)",
      "os.exit('x')", "os.exit(true, true)", "os.exit(3, true)",
      "local c <close> = setmetatable({}, {__close = print}) os.exit(2, true)",
      "setmetatable({}, {__gc = function() print('gc') end}) os.exit(2, false)",
      """
      coroutine.wrap(function()
        local c <close> = setmetatable({}, {__close = function() print('c') end})
        os.exit(4, true)
      end)()
      """,
    ])
  func errors(source: String) throws {
    try compare(["-e", source])
  }

  @Test(
    "with the standard library",
    arguments: [
      "print(coroutine.isyieldable(), pcall(coroutine.yield))", "print(debug.traceback('m'))",
      "print(select(2, coroutine.running()))",
      "local function r() return (r()) end print(pcall(r))",
      "print(pcall(table.unpack, {}, 1, 1e7))", "print(xpcall(error, debug.traceback, 'x'))",
      "print(string.format('%q %a %5.2f %g %x', 'a\\n\\0', 1.5, 3.14159, 1e300, 255))",
      "local f = io.popen('echo hi; exit 3') print(f:read('a')) print(f:close())",
      "print(os.execute('exit 5')) print(os.execute('kill -9 $$'))", "io.write('no newline')",
      "local n = os.tmpname() print(io.open(n) ~= nil, os.remove(n))",
      "print(io.read('n', 'l', 'L', 'a'))",
    ])
  func library(source: String) throws {
    try compare(["-e", source], input: "12 x\nyy\nrest")
  }

  @Test(
    "with its environment",
    arguments: [
      ["LUA_INIT": "X = 1"], ["LUA_INIT": "X = 1", "LUA_INIT_5_4": "X = 2"],
      ["LUA_INIT": "@init.lua"], ["LUA_INIT": "@none.lua"], ["LUA_INIT": "error('i')"],
      ["LUA_INIT_5_4": "x ="], ["LUA_PATH": "a/?.lua;;", "LUA_CPATH": ";;b/?.so"],
      ["LUA_PATH": "a", "LUA_PATH_5_4": "b;;c", "LUA_CPATH_5_4": "x", "LUA_CPATH": "y"],
    ])
  func environment(variables: [String: String]) throws {
    try compare(["-e", "print(X, package.path, package.cpath)"], environment: variables)
  }

  @Test(
    "from a pipe, interactive or not",
    arguments: [
      (["-i"], "1+1\n=2\nx=3\nx\nfor i=1,2 do\nprint(i)\nend\nreturn 4,5\n"),
      (["-i"], "error('a')\nerror({})\nlocal x = ]\nf(\n1)\n"), (["-i"], "x = [[\na\n]]\nprint(x)"),
      (["-i", "-e", "y = 1"], "y\n"), (["-i", "script.lua", "q"], "arg[1]\n"),
      (["-i"], "_PROMPT = '$ '\n_PROMPT2 = '$$ '\nx =\n1\n"), (["-i"], "os.exit(3)\n"),
      (["-i"], "\n\n  \nprint(1)\n"), (["-i"], "print = error\n1\n"),
      (["-i"], "io.read()\nhello\n"),
      (["-i", "broken.lua"], "1\n"), (["-W", "-i"], "warn('q')\n"),
      ([], "print(..., arg[0], #arg)"),
      (["-"], "error('x')"), (["-", "a", "b"], "print(..., arg[0], #arg)"),
      ([], "#!first\nprint(debug.getinfo(1).currentline)"), (["--"], "print(#arg)"),
    ])
  func pipes(arguments: [String], input: String) throws {
    try compare(arguments, input: input)
  }

  private func compare(
    _ arguments: [String], input: String = "", environment: [String: String] = [:]
  ) throws {
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("reference-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, text) in [
      ("mod.lua", "return {name = ...}"), ("init.lua", "X = 9"), ("broken.lua", "local x = = 3"),
      ("serve", "print('a script', ...)"),
      (
        "script.lua",
        "#!/usr/bin/env lua\nprint(arg[0], arg[-1] ~= nil, debug.getinfo(1).currentline, ...)"
      ),
    ] {
      try Data(text.utf8).write(to: folder.appendingPathComponent(name))
    }
    let results = try [Program.path, Program.reference].map { path in
      let path = try #require(path)
      let result = try Program.run(
        arguments, input: input, environment: environment, path: path, folder: folder)
      return Outcome(
        output: plain(result.output, path), errors: plain(result.errors, path), code: result.code)
    }
    #expect(results[0] == results[1])
  }

  private struct Outcome: Equatable {
    var output: String
    var errors: String
    var code: Int32
  }

  /// Removes what may differ: the program's path and addresses.
  private func plain(_ text: String, _ path: String) -> String {
    text.replacingOccurrences(of: path, with: "lua")
      .replacingOccurrences(of: "0x[0-9a-f]+", with: "0x", options: .regularExpression)
  }
}
