import Testing

@testable import Lua

@Suite("Errors")
struct ErrorTests {
  @Test("of Lua have a message, value, position and traceback in Swift")
  func luaErrors() async throws {
    let error = try await luaError("local function f()\n error('oops')\nend\nf()")
    #expect(error.kind == .runtime)
    #expect(error.message == "test:2: oops")
    #expect(error.location?.chunk == "test")
    #expect(error.location?.line == 2)
    #expect(
      error.traceback?.contains("in upvalue 'f'") == true
        || error.traceback?.contains("in local 'f'") == true)
    let table = try await luaError(
      "error(setmetatable({}, {__tostring = function() return 'me' end}))")
    #expect(table.message == "me")
    #expect(table.value.type == .table)
  }

  @Test("of syntax have kind syntax")
  func syntax() async throws {
    let error = try await luaError("x =")
    #expect(error.kind == .syntax)
    #expect(error.message == "test:1: unexpected symbol near <eof>")
  }

  @Test("of Swift are objects for the script and return with their cause")
  func swiftErrors() async throws {
    let fail = LuaNativeFunction { _ in throw Unexpected("broken") }
    let results = try await runLua(
      """
      local ok, err = pcall(function() fail() end)
      return ok, tostring(err), err.message, err.kind, err.traceback:match("^stack traceback") ~= nil, "x: " .. err
      """, with: ["fail": fail])
    #expect(
      results == [
        false, "test:1: broken", "test:1: broken", "runtime", true, "x: test:1: broken",
      ])
    let error = try await luaError("fail()", with: ["fail": fail])
    #expect((error.underlying as? Unexpected)?.description == "broken")
    #expect(error.traceback?.contains("test:1") == true)
  }

  @Test("keep their text and position if closers raise other errors")
  func closersWithErrors() async throws {
    let call = LuaNativeFunction { call in
      do { try call.function(1).call([]) } catch {}
      return .none
    }
    let error = try await luaError(
      """
      local closer = setmetatable({}, {__close = function()
        quietly(function() error(setmetatable({}, {__tostring = function() return "inner" end})) end)
      end})
      local function fails()
        local c <close> = closer
        error(setmetatable({}, {__tostring = function() return "outer" end}))
      end
      fails()
      """, with: ["quietly": call])
    #expect(error.message == "outer")
    #expect(error.traceback?.contains("'fails'") == true)
  }

  @Test("that are convertible become their value")
  func convertible() async throws {
    let fail = LuaNativeFunction { _ in throw Refusal(code: 1202) }
    let results = try await runLua(
      "local ok, err = pcall(fail) return err.code, err.kind", with: ["fail": fail])
    #expect(results == [1202, "rate_limit"])
  }

  @Test("pass through Lua and Swift unchanged")
  func passThrough() async throws {
    let results = try await runLua(
      """
      local value = {}
      local ok, err = pcall(relay, function() error(value) end)
      local ok2, text = pcall(relay, function() error("text", 0) end)
      return err == value, text
      """,
      with: ["relay": .init { call in try call.results(of: call.function(1).call([])) }])
    #expect(results == [true, "text"])
  }

  @Test("in a finalizer or of a closing state are harmless")
  func finalizers() async throws {
    let interpreter = try LuaInterpreter()
    try await interpreter.run { state in
      try state.globals.set("fail", to: .init { _ in throw Unexpected("late") })
      try state.globals.set("echo", to: Host.echo)
      try state.run(
        """
        keep = setmetatable({}, {__gc = function() fail() end})
        keep2 = setmetatable({}, {__gc = function() echo(1) end})
        setmetatable({}, {__gc = function() fail() end})
        collectgarbage()
        """)
    }
    interpreter.close()
  }

  @Test("after close have kind closed")
  func closed() async throws {
    let interpreter = try LuaInterpreter()
    interpreter.close()
    let error = await #expect(throws: LuaError.self) { try await interpreter.run { _ in } }
    #expect(error?.kind == .closed)
  }
}

struct Refusal: LuaErrorConvertible {
  var code: Int
  func luaErrorValue(in state: LuaState) throws -> LuaValue {
    let table = try state.makeTable()
    try table.set("code", to: code)
    try table.set("kind", to: "rate_limit")
    return .table(table)
  }
}
