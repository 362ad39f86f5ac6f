import Lua
import Testing

@testable import ImagineREPL

private struct StubHost: SessionHost {
  var greeting: [String] { [] }
  func fields(ofCall path: String) -> [CallFieldHelp] {
    path == "imagine.generate"
      ? [
        CallFieldHelp(name: "prompt", meaning: "words"),
        CallFieldHelp(name: "style", meaning: "look", allowed: ["anime", "realistic"]),
      ] : []
  }
}

@Suite("Completion")
struct CompletionTests {
  @Test(
    "the text before the cursor tells what is wanted",
    arguments: [
      ("pri", CompletionContext.Kind.name, "pri"), ("x = str", .name, "str"),
      ("string.re", .member(path: [.name("string")], isMethod: false), "re"),
      ("a.b:me", .member(path: [.name("a"), .name("b")], isMethod: true), "me"),
      ("a.", .member(path: [.name("a")], isMethod: false), ""),
      (
        "a[2]['b'].c[3]:",
        .member(
          path: [.name("a"), .index(2), .name("b"), .name("c"), .index(3)], isMethod: true), ""
      ), ("require 'js", .module, "js"),
      ("require(\"", .module, ""), ("imagine.generate{", .argument(call: "imagine.generate"), ""),
      ("imagine.generate{prompt = f(1), st", .argument(call: "imagine.generate"), "st"),
      ("imagine.generate{style = \"an", .value(call: "imagine.generate", field: "style"), "an"),
      ("io.open('fo", .argumentText(call: "io.open"), "fo"),
      ("x = y == 'fo", .path, "fo"), ("imagine.wait \"a", .argumentText(call: "imagine.wait"), "a"),
      (":sa", .command, "sa"),
    ] as [(String, CompletionContext.Kind, String)])
  func context(text: String, kind: CompletionContext.Kind, partial: String) {
    let context = CompletionContext(text, cursor: text.utf8.count)
    #expect(context?.kind == kind)
    #expect(context?.partial == partial)
  }

  @Test("there is nothing to complete in comments, after strings and at random places")
  func nothing() {
    for text in [
      "-- pri", "'done'", "[[pri", "", "f().x", "1 + ", "a[i].", "[1].", "a[1", "a['\\65'].",
    ] {
      #expect(CompletionContext(text, cursor: text.utf8.count) == nil, "\(text)")
    }
  }

  private func complete(_ text: String, after statements: [String] = []) async throws -> [String] {
    let stage = try SessionStage()
    _ = await stage.run(statements)
    let (runner, session) = (stage.runner, stage.session)
    let completions = await withCheckedContinuation { continuation in
      session.ask { state in
        continuation.resume(
          returning: Completer(host: StubHost()).candidates(
            CompletionRequest(number: 1, text: text, cursor: text.utf8.count),
            locals: runner.locals, state))
      }
    }
    return completions.candidates.map(\.text)
  }

  @Test("globals, fields, methods, locals, modules and arguments")
  func candidates() async throws {
    #expect(try await complete("string.re") == ["rep", "reverse"])
    #expect(try await complete("ipai") == ["ipairs"])
    #expect(try await complete("mylo", after: ["local mylocal = 1"]) == ["mylocal"])
    #expect(try await complete("s:upp", after: ["local s = 'x'"]) == ["upper"])
    #expect(
      try await complete(
        "o:m", after: ["o = setmetatable({n = 1, mx = 1}, {__index = {mf = print}})"])
        == ["mf"])
    #expect(try await complete("require 'tas") == ["task"])
    #expect(try await complete("imagine.generate{st") == ["style = "])
    #expect(try await complete("imagine.generate{style = \"an") == ["anime"])
    #expect(try await complete("t:ca", after: ["t = task.spawn(function() end)"]) == ["cancel"])
  }

  @Test("a call that the host knows shows the arguments that are left")
  func hints() {
    let completer = Completer(host: StubHost())
    #expect(completer.hint("imagine.generate{", cursor: 17) == "imagine.generate{ prompt, style }")
    let text = "imagine.generate{prompt = f(1), "
    #expect(completer.hint(text, cursor: text.utf8.count) == "imagine.generate{ style }")
    let table = "style = 1 imagine.generate{f{style = 2}, , prompt = 'x'}"
    #expect(completer.hint(table, cursor: 41) == "imagine.generate{ style }")
    let request = CompletionRequest(number: 1, text: table, cursor: 41)
    #expect(completer.staticCandidates(request).candidates.map(\.text) == ["style = "])
    #expect(completer.hint("other{", cursor: 6) == nil)
    #expect(completer.hint("imagine.generate", cursor: 3) == nil)
  }

  @Test("a mistyped name suggests the nearest")
  func nearest() async throws {
    let stage = try SessionStage()
    _ = await stage.run("local counter = 1 t = {inner = {value = 1}} list = {{value = 1}}")
    let (runner, session) = (stage.runner, stage.session)
    func suggestion(_ message: String, _ line: String) async -> String? {
      await withCheckedContinuation { continuation in
        session.ask { state in
          continuation.resume(
            returning: NearestName.suggestion(
              for: message, line: line, locals: runner.locals, state))
        }
      }
    }
    func meant(_ name: String) -> String { "did you mean '\(name)'?" }
    let call = "attempt to call a nil value"
    #expect(await suggestion("\(call) (global 'pritn')", "pritn(1)") == meant("print"))
    #expect(await suggestion("\(call) (global 'countre')", "countre()") == meant("counter"))
    #expect(await suggestion("\(call) (field 'revese')", "string.revese('a')") == meant("reverse"))
    #expect(await suggestion("\(call) (field 'valeu')", "t.inner.valeu()") == meant("value"))
    #expect(await suggestion("\(call) (method 'valeu')", "list[1]:valeu()") == meant("value"))
    #expect(await suggestion("\(call) (global 'zzzz')", "zzzz()") == nil)
    // A few names are listed where none is near.
    #expect(await suggestion("\(call) (field 'zzzz')", "t.inner.zzzz()") == "there are: value")
    #expect(await suggestion("\(call) (method 'zzzz')", "('a'):zzzz()") == nil)
  }

  @Test("each function of Lua has a line of help, which the menu shows")
  func luaFunctions() async throws {
    let stage = try SessionStage()
    let names = await stage.run(
      """
      local names = {}
      for name, value in pairs(_G) do
        if type(value) == "function" then names[#names + 1] = name end
      end
      for _, library in ipairs{ "coroutine", "debug", "io", "math", "os", "package", "string",
        "table", "utf8" } do
        for name, value in pairs(_G[library]) do
          if type(value) == "function" then names[#names + 1] = library .. "." .. name end
        end
      end
      return table.concat(names, " ")
      """)
    let topics = names.split { !($0.isLetter || $0.isNumber || $0 == "." || $0 == "_") }
    #expect(topics.count > 120)
    for topic in topics {
      let entry = LuaFunctionHelp.named(String(topic))
      #expect(entry?.signature.hasPrefix("\(topic)(") == true, "\(topic)")
      #expect(entry?.meaning.isEmpty == false)
    }
  }

  @Test("nothing of a script is called")
  func calls() async throws {
    let statements = [
      "o = setmetatable({}, {__index = function() called = true end, __pairs = error})"
    ]
    #expect(try await complete("o.x", after: statements) == [])
    #expect(try await complete("o.x.y", after: statements) == [])
    let stage = try SessionStage()
    #expect(await stage.run("called") == "nil")
  }

  @Test("among ten thousand globals it takes less than 20 ms")
  func speed() async throws {
    let stage = try SessionStage()
    _ = await stage.run("for i = 1, 10000 do _G['name' .. i] = i end")
    let (runner, session) = (stage.runner, stage.session)
    let time: Duration = await withCheckedContinuation { continuation in
      session.ask { state in
        continuation.resume(
          returning: ContinuousClock().measure {
            let found = Completer(host: StubHost()).candidates(
              CompletionRequest(number: 1, text: "name999", cursor: 7), locals: runner.locals, state
            )
            #expect(found.candidates.count == 11)
          })
      }
    }
    print("completion among 10,000 globals: \(time)")
    #if !DEBUG
      #expect(time < .milliseconds(20))
    #endif
  }
}
