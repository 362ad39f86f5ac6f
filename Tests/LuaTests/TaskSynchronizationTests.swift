import Testing

@testable import Lua

@Suite("Semaphores and channels")
struct TaskSynchronizationTests {
  @Test("a semaphore limits its holders, and closing a permit releases it")
  func semaphore() async throws {
    let results = try await runLua(
      """
      local s = task.semaphore(2)
      local inside, most = 0, 0
      local function work()
        local permit <close> = s:acquire()
        inside = inside + 1
        most = math.max(most, inside)
        task.sleep(0.001)
        inside = inside - 1
        error("out")
      end
      for index = 1, 6 do pcall(task.await, nil) end
      local list = {}
      for index = 1, 6 do list[index] = task.spawn(work) end
      for index = 1, 6 do pcall(list[index].await, list[index]) end
      local again = s:acquire()
      again:release()
      again:release()
      s:acquire()
      s:acquire()
      s:release() s:release()
      return most, inside, pcall(s.release, s)
      """)
    #expect(Array(results.prefix(3)) == [2, 0, false])
  }

  @Test("a channel keeps its order, makes senders wait when full, and ends when closed")
  func channel() async throws {
    let results = try await runLua(
      """
      local c = task.channel(2)
      local sent = 0
      task.spawn(function()
        for index = 1, 5 do c:send(index) sent = index end
        c:close()
      end)
      task.sleep(0.002)
      local before = sent
      local received = {}
      for value in c do received[#received + 1] = value end
      assert(c:receive() == nil)
      return before, table.concat(received, " "), pcall(c.send, c, 1)
      """)
    #expect(Array(results.prefix(3)) == [2, "1 2 3 4 5", false])
  }

  @Test("a channel without a buffer passes values directly between tasks")
  func rendezvous() async throws {
    let results = try await runLua(
      """
      local c, log = task.channel(), {}
      task.spawn(function() c:send("x") log[#log + 1] = "sent" end)
      task.sleep(0.002)
      log[#log + 1] = "receiving"
      c:receive()
      task.sleep(0)
      return table.concat(log, " ")
      """)
    #expect(results == ["receiving sent"])
  }
}
