import Foundation
import Testing

@testable import Lua

@Suite("The lifetime of an interpreter", .serialized)
struct LifetimeTests {
  static func useOnce() async throws {
    let interpreter = try LuaInterpreter()
    try await interpreter.run { state in
      try state.globals.set("echo", to: Host.echo)
      try state.globals.set("c", to: Counter(1))
      try state.run(
        "local t = {} for i = 1, 100 do t[i] = {i} end task.all{function() echo(c.count) end}")
    }
    interpreter.close()
  }

  /// A sanitizer keeps freed memory.
  static let isSanitized = ProcessInfo.processInfo.environment["SANITIZED"] != nil

  @Test(
    "opening and closing a thousand leaks no memory or threads",
    .disabled(if: isSanitized))
  func thousand() async throws {
    for _ in 0..<50 { try await Self.useOnce() }
    let (memory, threads) = (residentBytes(), threadCount())
    for _ in 0..<1000 { try await Self.useOnce() }
    #expect(residentBytes() - memory < 4 << 20)
    #expect(threadCount() <= threads + 2)
  }

  @Test("an interpreter that nobody closes ends when it is deinitialised")
  func abandoned() async throws {
    let before = threadCount()
    for _ in 0..<20 {
      let interpreter = try LuaInterpreter()
      try await interpreter.run { state in _ = try state.run("x = 1") }
    }
    for _ in 0..<200 where threadCount() > before + 2 {
      try await Task.sleep(for: .milliseconds(10))
    }
    #expect(threadCount() <= before + 2)
  }

  @Test("its handles create no retain cycle")
  func noCycles() async throws {
    let results = try await runLua(
      """
      local weak = setmetatable({}, {__mode = "k"})
      do
        local t
        t = task.spawn(function() task.sleep(0) return t end)
        t:await()
        weak[t] = true
        local c = task.channel(1)
        c:send(c)
        weak[c] = true
      end
      task.sleep(0.001)
      collectgarbage() collectgarbage()
      return next(weak) == nil
      """)
    #expect(results == [true])
  }

  @Test("several run concurrently")
  func concurrent() async throws {
    try await withThrowingTaskGroup(of: [LuaValue].self) { group in
      for index in 0..<8 {
        group.addTask {
          try await runLua(
            "local n = 0 for i = 1, 20 do n = n + echo(i) end return n + \(index)",
            with: ["echo": Host.echo])
        }
      }
      var sum: Int64 = 0
      for try await results in group {
        if case .integer(let value)? = results.first { sum += value }
      }
      #expect(sum == 8 * 210 + 28)
    }
  }

  private func residentBytes() -> Int {
    let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
    let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
    return pages * 4096
  }

  private func threadCount() -> Int {
    (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task").count) ?? 0
  }
}
