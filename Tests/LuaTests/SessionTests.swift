import Testing

@testable import Lua

@Suite("Sessions")
struct SessionTests {
  /// Runs statements in one session; the results of the last.
  private func run(_ session: LuaSession, _ source: String) async throws -> [LuaValue] {
    try await withCheckedThrowingContinuation { continuation in
      session.post({ try $0.run(source) }, completion: { continuation.resume(with: $0) })
    }
  }

  @Test("a task outlives its statement, and its error is reported when it fails")
  func tasks() async throws {
    let reported = Shared<[String]>([])
    var configuration = LuaConfiguration()
    configuration.reportTaskError = { reported.value.append($0.message) }
    let interpreter = try LuaInterpreter(configuration: configuration)
    defer { interpreter.close() }
    let session = interpreter.session()
    _ = try await run(
      session, "c = task.channel() t = task.spawn(function() error(c:receive()) end)")
    #expect(try await run(session, "return t.status") == ["running"])
    _ = try await run(session, "c:send('late') task.sleep(0)")
    #expect(try await run(session, "return t.status") == ["failed"])
    #expect(reported.value.count == 1)
    #expect(reported.value.first?.contains("late") == true)
  }

  @Test("its end cancels its tasks and waits for their closers")
  func end() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    let session = interpreter.session()
    _ = try await run(
      session,
      """
      task.spawn(function()
        local guard <close> = setmetatable({}, {__close = function() closed = true end})
        task.sleep(60)
      end)
      task.sleep(0)
      """)
    await withCheckedContinuation { continuation in session.end { continuation.resume() } }
    #expect(try await run(session, "return closed") == [true])
  }

  @Test("after the interpreter is closed a statement fails with kind closed")
  func closed() async throws {
    let interpreter = try LuaInterpreter()
    let session = interpreter.session()
    interpreter.close()
    await #expect(throws: LuaError.self) { try await run(session, "x = 1") }
  }

  @Test("upvalues are joined, and what does not exist is refused")
  func upvalues() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      let functions = try state.run(
        """
        local a, b = 1, 2
        return function() a = a + 10 return a end, function() return b end, print
        """)
      guard case .function(let add) = functions[0], case .function(let get) = functions[1],
        case .function(let print) = functions[2]
      else { throw Unexpected("no functions") }
      #expect(try get.upvalueNames() == ["b"])
      try get.joinUpvalue(1, with: add, 1)
      try add.call([])
      #expect(try get.call([]) == [11])
      #expect(try get.upvalue(1) == 11)
      #expect(try get.upvalue(2) == nil)
      #expect(throws: LuaError.self) { try get.joinUpvalue(2, with: add, 1) }
      #expect(throws: LuaError.self) { try get.joinUpvalue(1, with: print, 1) }
    }
  }

  @Test("the locals of a function that raises are kept")
  func locals() async throws {
    let interpreter = try LuaInterpreter()
    defer { interpreter.close() }
    try await interpreter.run { state in
      let chunk = try state.load(
        "local a, b = 1, {} local function f() local c = 2 error('no') end f()")
      #expect(throws: LuaError.self) { try chunk.callKeepingLocals() }
      let kept = try #require(try state.keptLocals)
      #expect(try kept.rawGet("a") == 1)
      #expect(try kept.rawGet("c") == nil)
      _ = try state.load("return 1").callKeepingLocals()
      #expect(try state.keptLocals == nil)
    }
  }

  @Test("the syntax of a text is checked on any thread")
  func syntax() {
    let syntax = LuaSyntax()
    #expect(syntax.check("x = 1") == .complete)
    #expect(syntax.check("if x then") == .incomplete)
    #expect(syntax.check("x = = 1") == .invalid)
    #expect(syntax.check(String(repeating: "(", count: 100_000)) == .invalid)
    #expect(syntax.check("\u{1b}Lua") == .invalid)
  }
}
