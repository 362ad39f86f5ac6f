import Testing

@testable import Lua

/// Limits, interrupts and closing, in every order.
@Suite("The end of a run", .timeLimit(.minutes(1)))
struct RunEndTests {
  private static let scripts = [
    "while true do end", "while true do pcall(function() while true do end end) end",
    "task.sleep(3600)", "never()", "task.spawn(function() while true do end end)",
    "while true do pcall(task.sleep, 3600) end",
    "table.sort({1, 2}, function() task.sleep(3600) end)",
  ]

  private static func start(
    _ source: String, in interpreter: LuaInterpreter, timeLimit: Duration? = nil
  ) async -> Task<Void, any Error> {
    let started = AsyncEvent()
    let run = Task {
      try await interpreter.run(timeLimit: timeLimit) { state in
        try state.globals.set("never", to: Host.never)
        try state.globals.set(
          "running",
          to: .init { call in
            Task { await started.set() }
            return .none
          })
        _ = try state.run("running() \(source)", name: "=test")
      }
    }
    await started.wait()
    return run
  }

  @Test("close ends the current run with kind closed", arguments: scripts)
  func close(source: String) async throws {
    let interpreter = try LuaInterpreter(configuration: LimitTests.quick)
    let run = await Self.start(source, in: interpreter)
    let queued = Task { try await interpreter.run { try $0.run("return 1") } }
    interpreter.close()
    let error = await #expect(throws: LuaError.self) { try await run.value }
    #expect(error?.kind == .closed, "\(String(describing: error))")
    // It was before the closing, or was refused.
    do { _ = try await queued.value } catch { #expect((error as? LuaError)?.kind == .closed) }
    let late = await #expect(throws: LuaError.self) {
      try await interpreter.run { _ in }
    }
    #expect(late?.kind == .closed)
    interpreter.interrupt()
    interpreter.close()
  }

  private static let endings:
    [(String, @Sendable (LuaInterpreter, Task<Void, any Error>) -> Void)] =
      [
        ("close", { interpreter, _ in interpreter.close() }),
        ("cancel", { _, run in run.cancel() }),
        ("interrupt", { interpreter, _ in interpreter.interrupt() }),
        ("time limit", { interpreter, _ in interpreter.interrupt(after: .zero) }),
      ]

  @Test("any two endings in any order end it", arguments: 0..<4, 0..<4)
  func pairs(first: Int, second: Int) async throws {
    for source in ["while true do end", "while true do pcall(task.sleep, 3600) end"] {
      let interpreter = try LuaInterpreter(configuration: LimitTests.quick)
      let run = await Self.start(source, in: interpreter)
      Self.endings[first].1(interpreter, run)
      Self.endings[second].1(interpreter, run)
      let error = await #expect(throws: LuaError.self) { try await run.value }
      #expect(error?.kind != .runtime)
      interpreter.close()
    }
  }

  @Test("close on the Lua thread does not wait for itself, and the run ends")
  func ownThread() async throws {
    let interpreter = try LuaInterpreter(configuration: LimitTests.quick)
    let error = await #expect(throws: LuaError.self) {
      try await interpreter.run { state in
        try state.globals.set(
          "close",
          to: .init { _ in
            interpreter.close()
            return .none
          })
        _ = try state.run("close() while true do end")
      }
    }
    #expect(error?.kind == .closed)
    interpreter.close()
  }

  @Test("a blocking run on the Lua thread is an error")
  func ownBlockingRun() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      let error = #expect(throws: LuaError.self) { try interpreter.runBlocking { _ in } }
      #expect(error?.kind == .misuse)
    }
  }

  @Test("a run that was cancelled before it began is interrupted when it begins")
  func queued() async throws {
    let interpreter = try LuaInterpreter(configuration: LimitTests.quick)
    defer { interpreter.close() }
    let first = await Self.start("task.sleep(3600)", in: interpreter)
    let queued = (0..<3).map { _ in
      Task { try await interpreter.run { _ = try $0.run("while true do end") } }
    }
    for run in queued { run.cancel() }
    // The cancel of a run that is on its way must not be lost either.
    first.cancel()
    for run in queued {
      let error = await #expect(throws: LuaError.self) { try await run.value }
      #expect(error?.kind == .cancelled)
    }
  }

  @Test("a time limit ends with its run")
  func timeLimit() async throws {
    let interpreter = try LuaInterpreter(configuration: LimitTests.quick)
    defer { interpreter.close() }
    for _ in 0..<2 {
      let error = await #expect(throws: LuaError.self) {
        try await interpreter.run(timeLimit: .milliseconds(30)) { state in
          _ = try state.run("while true do end", name: "=test")
        }
      }
      #expect(error?.message.hasSuffix("time limit exceeded") == true)
      #expect(error?.kind == .timeout)
    }
    interpreter.interrupt(after: .milliseconds(30))
    try await interpreter.run(timeLimit: .milliseconds(30)) { _ in }
    try await interpreter.run { _ = try $0.run("task.sleep(0.2)") }
  }

  @Test("os.exit is an error unless it is allowed")
  func exit() async throws {
    for (call, text) in [("7", "7"), ("true, true", "true"), ("", "nil"), ("{}", "table")] {
      let error = try await luaError("os.exit(\(call))")
      #expect(error.message.contains("os.exit(\(text)"), "\(error.message)")
    }
  }

  @Test("a memory limit and a simultaneous interrupt end the run")
  func memory() async throws {
    var configuration = LimitTests.quick
    configuration.memoryLimit = 1 << 20
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    await #expect(throws: LuaError.self) {
      try await interpreter.run(timeLimit: .milliseconds(50)) { state in
        try state.run(
          """
          local kept = {}
          while true do pcall(function() while true do kept[#kept + 1] = {} end end) end
          """)
      }
    }
    let results = try await interpreter.run { try $0.run("return 1") }
    #expect(results == [1])
  }
}
