import Testing

@testable import Lua

@Suite("Timeouts of tasks that never wait", .timeLimit(.minutes(1)))
struct TaskLimitTests {
  private static func run(_ source: String) async throws -> [LuaValue] {
    var configuration = LimitTests.quick
    configuration.reportTaskError = { _ in }
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    let results = try await interpreter.run { state in
      try state.globals.set("never", to: Host.never)
      return try state.run(source, name: "=test")
    }
    // Nothing of it reaches the next run.
    let next = try await interpreter.run {
      try $0.run("local n = 0 for i = 1, 1e6 do n = n + 1 end return n")
    }
    #expect(next == [1_000_000])
    return results
  }

  @Test(
    "a timeout ends",
    arguments: [
      "while true do end",
      "while true do pcall(function() while true do end end) end",
      "coroutine.wrap(function() while true do end end)()",
      "task.spawn(function() while true do end end):await()",
      "task.spawn(function() while true do end end)",
      "task.map({1, 2, 3}, function() while true do end end)",
      "local c <close> = setmetatable({}, {__close = function() while true do end end}) error('x')",
      "pcall(task.sleep, 3600) while true do end",
      "local a, b = task.channel(0), task.channel(0) "
        + "task.spawn(function() while true do a:send(1) b:receive() end end) "
        + "while true do a:receive() b:send(1) end",
      "task.timeout(3600, function() while true do end end)",
      "local c <close> = setmetatable({}, {__close = function() while true do end end}) "
        + "while true do end",
      "xpcall(function() while true do end end, function() while true do end end)",
      "coroutine.wrap(function() local c <close> = setmetatable({}, {__close = function() "
        + "while true do end end}) while true do end end)()",
      "table.sort({1, 2, 3}, function() task.sleep(3600) end)",
      "setmetatable({}, {__index = function() never() end})[1] = nil "
        + "local _ = setmetatable({}, {__index = function() never() end})[1]",
      "while true do task.sleep(0) end",
      "debug.sethook() while true do pcall(function() debug.sethook() while true do end end) end",
      "error(setmetatable({}, {__tostring = function() while true do end end}))"
        + " while true do end",
    ])
  func timeout(source: String) async throws {
    let results = try await Self.run(
      """
      local ok, err = pcall(task.timeout, 0.05, function() \(source) end)
      return ok, err.kind, err.message
      """)
    if source.hasPrefix("error(") {
      #expect(results.first == false)
    } else {
      #expect(results == [false, "timeout", "timeout: not done in 0.05 s"], "\(source)")
    }
  }

  @Test("the inner of two timeouts fires first, and the outer one after its own time")
  func nested() async throws {
    let results = try await Self.run(
      """
      local inner = {pcall(task.timeout, 3600, function()
        return task.timeout(0.05, function() while true do end end)
      end)}
      local outer = {pcall(task.timeout, 0.05, function()
        return task.timeout(3600, function() while true do end end)
      end)}
      return inner[1], inner[2].message, outer[1], outer[2].message
      """)
    #expect(
      results == [
        false, "timeout: not done in 0.05 s", false, "timeout: not done in 0.05 s",
      ])
  }

  @Test("other tasks continue after the timeout of one")
  func others() async throws {
    let results = try await Self.run(
      """
      local other = task.spawn(function()
        local n = 0
        for i = 1, 5 do task.sleep(0.01) n = n + i end
        return n
      end)
      local ok = pcall(task.timeout, 0.05, function() while true do end end)
      return ok, other:await()
      """)
    #expect(results == [false, 15])
  }

  @Test("a cancelled task that continues without waiting is ended after its grace")
  func cancel() async throws {
    let results = try await Self.run(
      """
      local caught = 0
      local handle = task.spawn(function()
        while true do pcall(function() task.sleep(3600) end) caught = caught + 1
          pcall(function() while true do end end)
        end
      end)
      task.sleep(0)
      handle:cancel()
      local ok = pcall(handle.await, handle)
      return ok, handle.status, caught >= 1
      """)
    #expect(results == [false, "cancelled", true])
  }

  @Test("a function that finishes in time returns its results")
  func inTime() async throws {
    let results = try await Self.run(
      """
      local n = task.timeout(3600, function(...)
        local n = 0
        for i = 1, 1e6 do n = n + 1 end
        task.sleep(0)
        return n + select("#", ...)
      end, 1, 2)
      return n, pcall(task.timeout, 3600, error, "own")
      """)
    #expect(results == [1_000_002, false, "own"])
  }
}
