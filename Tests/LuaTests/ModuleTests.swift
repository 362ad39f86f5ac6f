import Testing

@testable import Lua

@Suite("Modules")
struct ModuleTests {
  @Test("of Lua source are preloaded by name, once")
  func preloaded() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let results = try await interpreter.run { state in
      try state.preload("greeting", source: "count = (count or 0) + 1 return {name = ...}")
      return try state.run(
        "return require('greeting').name, require('greeting') == require('greeting'), count")
    }
    #expect(results == ["greeting", true, 1])
  }

  @Test("an error in a module names it")
  func brokenModule() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let error = await #expect(throws: LuaError.self) {
      try await interpreter.run { state in
        try state.preload("broken", source: "local x =\n=")
        _ = try state.run("require('broken')")
      }
    }
    #expect(error?.message.contains("[broken]:2:") == true)
  }

  @Test(
    "in C, as packaged by Debian, load and work",
    arguments: [
      ("cjson", "return require('cjson').decode('[1,{\"a\":2}]')[2].a"),
      ("lpeg", "local l = require('lpeg') return #l.match(l.C(l.R('az')^1), 'ab1')"),
      ("lfs", "return require('lfs').attributes('/', 'mode') == 'directory' and 2 or 0"),
    ])
  func cModules(name: String, source: String) async throws {
    let found = try await runLua(
      "return package.searchpath('\(name)', package.cpath) ~= nil")
    guard found == [true] else { return }  // Its package is not installed here.
    let results = try await runLua(source)
    #expect(results.first == 2 || results.first == .number(2))
  }

  @Test("a host call in a capture of lpeg runs the scheduler in place")
  func hostCallInC() async throws {
    let found = try await runLua("return package.searchpath('lpeg', package.cpath) ~= nil")
    guard found == [true] else { return }
    let results = try await runLua(
      """
      local l = require('lpeg')
      return l.match(l.C(1) / function(c) return echo(c) end, 'x')
      """, with: ["echo": Host.echo])
    #expect(results == ["x"])
  }
}
