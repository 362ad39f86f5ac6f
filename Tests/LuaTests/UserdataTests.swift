import Testing

@testable import Lua

/// A value for scripts.
final class Counter: LuaUserdata, @unchecked Sendable {  // Only the Lua thread uses it.
  var count: Int

  init(_ count: Int) {
    self.count = count
  }

  static let luaType = LuaUserdataType<Counter>(name: "counter") { type in
    type.property("count", get: { $0.count }, set: { $0.count = $1 })
    type.property("isOdd") { $0.count % 2 == 1 }
    type.method("add") { counter, call in
      counter.count += try call.integer(2)
      return call.results()
    }
    type.asyncMethod("later") { counter, call in
      let amount = try call.integer(2)
      return LuaAsyncCall {
        await Task.yield()
        return amount
      } completion: { state, amount in
        counter.count += amount
        return try state.results(counter.count)
      }
    }
    type.description { "counter at \($0.count)" }
    type.equality { $0.count == $1.count }
    type.metamethod("__len") { counter, call in call.results(counter.count) }
  }
}

/// Counts its live instances.
final class Tracked: LuaUserdata {
  private let living: Shared<Int>

  init(_ living: Shared<Int>) {
    self.living = living
    living.value += 1
  }

  deinit { living.value -= 1 }

  static let luaType = LuaUserdataType<Tracked>(name: "tracked") { _ in }
}

@Suite("Userdata")
struct UserdataTests {
  @Test("has properties, methods and metamethods")
  func everything() async throws {
    let results = try await runLua(
      """
      c.count = 4
      c:add(3)
      assert(tostring(c) == "counter at 7" and #c == 7 and c.isOdd)
      assert(c == other and c ~= 7)
      assert(c.nothing == nil)
      return c:later(5), c.count
      """,
      with: [:],
      setUp: { state in
        try state.globals.set("c", to: Counter(1))
        try state.globals.set("other", to: Counter(7))
      })
    #expect(results == [12, 12])
  }

  @Test("rejects a wrong self, a wrong value and assignment to an unknown field")
  func errors() async throws {
    for (source, message) in [
      ("c.add(1, 2)", "bad argument #1 to 'add' (counter expected, got number)"),
      ("c.add(io.stdout, 2)", "bad argument #1 to 'add' (counter expected, got FILE*)"),
      ("c:add('x')", "bad argument #1 to 'add' (number expected, got string)"),
      ("c.count = 'x'", "bad argument #2 to 'newindex' (integer expected, got string)"),
      ("c.isOdd = 1", "cannot set field 'isOdd' of counter"),
      ("c.other = 1", "cannot set field 'other' of counter"),
    ] {
      do {
        _ = try await runLua(
          source, with: [:], setUp: { state in try state.globals.set("c", to: Counter(1)) })
        Issue.record("\(source) raised nothing")
      } catch let error as LuaError {
        #expect(error.message.hasSuffix(message), "\(source): \(error.message)")
      }
    }
  }

  @Test("cannot be broken with the debug library")
  func guarded() async throws {
    let results = try await runLua(
      """
      assert(getmetatable(c) == "counter")
      assert(not pcall(setmetatable, c, {}))
      local real = debug.getmetatable(c)
      -- The metatable on another userdata: every use is refused.
      debug.setmetatable(io.stderr, real)
      assert(not pcall(function() return io.stderr.count end))
      assert(not pcall(c.add, io.stderr, 1))
      -- Its functions have no upvalues to reach into.
      assert(debug.getupvalue(c.add, 1) == nil and debug.setupvalue(c.add, 1, 5) == nil)
      assert(debug.getupvalue(real.__index, 1) == nil)
      -- Its finalizer, called early and twice and with anything.
      real.__gc(c) real.__gc(c) real.__gc({}) real.__gc(io.stderr)
      assert(not pcall(function() return c.count end))
      assert(not pcall(function() return c:add(1) end))
      return true
      """,
      with: [:], setUp: { state in try state.globals.set("c", to: Counter(1)) })
    #expect(results == [true])
  }

  @Test("releases its value when Lua has collected it")
  func collected() async throws {
    let living = Shared(0)
    let interpreter = try LuaInterpreter()
    try await interpreter.run { state in
      try state.globals.set("make", to: .init { try $0.results(Tracked(living)) })
      try state.run("for i = 1, 100 do make() end kept = make() collectgarbage() collectgarbage()")
      #expect(living.value == 1)
    }
    interpreter.close()
    #expect(living.value == 0)
  }

  @Test("returns its Swift value")
  func valueInSwift() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      guard case .userdata(let reference) = try state.value(of: Counter(3)) else {
        throw Unexpected("no userdata")
      }
      #expect(try reference.value(Counter.luaType)?.count == 3)
      #expect(try reference.value(TaskSemaphore.luaType) == nil)
    }
  }
}

@discardableResult
func runLua(
  _ source: String, with functions: KeyValuePairs<String, LuaNativeFunction>,
  setUp: @escaping @Sendable (LuaState) throws -> Void
) async throws -> [LuaValue] {
  let interpreter = try LuaInterpreter()
  defer { interpreter.close() }
  return try await interpreter.run { state in
    try setUp(state)
    return try state.run(source, name: "=test")
  }
}
