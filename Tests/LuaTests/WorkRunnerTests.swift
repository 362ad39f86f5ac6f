import Testing

@testable import Lua

@Suite("Swift work")
struct WorkRunnerTests {
  /// Returns whether the work runs on the Lua thread, and whether its task is cancelled.
  static let probe = LuaNativeFunction.async { _ in
    LuaAsyncCall(work: { [LuaState.current != nil, Task.isCancelled] })
  }

  static let functions: KeyValuePairs<String, LuaNativeFunction> = [
    "probe": probe, "echo": Host.echo, "never": Host.never, "fail": Host.fail,
    "cancelItself": .async { _ in
      LuaAsyncCall(work: {
        withUnsafeCurrentTask { $0?.cancel() }
        return Task.isCancelled
      })
    },
    "callNested": .async { call in
      let function = try call.function(1)
      return LuaAsyncCall(work: { try function.call(returning: [Bool].self) })
    },
  ]

  @Test(
    "begins on the Lua thread, in a task that is not cancelled",
    arguments: [
      ("at first", ""),
      ("after work that did not suspend", "probe()"),
      ("after work that suspended", "echo(1)"),
      ("after work that failed", "pcall(fail)"),
      ("after work that was aborted", "pcall(task.timeout, 0.001, never)"),
      ("after work that cancelled its own task", "assert(cancelItself())"),
      (
        "while other work is suspended",
        "local t = task.spawn(function() task.spawn(never) task.spawn(echo, 1) task.sleep(1) end)"
          + " task.sleep(0) task.spawn(t.cancel, t)"
      ),
      ("after work that called Lua", "assert(callNested(probe)[1])"),
      (
        "after work that called Lua, which suspended",
        "callNested(function() echo(1) return {} end)"
      ),
    ])
  func beginning(name: String, before: String) async throws {
    let chunk = "\(before) local a, b = probe(), probe() return a[1], a[2], b[1], b[2]"
    #expect(try await runLua(chunk, with: Self.functions) == [true, false, true, false], "\(name)")
  }

  @Test("the runtime's executors have the assumed layout")
  func executors() {
    // Where this fails, a piece of work costs a change of threads; see WorkRunner.
    #expect(UnownedSerialExecutor.hasKnownLayout)
  }

  @Test("is released when it has ended, and its task when the state is closed")
  func release() throws {
    weak var held: Token?
    weak var task: WorkRunner?
    do {
      let token = Token()
      held = token
      let interpreter = try LuaInterpreter()
      let work = LuaNativeFunction.async { [token = Shared<Token?>(token)] _ in
        defer { token.value = nil }
        return LuaAsyncCall(work: { [token = token.value] in token != nil })
      }
      let runner = Shared<WorkRunner?>(nil)
      try interpreter.runBlocking { state in
        try state.globals.set("work", to: work)
        try state.run("assert(work()) assert(not work())")
        runner.value = state.idleRunner
      }
      task = runner.value
      #expect(task != nil)
      interpreter.close()
    }
    #expect(held == nil)
    #expect(task == nil)
  }

  @Test("that ends after its interpreter was closed is released")
  func releaseAfterClose() async throws {
    let event = AsyncEvent()
    weak var held: Token?
    do {
      let token = Token()
      held = token
      try await runLua(
        "local t = task.spawn(work) task.sleep(0) t:cancel()",
        with: [
          "work": .async { [token = Shared<Token?>(token)] _ in
            defer { token.value = nil }
            return LuaAsyncCall(whenCancelled: .finishInBackground) { [token = token.value] in
              await event.wait()
              return token != nil
            }
          }
        ])
    }
    #expect(held != nil)
    await event.set()
    for _ in 0..<1000 where held != nil { try await Task.sleep(for: .milliseconds(5)) }
    #expect(held == nil)
  }
}

private final class Token: Sendable {}
