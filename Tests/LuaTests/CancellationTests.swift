import Testing

@testable import Lua

@Suite("Cancelling tasks")
struct CancellationTests {
  static var quick: LuaConfiguration {
    var configuration = LuaConfiguration()
    configuration.grace = .milliseconds(50)
    return configuration
  }

  @Test("closes variables, also those of nested coroutines, and cancels children")
  func closes() async throws {
    let results = try await runLua(
      """
      local log = {}
      local function note(name)
        return setmetatable({}, {__close = function(_, err) log[#log + 1] = name .. " " .. tostring(err) end})
      end
      local t = task.spawn(function()
        local outer <close> = note("outer")
        task.spawn(function() local child <close> = note("child") task.sleep(60) end)
        coroutine.wrap(function() local inner <close> = note("inner") task.sleep(60) end)()
      end)
      task.sleep(0.002)
      t:cancel()
      local ok, err = pcall(t.await, t)
      table.sort(log)
      return ok, err.kind, t.status, #log
      """)
    #expect(results == [false, "cancelled", "cancelled", 3])
  }

  @Test("can be caught once, lets closers wait, and ends everything after the grace")
  func grace() async throws {
    let results = try await runLua(
      """
      local caught, saved = 0, false
      local t = task.spawn(function()
        local c <close> = setmetatable({}, {__close = function() task.sleep(0.005) saved = true end})
        pcall(task.sleep, 60)
        caught = caught + 1
      end)
      local stubborn = task.spawn(function() while true do pcall(task.sleep, 60) end end)
      task.sleep(0.002)
      t:cancel() stubborn:cancel()
      pcall(t.await, t)
      pcall(stubborn.await, stubborn)
      return caught, saved, stubborn.status
      """, configuration: Self.quick)
    #expect(results == [1, true, "cancelled"])
  }

  @Test("before the start prevents the function from running")
  func beforeStart() async throws {
    let results = try await runLua(
      """
      local ran = false
      local t = task.spawn(function() ran = true end)
      t:cancel()
      pcall(t.await, t)
      return ran, t.status
      """)
    #expect(results == [false, "cancelled"])
  }

  @Test("a timeout cancels its function and raises an error of kind timeout")
  func timeout() async throws {
    let results = try await runLua(
      """
      local closed = false
      local ok, err = pcall(task.timeout, 0.005, function()
        local c <close> = setmetatable({}, {__close = function() closed = true end})
        task.sleep(60)
      end)
      local value = task.timeout(60, function(a) return a end, 7)
      return ok, err.kind, closed, value
      """)
    #expect(results == [false, "timeout", true, 7])
  }

  @Test("a failed parent cancels its children and waits for them")
  func failedMaker() async throws {
    let closed = Shared(false)
    _ = try await luaError(
      """
      task.spawn(function()
        local c <close> = setmetatable({}, {__close = note})
        task.sleep(60)
      end)
      task.sleep(0)
      error("main fails")
      """,
      with: [
        "note": .init { call in
          closed.value = true
          return call.results()
        }
      ])
    #expect(closed.value)
  }

  @Test("removes a waiter from the queue of a semaphore or channel")
  func leavesQueues() async throws {
    let results = try await runLua(
      """
      local s, c = task.semaphore(1), task.channel()
      local permit = s:acquire()
      local waiter = task.spawn(function() s:acquire() end)
      local sender = task.spawn(function() c:send("lost") end)
      task.sleep(0)
      waiter:cancel() sender:cancel()
      task.sleep(0.002)
      permit:release()
      s:acquire()
      task.spawn(function() c:send("kept") end)
      return c:receive()
      """)
    #expect(results == ["kept"])
  }
}
