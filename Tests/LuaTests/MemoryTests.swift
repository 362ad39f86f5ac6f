import Testing

@testable import Lua

@Suite("Memory that the host reserves for a script")
struct MemoryTests {
  static var limited: LuaConfiguration {
    var configuration = LuaConfiguration()
    configuration.memoryLimit = 4 << 20
    return configuration
  }

  @Test("counts against the limit until it is released, and a script can catch the error")
  func reservation() async throws {
    let results = try await runLua(
      """
      local ok, message = pcall(take, 5 << 20)
      local fits = pcall(take, 2 << 20)
      local both, why = pcall(string.rep, "x", 5 << 18)
      give()
      return ok, message, fits, both, why, #string.rep("x", 5 << 18)
      """, configuration: Self.limited, with: Self.functions)
    #expect(
      results == [false, "not enough memory", true, false, "not enough memory", .integer(5 << 18)])
  }

  private static var functions: KeyValuePairs<String, LuaNativeFunction> {
    let held = Shared<[LuaMemoryReservation]>([])
    return [
      "take": LuaNativeFunction { call in
        held.value.append(try call.state.reserve(bytes: call.integer(1)))
        return .none
      },
      "give": LuaNativeFunction { _ in
        held.value = []
        return .none
      },
    ]
  }

  @Test("replaces garbage, grows, and is released once")
  func garbage() async throws {
    let interpreter = try LuaInterpreter(configuration: Self.limited)
    defer { interpreter.close() }
    let kept = try await interpreter.run { state in
      try state.run("for i = 1, 3 do local s = string.rep('x', 1 << 20) .. i end")
      let memory = try state.reserve(bytes: 1 << 20)
      try memory.grow(by: 2 << 20)
      #expect(memory.byteCount == 3 << 20)
      #expect(throws: LuaError.self) { try memory.grow(by: 3 << 20) }
      #expect(memory.byteCount == 3 << 20)
      memory.release()
      memory.release()
      let again = try state.reserve(bytes: 3 << 20)
      return again
    }
    // Away from the Lua thread, and after its end.
    let error = #expect(throws: LuaError.self) { try kept.grow(by: 3 << 20) }
    #expect(error?.kind == .memory)
    interpreter.close()
    kept.release()
  }

  @Test("of any size is granted or refused, never a crash", arguments: [nil, 4 << 20])
  func sizes(limit: Int?) async throws {
    var configuration = LuaConfiguration()
    configuration.memoryLimit = limit
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    try await interpreter.run { state in
      for size in [Int.min, -1, 0, 1, Int.max, Int.max - 1] {
        let memory = try? state.reserve(bytes: size)
        try? memory?.grow(by: Int.max)
        try? memory?.grow(by: Int.max)
        try? memory?.grow(by: 2)
      }
      let results = try state.run("return 1")
      #expect(results == [1])
    }
  }
}
