import Testing

@testable import Lua

@Suite("Functions in Swift")
struct FunctionTests {
  @Test("a bad argument reads like Lua's own")
  func badArguments() async throws {
    let functions: KeyValuePairs<String, LuaNativeFunction> = [
      "number": .init { $0.results(try $0.number(1)) },
      "integer": .init { $0.results(try $0.integer(2)) },
      "string": .init { try $0.results(try $0.string(1)) },
      "table": .init { try $0.results(try $0.table(1)) },
      "generate": .init { _ in throw LuaArgumentError(1, expected: "table") },
    ]
    let cases = [
      ("number({})", "bad argument #1 to 'number' (number expected, got table)"),
      ("number()", "bad argument #1 to 'number' (number expected, got no value)"),
      ("integer(1, 1.5)", "bad argument #2 to 'integer' (number has no integer representation)"),
      ("integer(1, 'x')", "bad argument #2 to 'integer' (number expected, got string)"),
      ("string(nil)", "bad argument #1 to 'string' (string expected, got nil)"),
      ("table(print)", "bad argument #1 to 'table' (table expected, got function)"),
      ("generate(12)", "bad argument #1 to 'generate' (table expected, got number)"),
    ]
    for (call, message) in cases {
      let error = try await luaError(call, with: functions)
      #expect(error.message == "test:1: \(message)")
    }
  }

  @Test("numbers and strings convert as in Lua's own functions")
  func conversions() async throws {
    let results = try await runLua(
      "return number('0x10'), integer('7'), integer(3.0), text(12), text(1.5)",
      with: [
        "number": .init { $0.results(try $0.number(1)) },
        "integer": .init { $0.results(try $0.integer(1)) },
        "text": .init { try $0.results(try $0.string(1)) },
      ])
    #expect(results == [.number(16), 7, 3, "12", "1.5"])
  }

  @Test("typed functions take and return Swift values")
  func typed() async throws {
    let results = try await runLua(
      """
      local q, r = divide(17, 5)
      return q, r, greet("Ada"), greet(), sum{1, 2, 3}, nothing()
      """,
      with: [
        "divide": .typed { (left: Int, right: Int) in (left / right, left % right) },
        "greet": .typed { (name: String?) in "hello \(name ?? "you")" },
        "sum": .typed { (list: [Double]) in list.reduce(0, +) },
        "nothing": .typed { () in () },
      ])
    #expect(results == [3, 2, "hello Ada", "hello you", .number(6)])
  }

  @Test("a typed function names the wrong argument")
  func typedErrors() async throws {
    let functions: KeyValuePairs<String, LuaNativeFunction> = [
      "f": .typed { (_: Int, _: String, _: LuaTable) in true }
    ]
    let error = try await luaError("f(1, 'x', 3)", with: functions)
    #expect(error.message == "test:1: bad argument #3 to 'f' (table expected, got number)")
    let range = try await luaError("g(256)", with: ["g": .typed { (byte: UInt8) in Int(byte) }])
    #expect(range.message == "test:1: bad argument #1 to 'g' (number is out of range)")
  }

  @Test("async functions may be typed")
  func typedAsync() async throws {
    let results = try await runLua(
      "return double(21)",
      with: [
        "double": .typedAsync { (number: Int) in
          await Task.yield()
          return number * 2
        }
      ])
    #expect(results == [42])
  }

  @Test("Swift calls Lua and gets all results")
  func callingLua() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      let pair = try state.load("local a, b = ... return b, a, #a")
      #expect(try pair.call("xy", 2) == [2, "xy", 2])
      let length = try state.load("return #...")
      #expect(try length.call("four", returning: Int.self) == 4)
      #expect(throws: LuaError.self) { try length.call("four", returning: LuaTable.self) }
    }
  }

  @Test("Swift and Lua can call each other as deep as Lua allows, then an error is raised")
  func deepRecursion() async throws {
    let call = LuaNativeFunction { call in
      try call.results(of: call.function(1).call([.function(call.function(1))]))
    }
    let error = try await luaError(
      "local function f() return call(f) end f()", with: ["call": call])
    #expect(error.message.contains("overflow"))
  }

  @Test("fields of a table argument are read by name, also through its metatable")
  func fields() async throws {
    let describe = LuaNativeFunction { call in
      let width = try call.field(1, "width", as: Int.self)
      let title = try call.field(1, "title", as: String.self)
      let computed = ["wid", "th"].joined()
      let again = try call.field(1, computed, as: Int.self)
      return try call.results(width, title, width == again, call.count)
    }
    let results = try await runLua(
      """
      local plain = {describe{width = 3, title = "cake"}}
      assert(plain[1] == 3 and plain[2] == "cake" and plain[3] and plain[4] == 1)
      local computed = {describe(setmetatable({}, {__index = function(_, name) return #name end}))}
      assert(computed[1] == 5 and computed[2] == "5" and computed[3])
      local none = {describe{}}
      assert(none[1] == nil and none[2] == nil and none[3])
      local failing = setmetatable({}, {__index = function(_, name) error("no " .. name, 0) end})
      return select(2, pcall(describe, failing)), select(2, pcall(describe, {width = "x"})),
        select(2, pcall(describe, 7))
      """, with: ["describe": describe])
    #expect(
      results == [
        "no width", "field 'width': number expected, got string",
        "bad argument #1 to 'describe' (table expected, got number)",
      ])
  }

  @Test("many results and arguments are passed")
  func manyResults() async throws {
    let results = try await runLua(
      "local t = {many(200)} return #t, select('#', table.unpack(t))",
      with: [
        "many": .init { call in
          try call.results(of: (0..<(try call.integer(1))).map { .integer(Int64($0)) })
        }
      ])
    #expect(results == [200, 200])
  }

  @Test("Swift tasks call a Lua function, which may wait, fail and be cancelled")
  func asyncCalls() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let named = { (name: String) in
      try await interpreter.run { state in
        try state.globals.set("echo", to: Host.echo)
        try state.run(
          """
          function add(a, b) task.sleep(0) return echo(a) + b, "sum" end
          function fail() error("no", 0) end
          function wait() task.sleep(60) end
          """)
        return try #require(try state.globals.get(name, as: LuaFunction.self))
      }
    }
    let add = try await named("add")
    #expect(try await interpreter.call(add, 3, 4.5) == [7.5, "sum"])
    let sums = try await withThrowingTaskGroup(of: [LuaValue].self) { group in
      for number in 0..<20 { group.addTask { try await interpreter.call(add, number, 1) } }
      return try await group.reduce(into: Set<Int64>()) { sums, results in
        if case .integer(let sum) = results[0] { sums.insert(sum) }
      }
    }
    #expect(sums == Set(1...20))
    let fail = try await named("fail")
    let failure = await #expect(throws: LuaError.self) { try await interpreter.call(fail) }
    #expect(failure?.message == "no")
    let wait = try await named("wait")
    let waiting = Task { try await interpreter.call(wait) }
    waiting.cancel()
    let end = await #expect(throws: LuaError.self) { try await waiting.value }
    #expect(end?.kind == .cancelled)
    let other = try LuaInterpreter()
    defer { other.close() }
    let misuse = await #expect(throws: LuaError.self) { try await other.call(add, 1, 2) }
    #expect(misuse?.kind == .misuse)
  }
}
