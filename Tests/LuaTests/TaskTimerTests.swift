import Testing

@testable import Lua

@Suite("Sleeps and timers")
struct TaskTimerTests {
  @Test("ten thousand sleep concurrently in less than four kilobytes each")
  func sleepers() async throws {
    let results = try await runLua(
      """
      collectgarbage()
      local before = collectgarbage("count")
      local list = {}
      for index = 1, 10000 do list[index] = task.spawn(task.sleep, 0.2) end
      task.sleep(0)
      local each = (collectgarbage("count") - before) * 1024 / 10000
      return each < 4096
      """)
    #expect(results == [true])
  }

  @Test("an infinite or unrepresentably long time is accepted")
  func endlessTimes() async throws {
    try await runLua(
      """
      for _, seconds in ipairs {math.huge, 1e300, 1 << 40} do
        local sleeper = task.spawn(task.sleep, seconds)
        task.sleep(0)
        assert(sleeper.status == "running")
        sleeper:cancel()
        assert(not pcall(sleeper.await, sleeper) and sleeper.status == "cancelled")
        assert(task.timeout(seconds, function() task.sleep(0) return 1 end) == 1)
      end
      local nan = 0/0
      assert(not pcall(task.sleep, nan) and not pcall(task.timeout, nan, print))
      """)
  }

  @Test("a function that finishes in time leaves no timer behind")
  func timers() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let count = try await interpreter.run { state in
      try state.run("for i = 1, 1000 do task.timeout(3600, function() end) end")
      return state.scheduler.timers.count
    }
    #expect(count < 200)
    // A sleep that a cancelled task is refused keeps nobody from seeing a deadlock.
    let error = try await luaError(
      """
      local waiting = task.spawn(function() task.sleep(0) task.sleep(3600) end)
      local running
      running = task.spawn(function() running:cancel() pcall(task.sleep, 3600) end)
      pcall(running.await, running)
      waiting:cancel()
      pcall(waiting.await, waiting)
      task.channel():receive()
      """)
    #expect(error.message.contains("deadlock"))
  }
}
