import Testing

@testable import Lua

/// Runs every binding with each of its allocations failing in turn.
@Suite("Out of memory")
struct OutOfMemoryTests {
  @Test(
    "at any allocation ends in an error or success",
    arguments: [
      "return add(1, 2), text('x'), list(), tostring(counter)",
      "return counter.count, counter:add(2), #counter, counter == counter",
      "counter.count = 3 return pcall(function() counter.nothing = 1 end)",
      "return pcall(fail), pcall(refuse), pcall(add, {})",
      "return echo('x'), now(1), pcall(failLater)",
      "return coroutine.wrap(function() return echo(1), coroutine.yield(2) end)()",
      "local t = task.spawn(function(...) task.sleep(0) return ... end, 1, 2) return t:await()",
      "return task.all{function() return echo(1) end, function() return now(2) end}",
      "return pcall(task.map, {1, 2, 3}, function(i) if i == 2 then error('x') end return echo(i) end)",
      "return pcall(task.timeout, 0.0001, task.sleep, 60)",
      "local c = task.channel(1) task.spawn(function() c:send('x') c:close() end) for v in c do end",
      "local s = task.semaphore(1) local p <close> = s:acquire() return tostring(p)",
      "local t = task.spawn(function() local c <close> = setmetatable({}, {__close = print and function() end}) task.sleep(60) end) task.sleep(0) t:cancel()",
      "table.sort({3, 2, 1}, function(a, b) return echo(a) < echo(b) end)",
      "return require('made').value, load('return 1')()",
      "return string.rep('x', 1000):gsub('x', function(x) return now(x) end)",
    ])
  func everywhere(source: String) async throws {
    var configuration = LuaConfiguration()
    configuration.reportTaskError = { _ in }
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    try await interpreter.run { state in try Self.setUp(state) }
    func run(failing count: Int) async throws -> Int {
      try await interpreter.run { state in
        let chunk = try state.load(source, name: "=test")
        state.failAllocations(from: count)
        defer { state.failAllocations(from: 0) }
        let allocations = Shared(0)
        do {
          _ = try chunk.call([])
          allocations.value = state.allocationCount
        } catch let error as LuaError {
          allocations.value = state.allocationCount
          _ = error
        }
        return allocations.value
      }
    }
    let needed = try await run(failing: 0)
    for count in 1...(needed + 2) {
      do {
        _ = try await run(failing: count)
      } catch is LuaError {}
    }
    // It has survived: everything works again.
    let results = try await interpreter.run { state in
      state.failAllocations(from: 0)
      return try state.run("return add(20, 22), echo(1)")
    }
    #expect(results == [.number(42), 1])
  }

  static func setUp(_ state: LuaState) throws {
    try state.globals.set([
      "add": LuaNativeFunction { $0.results(try $0.number(1) + $0.number(2)) },
      "text": LuaNativeFunction { try $0.results($0.string(1) + "!") },
      "list": .typed { () in ["a", "b"] },
      "fail": LuaNativeFunction { _ in throw Unexpected("broken") },
      "refuse": LuaNativeFunction { _ in throw Refusal(code: 1) },
      "failLater": Host.fail, "echo": Host.echo, "now": Host.now,
    ])
    try state.globals.set("counter", to: Counter(1))
    try state.preload("made") { state in
      let table = try state.makeTable()
      try table.set("value", to: 1)
      return table
    }
    try state.run("pcall(fail)")
  }

  @Test("while an interpreter is opened is an error")
  func opening() throws {
    // The cap moves through every allocation of the opening; see LimitTests.tinyMemory.
    var configuration = LuaConfiguration()
    configuration.memoryLimit = 20_000
    let error = #expect(throws: LuaError.self) { try LuaInterpreter(configuration: configuration) }
    #expect(error?.kind == .memory)
  }
}
