import Testing

@testable import Lua

@Suite("Tasks")
struct TaskTests {
  @Test("await returns all results, any number of times")
  func await() async throws {
    let results = try await runLua(
      """
      local t = task.spawn(function(...) task.sleep(0) return ... end, 1, nil, 3)
      assert(t.status == "queued")
      assert(select('#', t:await()) == 3)
      assert(t.status == "finished")
      return t:await()
      """)
    #expect(results == [1, .nil, 3])
  }

  @Test("await raises the error of the task, with its value")
  func awaitError() async throws {
    let results = try await runLua(
      """
      local value = {code = 5}
      local t = task.spawn(function() task.sleep(0) error(value) end)
      local ok, caught = pcall(t.await, t)
      return ok, caught == value, t.status
      """)
    #expect(results == [false, true, "failed"])
  }

  @Test("all, map and settle keep the order of the list, and map keeps its limit")
  func lists() async throws {
    let results = try await runLua(
      """
      local running, most = 0, 0
      local function work(item, index)
        running = running + 1
        most = math.max(most, running)
        task.sleep(0.002 * (6 - item))
        running = running - 1
        return item * index
      end
      local mapped = task.map({1, 2, 3, 4, 5}, work, {limit = 2})
      assert(most == 2, most)
      assert(table.concat(mapped, " ") == "1 4 9 16 25")
      local all = task.all{function() task.sleep(0.01) return "a" end, task.spawn(function() return "b" end)}
      assert(all[1] == "a" and all[2] == "b" and #all == 2)
      local settled = task.settle({1, 2}, function(item) if item == 1 then error("bad", 0) end return item end)
      assert(settled[1].ok == false and settled[1].error == "bad" and settled[1].item == 1)
      assert(settled[2].ok == true and settled[2].value == 2)
      assert(#task.map({}, work) == 0 and #task.all{} == 0 and #task.settle({}, work) == 0)
      return true
      """)
    #expect(results == [true])
  }

  @Test("any returns the first success and cancels the others")
  func any() async throws {
    let results = try await runLua(
      """
      local slow = task.spawn(function() task.sleep(60) end)
      local value, index = task.any{
        slow, function() error("no") end, function() task.sleep(0.005) return "yes" end}
      local ok, message = pcall(task.any, {function() error("first", 0) end, function() error("second", 0) end})
      return value, index, slow.status, ok, message
      """)
    #expect(results == ["yes", 3, "cancelled", false, "first"])
  }

  @Test("after an error map starts no more tasks, awaits the running ones, raises with results")
  func mapError() async throws {
    let results = try await runLua(
      """
      local started, ended = 0, 0
      local ok, err = pcall(task.map, {1, 2, 3, 4, 5, 6}, function(item)
        started = started + 1
        task.sleep(item == 2 and 0 or 0.01)
        if item == 2 then error("bad item", 0) end
        ended = ended + 1
        return item
      end, {limit = 3})
      assert(not ok)
      assert(tostring(err) == "bad item" and err.results[1] == 1 and err.results[3] == 3)
      return started, ended
      """)
    #expect(results == [3, 2])
  }

  @Test("map stores the results in an error that is a table")
  func mapTableError() async throws {
    let results = try await runLua(
      """
      local ok, err = pcall(task.map, {1, 2}, function(item) if item == 2 then error{code = 1} end return item end)
      return ok, err.code, err.results[1]
      """)
    #expect(results == [false, 1, 1])
  }

  @Test(
    "a waiter resumes after a task failed with an object that has __tostring",
    arguments: [
      "task.settle({1, 2}, boom)[2].error.code",
      "task.settle{function() return boom(1) end, function() return boom(2) end}[2].error.code",
      "select(2, pcall(task.all, {function() boom(2) end})).code",
      "select(2, pcall(task.map, {2}, boom)).code",
      "select(2, pcall(task.any, {function() boom(2) end})).code",
      "select(2, pcall(task.timeout, 60, boom, 2)).code",
    ])
  func textOfErrorObject(expression: String) async throws {
    // Swift makes the text on the failed coroutine; what is done next must happen on the
    // stack of who waits.
    let results = try await runLua(
      """
      function boom(code)
        task.sleep(0)
        error(fault(code))
      end
      local code = \(expression)
      collectgarbage()
      return code, task.spawn(function() return 7 end):await()
      """,
      with: ["fault": .typed { (code: Int) in FaultWithText(code: code) }])
    #expect(results == [2, 7])
  }

  @Test("wrong arguments raise Lua's errors")
  func wrongArguments() async throws {
    for (call, message) in [
      ("task.spawn(1)", "bad argument #1 to 'spawn' (function expected, got number)"),
      ("task.sleep(-1)", "bad argument #1 to 'sleep' (time is negative)"),
      ("task.sleep()", "bad argument #1 to 'sleep' (number expected, got no value)"),
      ("task.map(1)", "bad argument #1 to 'map' (table expected, got number)"),
      ("task.map({}, print, {limt = 1})", "'limt' (options: limit, progress)"),
      ("task.map({}, print, {progress = 1})", "progress is a number, not a function"),
      ("task.all{1}", "task or function expected at index 1"),
      ("task.semaphore(0)", "at least 1 expected"),
      ("task.timeout('x', print)", "number expected, got string"),
      ("task.timeout(-1, print)", "bad argument #1 to 'timeout' (time is negative)"),
      ("task.timeout(0/0, print)", "bad argument #1 to 'timeout' (time is not a number)"),
      ("task.timeout(1, 2)", "bad argument #2 to 'timeout' (function expected, got number)"),
      ("task.sleep(0/0)", "bad argument #1 to 'sleep' (time is not a number)"),
      (
        "task.map({a = 1}, print)",
        "bad argument #1 to 'map' (list expected, got a table with the key 'a')"
      ),
      ("task.settle({a = 1}, print)", "bad argument #1 to 'settle' (list expected"),
      ("task.all{a = print}", "bad argument #1 to 'all' (list expected"),
      ("task.any{a = print}", "bad argument #1 to 'any' (list expected"),
      ("task.map({1}, print, {limit = 0})", "limit is not a positive integer"),
      ("task.map({1}, print, {limit = 0/0})", "limit is not a positive integer"),
      ("task.map({1}, print, 7)", "bad argument #3 to 'map' (table expected, got number)"),
      ("task.semaphore(0/0)", "number has no integer representation"),
      ("task.semaphore(1e300)", "number has no integer representation"),
      ("task.semaphore({})", "bad argument #1 to 'semaphore' (number expected, got table)"),
      ("task.channel(-1)", "bad argument #1 to 'channel' (the capacity is negative)"),
      ("task.channel(0.5)", "number has no integer representation"),
    ] {
      #expect(try await luaError(call).message.contains(message))
    }
  }

  @Test("numbers of any size are accepted")
  func hugeNumbers() async throws {
    let results = try await runLua(
      """
      local c, s = task.channel(math.maxinteger), task.semaphore(1 << 60)
      c:send(1)
      for _, time in ipairs {1e300, math.huge, 1e10, math.maxinteger} do
        local sleeper = task.spawn(task.sleep, time)
        assert(task.timeout(time, function() return 1 end) == 1)
        sleeper:cancel()
      end
      local first = task.map({1}, function(x) return x end, {limit = math.maxinteger})
      return c:receive(), tostring(s:acquire()):match("permit"), first[1]
      """)
    #expect(results == [1, "permit", 1])
  }

  @Test("an error of a closer in a cancelled task is reported, the cancel itself is not")
  func closerOfCancelled() async throws {
    let reported = Shared<[String]>([])
    var configuration = LuaConfiguration()
    configuration.grace = .milliseconds(20)
    configuration.reportTaskError = { reported.value.append($0.message) }
    try await runLua(
      """
      local function sleeper(close)
        return function()
          local c <close> = setmetatable({}, {__close = close})
          task.sleep(60)
        end
      end
      local handle = task.spawn(sleeper(function() error("from the closer") end))
      task.sleep(0)
      handle:cancel()
      pcall(handle.await, handle)
      pcall(task.timeout, 0.01, sleeper(function() error("in a timeout") end))
      pcall(task.all, {sleeper(function() error("of a sibling") end), function() task.sleep(0) error("x") end})
      local quiet = task.spawn(sleeper(function() end))
      local endless = task.spawn(sleeper(function() while true do end end))
      task.sleep(0)
      quiet:cancel()
      endless:cancel()
      """, configuration: configuration)
    #expect(reported.value.count == 3, "\(reported.value)")
    for (text, message) in zip(["from the closer", "in a timeout", "of a sibling"], reported.value)
    {
      #expect(message.contains(", which was cancelled: ") && message.hasSuffix(text), "\(message)")
    }
  }

  @Test("the main script's tasks are awaited when it ends")
  func structured() async throws {
    let done = Shared(0)
    _ = try await runLua(
      """
      task.spawn(function()
        task.spawn(function() task.sleep(0.01) note() end)
        note()
      end)
      """,
      with: [
        "note": .init { call in
          done.value += 1
          return call.results()
        }
      ])
    #expect(done.value == 2)
  }

  @Test("an error that nobody awaited is reported once")
  func unseenErrors() async throws {
    let reported = Shared<[String]>([])
    var configuration = LuaConfiguration()
    configuration.reportTaskError = { reported.value.append($0.message) }
    _ = try await runLua(
      """
      task.spawn(function() error("unseen", 0) end)
      local seen = task.spawn(function() error("seen", 0) end)
      pcall(seen.await, seen)
      task.spawn(function() task.spawn(function() error("deep", 0) end) end)
      """, configuration: configuration)
    #expect(
      reported.value.sorted() == [
        "error in task 1 (test:1): unseen", "error in task 4 (test:4): deep",
      ])
  }

  @Test("a yield in a task's own function is an error, as outside a coroutine")
  func yieldInTask() async throws {
    let results = try await runLua(
      """
      return task.spawn(function()
        assert(not coroutine.isyieldable())
        return pcall(coroutine.yield, 1)
      end):await()
      """)
    #expect(results == [false, "attempt to yield from outside a coroutine"])
  }

  @Test("errors name the script's line, also for the library's Lua code")
  func places() async throws {
    for (call, message) in [
      ("task.all(1)", "bad argument #1 to 'all' (table expected, got number)"),
      (
        "task.all {1}",
        "bad argument #1 to 'all' (task or function expected at index 1, got number)"
      ),
      ("task.any {}", "bad argument #1 to 'any' (the list is empty)"),
      (
        "task.all(setmetatable({}, { __len = function() return math.maxinteger end,"
          + " __index = function() return print end }))",
        "bad argument #1 to 'all' (the list has 9223372036854775807 elements, at most 16777216)"
      ),
      (
        "task.map(setmetatable({}, { __len = function() return math.huge end }), print)",
        "bad argument #1 to 'map' (the list has inf elements, at most 16777216)"
      ),
      ("task.settle(1)", "bad argument #1 to 'settle' (table expected, got number)"),
      ("task.map(1)", "bad argument #1 to 'map' (table expected, got number)"),
      ("task.map({}, 1)", "bad argument #2 to 'map' (function expected, got number)"),
      ("task.timeout(nil)", "bad argument #1 to 'timeout' (number expected, got nil)"),
    ] {
      #expect(try await luaError("\n\(call)").message == "test:2: \(message)")
    }
    let stuck = try await luaError(
      "local channel = task.channel()\ntask.all {function() channel:receive() end}")
    #expect(stuck.message.hasPrefix("test:2: deadlock"))
    let cancelled = try await runLua(
      """
      local message
      local outer = task.spawn(function()
        message = select(2, pcall(function() task.timeout(9, task.sleep, 9) end))
      end)
      task.sleep(0)
      outer:cancel()
      pcall(outer.await, outer)
      return tostring(message)
      """)
    #expect(cancelled == ["test:3: task was cancelled"])
  }

  @Test("the library works after a script has changed the standard library")
  func changedLibraries() async throws {
    try await runLua(
      """
      local pcall, assert, map, print = pcall, assert, task.map, print
      for name in pairs(_G) do if name ~= "_G" then _G[name] = nil end end
      assert(map({1}, function(value) return value end, {limit = 2})[1] == 1)
      local ok, message = pcall(map, {}, print, {wrong = 1})
      assert(message == "bad argument #3 to 'map' (there is no option 'wrong' (options: limit, progress))")
      """)
  }

  @Test("map and settle tell their progress after each call, in the caller's task")
  func progress() async throws {
    let results = try await runLua(
      """
      local seen, here = {}, coroutine.running()
      local function note(done, count)
        assert(coroutine.running() == here)
        seen[#seen + 1] = done .. "/" .. count
      end
      task.map({3, 1, 2}, function(n) task.sleep(n / 200) return n end, {progress = note})
      task.settle({1, 2}, error, {limit = 1, progress = note})
      return table.concat(seen, " ")
      """)
    #expect(results == ["1/3 2/3 3/3 1/2 2/2"])
  }

  @Test("an error of progress starts nothing more, and comes with what the calls gave")
  func failedProgress() async throws {
    let results = try await runLua(
      """
      local calls = 0
      local function call(n)
        calls = calls + 1
        task.sleep(n / 200)
        return n
      end
      local options = {limit = 2, progress = function(done) error("stop " .. done, 0) end}
      local _, fault = pcall(task.map, {1, 4, 1}, call, options)
      local _, settled = pcall(task.settle, {1, 4, 1}, call, options)
      local function raise() error{ mine = true } end
      local _, own = pcall(task.map, {1}, call, {progress = raise})
      return calls, fault.message, fault.results[1], fault.results[2], settled.message,
        settled.results[1].value, settled.results[2].value, own.mine, own.results[1]
      """)
    #expect(results == [5, "stop 1", 1, 4, "stop 1", 1, 4, true, 1])
  }

  @Test("a task's coroutine is dead when its function has returned, and keeps its results")
  func coroutineOfATask() async throws {
    let results = try await runLua(
      """
      local handle = task.spawn(function() return coroutine.running() end)
      local co = handle:await()
      local status, ok, message = coroutine.status(co), coroutine.resume(co)
      return status, ok, message, coroutine.close(co), handle:await() == co
      """)
    #expect(results == ["dead", false, "cannot resume dead coroutine", true, true])
  }

  @Test("a task that awaits itself is an error")
  func awaitItself() async throws {
    let error = try await luaError("local t t = task.spawn(function() t:await() end) t:await()")
    #expect(error.message.contains("a task cannot await itself"))
  }
}

/// An error object with a `__tostring` in Swift.
struct FaultWithText: LuaUserdata {
  let code: Int

  static let luaType = LuaUserdataType<FaultWithText>(name: "fault") { type in
    type.property("code") { $0.code }
    type.description { "fault \($0.code)" }
  }
}
