import Testing

@testable import Lua

@Suite("Limits")
struct LimitTests {
  static var quick: LuaConfiguration {
    var configuration = LuaConfiguration()
    configuration.grace = .milliseconds(50)
    return configuration
  }

  @Test("over the memory limit a script gets Lua's own error, can catch it, and continues")
  func memory() async throws {
    var configuration = LuaConfiguration()
    configuration.memoryLimit = 4 << 20
    let results = try await runLua(
      """
      local ok, err = pcall(string.rep, "x", 1 << 30)
      local ok2, err2 = pcall(function() local t = {} while true do t[#t + 1] = {} end end)
      local ok3 = pcall(task.all, {function() local t = {} while true do t[#t + 1] = {} end end})
      return ok, err, ok2, err2, ok3, #("x"):rep(1000)
      """, configuration: configuration)
    #expect(results == [false, "not enough memory", false, "not enough memory", false, 1000])
    let error = try await luaError(
      "local t = {} while true do t[#t + 1] = {} end", configuration: configuration)
    #expect(error.kind == .memory)
  }

  @Test("a limit too small for Lua itself is an error, not a crash")
  func tinyMemory() {
    for limit in stride(from: 1, through: 40_000, by: 997) {
      var configuration = LuaConfiguration()
      configuration.memoryLimit = limit
      if let interpreter = try? LuaInterpreter(configuration: configuration) {
        interpreter.close()
      }
    }
  }

  @Test(
    "an interrupt ends",
    arguments: [
      ("a loop", "running() while true do end"),
      ("a loop of pcalls", "running() while true do pcall(function() while true do end end) end"),
      (
        "a coroutine made before",
        "local co = coroutine.wrap(function() running() while true do end end) co()"
      ),
      (
        "a coroutine resumed with pcall in it",
        """
        local co = coroutine.create(function() running()
          while true do pcall(function() while true do end end) end end)
        while true do coroutine.resume(co) if coroutine.status(co) == "dead" then error("interrupted!") end end
        """
      ),
      ("a task", "task.spawn(function() running() while true do end end):await()"),
      ("a sleep", "running() task.sleep(3600)"),
      ("a wait for the host", "running() never()"),
      ("a wait in a coroutine", "coroutine.wrap(function() running() never() end)()"),
      (
        "a sleep of a task that the script awaits at its end",
        "task.spawn(function() running() task.sleep(3600) end)"
      ),
      ("a loop in a comparator", "running() table.sort({1, 2}, function() while true do end end)"),
      (
        "a loop that closes",
        "local c <close> = setmetatable({}, {__close = function() while true do end end}) running() error('x')"
      ),
      ("a generic sleep loop", "running() while true do pcall(task.sleep, 3600) end"),
    ])
  func interrupt(name: String, source: String) async throws {
    let interpreter = try LuaInterpreter(configuration: Self.quick)
    defer { interpreter.close() }
    let error = await #expect(throws: LuaError.self, "\(name)") {
      try await interpreter.run { state in
        try state.globals.set("never", to: Host.never)
        try state.globals.set(
          "running",
          to: .init { call in
            interpreter.interrupt()
            return call.results()
          })
        _ = try state.run(source, name: "=test")
      }
    }
    #expect(error?.kind == .interrupted, "\(name): \(String(describing: error))")
    // The next script is not troubled.
    #expect(
      try await interpreter.run { state in
        try state.run("local n = 0 for i = 1, 10000 do n = n + 1 end return n")
      } == [10000])
  }

  @Test("an interrupt can be caught once")
  func caught() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let results = try await interpreter.run { state in
      try state.globals.set(
        "running",
        to: .init { call in
          interpreter.interrupt()
          return call.results()
        })
      return try state.run(
        "local ok, err = pcall(function() running() while true do end end) return ok, err",
        name: "=test")
    }
    #expect(results == [false, "test:1: interrupted!"])
  }

  @Test("a deadline interrupts with its message")
  func deadline() async throws {
    let interpreter = try LuaInterpreter(configuration: Self.quick)
    defer { interpreter.close() }
    interpreter.interrupt(after: .milliseconds(20), "out of time")
    let error = await #expect(throws: LuaError.self) {
      try await interpreter.run { state in _ = try state.run("while true do end", name: "=test") }
    }
    #expect(error?.message.hasSuffix("out of time") == true)
    #expect(error?.kind == .timeout)
  }

  @Test("cancelling the Swift task interrupts the script")
  func swiftCancellation() async throws {
    let interpreter = try LuaInterpreter(configuration: Self.quick)
    defer { interpreter.close() }
    let started = AsyncEvent()
    let running = Task {
      try await interpreter.run { state in
        try state.globals.set(
          "running",
          to: .init { call in
            Task { await started.set() }
            return call.results()
          })
        _ = try state.run("running() while true do end", name: "=test")
      }
    }
    await started.wait()
    running.cancel()
    let error = await #expect(throws: LuaError.self) { try await running.value }
    #expect(error?.kind == .cancelled)
  }

  @Test("the host is told about uninterruptible code after the second grace")
  func uninterruptible() async throws {
    let told = OneShotEvent()
    var configuration = Self.quick
    configuration.whenUninterruptible = { told.set() }
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    await #expect(throws: LuaError.self) {
      try await interpreter.run { state in
        try state.globals.set(
          "stuck",
          to: .init { call in
            interpreter.interrupt()
            told.wait()
            return call.results()
          })
        _ = try state.run("stuck() while true do end", name: "=test")
      }
    }
  }
}
