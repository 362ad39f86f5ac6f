import Testing

@testable import Lua

@Suite("Waits in place")
struct NestedWaitTests {
  @Test("finish innermost first")
  func topFirst() async throws {
    let results = try await runLua(
      """
      local order = {}
      local function sorted(name, seconds)
        table.sort({1, 2}, function(a, b) task.sleep(seconds) order[#order + 1] = name return a < b end)
      end
      local a = task.spawn(sorted, "short, beneath", 0.001)
      local b = task.spawn(sorted, "long, on top", 0.05)
      a:await() b:await()
      return order[1]
      """)
    #expect(results == ["long, on top"])
  }

  @Test("can be nested sixteen deep, and no more")
  func limit() async throws {
    let source = """
      local function nest(level)
        if level == 0 then return end
        local child = task.spawn(function()
          table.sort({1, 2}, function(a, b) nest(level - 1) return a < b end)
        end)
        child:await()
      end
      nest(...)
      return "done"
      """
    #expect(try await runLua("local function main(...) \(source) end return main(16)") == ["done"])
    let error = try await luaError("local function main(...) \(source) end return main(40)")
    #expect(error.message.contains("too many nested waits (limit is 16)"))
  }

  @Test("that only an outer frame could end are a deadlock")
  func deadlockBeneath() async throws {
    let error = try await luaError(
      """
      local a
      local b = task.spawn(function() a:await() end)
      a = task.spawn(function() table.sort({1, 2}, function(x, y) b:await() return x < y end) end)
      a:await()
      """)
    #expect(error.message.contains("deadlock"))
    #expect(error.message.contains("task 1 (test:2) waits for task 2 (test:3)"))
    #expect(error.message.contains("task 2 (test:3) waits for task 1 (test:2)"))
  }

  @Test("that nothing can end are a deadlock, which names who waits for what")
  func deadlock() async throws {
    let error = try await luaError("local c = task.channel() c:receive()")
    #expect(error.message.contains("the main script waits for a value of a channel"))
  }
}
