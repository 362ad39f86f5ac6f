import Lua
import Testing

@testable import ImagineREPL

/// A session whose statements are run one after the other; each returns its values as text, or its
/// error.
final class SessionStage {
  let interpreter: LuaInterpreter
  let session: LuaSession
  let runner = StatementRunner()

  init() throws {
    interpreter = try LuaInterpreter()
    session = interpreter.session()
  }

  deinit { interpreter.close() }

  func run(_ source: String) async -> String {
    let runner = runner
    return await withCheckedContinuation { continuation in
      session.post(
        { state in
          do {
            let outcome = try runner.run(source, state)
            let values = ValuePrinter(state).text(outcome.values)
            return [values, outcome.note].compactMap { $0 }.filter { !$0.isEmpty }
              .joined(separator: " -- ")
          } catch let error as LuaError {
            return "error: \(error.message)"
          }
        },
        completion: { result in
          switch result {
          case .success(let text): continuation.resume(returning: text)
          case .failure(let error as LuaError):
            continuation.resume(returning: "error: \(error.message)")
          case .failure(let error): continuation.resume(returning: "\(error)")
          }
        })
    }
  }

  /// Runs statements; the last one's answer.
  func run(_ sources: [String]) async -> String {
    var last = ""
    for source in sources { last = await run(source) }
    return last
  }
}

@Suite("Locals of statements")
struct StatementRunnerTests {
  @Test(
    "behave as in one file",
    arguments: [
      (["local a = 1", "a"], "1"),
      (["local a, b = 1, 2", "a = a + 1", "a + b"], "4"),
      (["local n = 1", "local n = n + 1", "n"], "2"),
      (["local n = 1", "function get() return n end", "local n = n + 1", "get(), n"], "1, 2"),
      (["local n = 1", "function inc() n = n + 1 end", "inc() inc()", "n"], "3"),
      (["local function f(x) return x == 0 and 0 or f(x - 1) end", "f(5)"], "0"),
      (["local c <const> = 7", "c * 2"], "14"),
      (["local c <const> = {1}", "c[1]"], "1"),
      (
        ["local c <const> = 7", "c = 8"],
        "error: statement 2:1: attempt to assign to const variable 'c'"
      ),
      (
        ["local t <close> = setmetatable({}, {__close = function() closed = true end})", "closed"],
        "true"
      ),
      (["local x = 5; error('no')", "x"], "5"),
      (["local x = 1", "do local x = 2 end", "x"], "1"),
      (["local x = 1", "local y = 2 return x + y"], "3"),
      (["local x = 1 return x", "x"], "1"),
      (["local x = 1", "local _ENV = {x = x}", "x"], "1"),
      (["for i = 1, 2 do local z = i end", "z"], "nil"),
      (["local s = 'a' -- note", "s"], "\"a\""),
      (["local a = 1\nlocal b = nil + 1", "a"], "1"),
      (["local a = 1", "\nnil.x = 1"], "error: statement 2:2: unexpected symbol near 'nil'"),
      (
        ["local a = 1", "print(a,\nundefined.x)"],
        "error: statement 2:2: attempt to index a nil value (global 'undefined')"
      ),
      (["local k = 1", "local kk = k + 1", "k, kk"], "1, 2"),
      (["1", "2", "_, __, ___"], "2, 1, nil"),
      (["5", "rawget(_G, '_')"], "nil"),
      (["local x = 3", "= x"], "3"),
    ] as [([String], String)])
  func rules(statements: [String], expected: String) async throws {
    #expect(try await SessionStage().run(statements) == expected)
  }

  @Test("a goto that only a plain chunk allows still runs, and says that the locals are lost")
  func jumps() async throws {
    let stage = try SessionStage()
    #expect(
      await stage.run("goto done local x = 1 ::done::")
        == "the locals of this statement are not kept")
    #expect(
      await stage.run("if true then return 7 end local y = 1").hasPrefix("7 -- the statement"))
  }

  @Test("more than 200 locals are kept")
  func many() async throws {
    let stage = try SessionStage()
    for index in 1...250 { _ = await stage.run("local v\(index) = \(index)") }
    #expect(await stage.run("v1 + v250") == "251")
    let names = (1...250).map { "v\($0)" }.joined(separator: " + ")
    _ = await stage.run(names)
    #expect(await stage.run("v250") == "250")
  }

  @Test("tasks go on between statements, and a failure is reported at once")
  func tasks() async throws {
    let stage = try SessionStage()
    #expect(
      await stage.run([
        "c = task.channel()", "t = task.spawn(function() return c:receive() + 1 end)", "t.status",
      ]) == "\"running\"")
    #expect(await stage.run("c:send(41) return t:await()") == "42")
  }

  @Test("an interrupt reaches the statement and its tasks, not those of earlier statements")
  func interrupt() async throws {
    let stage = try SessionStage()
    _ = await stage.run(
      "n = 0 t = task.spawn(function() while n >= 0 do n = n + 1 task.sleep(0) end return 'whole' end)"
    )
    for source in [
      "task.sleep(60)", "while true do end", "task.map({1}, function() while true do end end)",
    ] {
      let interpreter = stage.interpreter
      let interrupting = Task {
        while !Task.isCancelled {
          try await Task.sleep(for: .milliseconds(20))
          interpreter.interrupt()
        }
      }
      let answer = await stage.run(source)
      #expect(answer.contains("interrupted!"), "\(source): \(answer)")
      interrupting.cancel()
      _ = await interrupting.result
    }
    #expect(await stage.run("n = -1 return t:await()") == "\"whole\"")
  }

  @Test("a task that keeps Lua busy can be named and cancelled; a waiting statement is withdrawn")
  func busy() async throws {
    let stage = try SessionStage()
    _ = await stage.run("task.spawn(function() task.sleep(0) while true do end end) task.sleep(0)")
    let session = stage.session
    var tasks: [LuaSession.TaskLine] = []
    repeat {
      tasks = await withCheckedContinuation { continuation in
        session.listTasks { continuation.resume(returning: $0) }
      }
    } while tasks.first?.isRunning != true
    let statement = session.post({ _ in }, completion: { _ in })
    #expect(statement.withdraw())
    let number = try #require(tasks.first?.number)
    let found = await withCheckedContinuation { continuation in
      session.cancelTask(number) { continuation.resume(returning: $0) }
    }
    #expect(found)
    #expect(await stage.run("6 * 7") == "42")
  }
}

@Suite("Values as Lua")
struct ValuePrinterTests {
  @Test(
    "can be pasted back",
    arguments: [
      ("1, 1.0, -0.0, 0.1, 1e100, 2^53", "1, 1.0, -0.0, 0.1, 1e+100, 9007199254740992.0"),
      ("math.mininteger, 1/0, -1/0", "math.mininteger, math.huge, -math.huge"),
      ("'a\\n\\27[31m\\200'", "\"a\\x0a\\x1b[31m\\xc8\""),
      ("'é\\n\\27\\u{202e}'", "\"é\\n\\x1b\\u{202E}\""),
      (
        "{b = 1, a = {1, 2}, ['x y'] = true, [10] = 1}",
        "{[10] = 1, a = {1, 2}, b = 1, [\"x y\"] = true}"
      ),
      ("{}", "{}"), ("nil", "nil"), ("nil, false", "nil, false"),
      ("(function() local t = {} t.me = t return t end)()", "{me = nil --[[ cycle ]]}"),
      ("setmetatable({}, {__tostring = function() return 'a]]b' end})", "--[[ a] ]b ]]"),
      ("setmetatable({1}, {__index = error, __len = error, __pairs = error})", "{1}"),
      ("function() end", "--[[ function() statement 1:1 ]]"),
    ])
  func values(source: String, expected: String) async throws {
    #expect(try await SessionStage().run(source) == expected)
  }

  @Test("long ones are cut with a count")
  func long() async throws {
    let stage = try SessionStage()
    let list = await stage.run(
      "(function() local t = {} for i = 1, 1000 do t[i] = i end return t end)()")
    #expect(list.contains("--[[ 900 more; :all shows all ]]"))
    #expect(await stage.run("('x'):rep(5000)").hasSuffix("\" --[[ 3000 more bytes ]]"))
    let function = await stage.run("(function(a, ...) end)")
    #expect(function == "--[[ function(a, ...) statement 3:1 ]]")
  }

  @Test("an error shows its line with a marker under the name")
  func errors() {
    let error = LuaError("statement 2:2: attempt to index a nil value (global 'nowhere')")
    let text = ErrorReport(usesColor: false).text(error, sources: [2: "x = 1\ny = nowhere.z"])
    #expect(
      text == """
        error: statement 2:2: attempt to index a nil value (global 'nowhere')
          y = nowhere.z
              ^^^^^^^

        """)
  }
}
