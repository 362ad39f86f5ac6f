import Testing

@testable import Lua

@Suite("Async calls")
struct AsyncTests {
  static let functions: KeyValuePairs<String, LuaNativeFunction> = [
    "echo": Host.echo, "now": Host.now, "ready": Host.ready, "fail": Host.fail,
    "never": Host.never,
  ]

  @Test(
    "a host call returns its result",
    arguments: [
      ("from the main script", "return echo(7)"),
      ("that is there at once", "return now(7)"),
      ("that was there before the call", "return ready(7)"),
      (
        "that was known before the call, in a coroutine in a task",
        "return task.spawn(function() return coroutine.wrap(ready)(7) end):await()"
      ),
      ("from a task", "return task.spawn(function() return echo(7) end):await()"),
      ("from a coroutine", "return coroutine.wrap(function() return echo(7) end)()"),
      (
        "from coroutines in coroutines in a task",
        """
        local wrap = coroutine.wrap
        return task.spawn(function()
          return wrap(function() return wrap(function() return wrap(function()
            return echo(3) + echo(4)
          end)() end)() end)()
        end):await()
        """
      ),
      ("inside pcall", "return select(2, pcall(echo, 7))"),
      (
        "inside pcall in a task",
        "return task.spawn(function() return select(2, pcall(echo, 7)) end):await()"
      ),
      ("inside xpcall", "return select(2, xpcall(echo, print, 7))"),
      (
        "inside a metamethod",
        "local t = setmetatable({}, {__index = function(_, k) return echo(k) end}) return t[7]"
      ),
      (
        "inside a metamethod in a task",
        """
        local t = setmetatable({}, {__add = function(a, b) return echo(b) end})
        return task.spawn(function() return t + 7 end):await()
        """
      ),
      (
        "inside an iterator in a coroutine",
        """
        local function each() return function(_, i) if i < 7 then return echo(i + 1) end end, nil, 0 end
        return coroutine.wrap(function() local last for i in each() do last = i end return last end)()
        """
      ),
      (
        "inside __close in a task",
        """
        return task.spawn(function()
          local result
          do local c <close> = setmetatable({}, {__close = function() result = echo(7) end}) end
          return result
        end):await()
        """
      ),
      (
        "inside a comparator of table.sort",
        """
        local list = {3, 7, 5}
        table.sort(list, function(a, b) return echo(a) < echo(b) end)
        return list[3]
        """
      ),
      (
        "inside a gsub callback in a coroutine in a task",
        """
        return task.spawn(function() return coroutine.wrap(function()
          return tonumber((("x"):gsub("x", function() return tostring(echo(7)) end)))
        end)() end):await()
        """
      ),
      (
        "inside a message handler",
        "return select(2, xpcall(error, function() return echo(7) end))"
      ),
    ])
  func everywhere(name: String, source: String) async throws {
    #expect(try await runLua(source, with: Self.functions) == [7], "\(name)")
  }

  @Test("a script's own yields are unaffected")
  func ownYields() async throws {
    let results = try await runLua(
      """
      local log = {}
      local co = coroutine.create(function(a)
        log[#log + 1] = echo(a)
        local b = coroutine.yield("one", 1)
        log[#log + 1] = echo(b)
        local c = coroutine.yield("two")
        return echo(c)
      end)
      local results = {}
      for index = 1, 3 do results[index] = table.pack(coroutine.resume(co, index * 10)) end
      assert(results[1][2] == "one" and results[1][3] == 1 and results[1].n == 3)
      assert(results[2][2] == "two" and results[3][2] == 30)
      assert(coroutine.status(co) == "dead")
      return log[1], log[2]
      """, with: Self.functions)
    #expect(results == [10, 20])
  }

  @Test("a coroutine that waits for the host has status normal and cannot be resumed or closed")
  func waitingCoroutine() async throws {
    let results = try await runLua(
      """
      local co
      local channel = task.channel(1)
      local inner = task.spawn(function()
        co = coroutine.create(function() return channel:receive() end)
        return coroutine.resume(co)
      end)
      local status, resumed, message, closed
      task.spawn(function()
        status = coroutine.status(co)
        resumed, message = coroutine.resume(co)
        closed = pcall(coroutine.close, co)
      end):await()
      channel:send(7)
      assert(select(2, inner:await()) == 7)
      return status, resumed, message, closed
      """, with: Self.functions)
    #expect(results == ["normal", false, "cannot resume non-suspended coroutine", false])
  }

  @Test("a host error is raised at the call, in a coroutine too")
  func errors() async throws {
    let results = try await runLua(
      """
      local ok, message = pcall(fail)
      local ok2, message2 = coroutine.resume(coroutine.create(function() fail() end))
      return ok, tostring(message), ok2, tostring(message2)
      """, with: Self.functions)
    #expect(results == [false, "the host failed", false, "test:2: the host failed"])
  }

  @Test("the top level of a required module may call the host")
  func requiredModule() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let results = try await interpreter.run { state in
      try state.globals.set("echo", to: Host.echo)
      try state.preload("late", source: "return {value = echo(7)}")
      return try state.run("return require('late').value, require('late') == require('late')")
    }
    #expect(results == [7, true])
  }

  @Test("tasks run while the main script waits in a comparator")
  func othersGoOn() async throws {
    let results = try await runLua(
      """
      local ticks = 0
      local ticker = task.spawn(function() while true do task.sleep(0.001) ticks = ticks + 1 end end)
      table.sort({1, 2, 3}, function(a, b) task.sleep(0.01) return a < b end)
      ticker:cancel()
      return ticks > 2
      """)
    #expect(results == [true])
  }

  @Test("a call with a known result raises once in a cancelled task")
  func readyInCancelledTask() async throws {
    let results = try await runLua(
      """
      local first, second
      local t
      t = task.spawn(function()
        t:cancel()
        first = pcall(ready, 7)
        second = select(2, pcall(ready, 7))
      end)
      pcall(t.await, t)
      return first, second
      """, with: Self.functions)
    #expect(results == [false, 7])
  }

  @Test("abandoned work is aborted, or continues in the background if it must finish")
  func cancellationPolicies() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let event = AsyncEvent()
    let log = Log()
    try await interpreter.run { state in
      try state.globals.set(
        "paid",
        to: .async { _ in
          LuaAsyncCall(whenCancelled: .finishInBackground) {
            await event.wait()
            await log.add("stored")
            return true
          }
        })
      try state.globals.set(
        "unpaid",
        to: .async { _ in
          LuaAsyncCall(work: { () async throws -> Bool in
            do {
              try await Task.sleep(for: .seconds(3600))
            } catch {
              await log.add("aborted")
            }
            return true
          })
        })
      try state.run(
        """
        local a, b = task.spawn(paid), task.spawn(unpaid)
        task.sleep(0)
        a:cancel() b:cancel()
        """)
    }
    #expect(interpreter.backgroundWorkCount == 1)
    await event.set()
    await interpreter.waitForBackgroundWork()
    #expect(interpreter.backgroundWorkCount == 0)
    #expect(await Set(log.entries).isSuperset(of: ["stored"]))
  }

  @Test("background work can be abandoned")
  func abandoning() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      try state.globals.set(
        "paid",
        to: .async { _ in
          LuaAsyncCall(
            whenCancelled: .finishInBackground,
            work: { () async throws -> Bool in
              try await Task.sleep(for: .seconds(3600))
              return true
            })
        })
      try state.run("local a = task.spawn(paid) task.sleep(0) a:cancel()")
    }
    interpreter.abandonBackgroundWork()
    await interpreter.waitForBackgroundWork()
    #expect(interpreter.backgroundWorkCount == 0)
  }
}

/// An event that happens once.
actor AsyncEvent {
  private var hasHappened = false
  private var waiters: [CheckedContinuation<Void, Never>] = []

  func wait() async {
    if hasHappened { return }
    await withCheckedContinuation { waiters.append($0) }
  }

  func set() {
    hasHappened = true
    for waiter in waiters { waiter.resume() }
    waiters = []
  }
}

actor Log {
  var entries: [String] = []
  func add(_ entry: String) { entries.append(entry) }
}
