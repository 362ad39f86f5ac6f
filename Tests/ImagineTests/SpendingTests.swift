import Foundation
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

/// Compares what a service received with every count of calls and spending.
@Suite("Every count of spending counts each send once")
struct SpendingTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private func environment(_ service: String) -> [String: String] {
    [
      "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.file("config"),
      "IMAGINE_BASE_URL": "\(service)/v2", "IMAGINE_TOKEN": "abc",
    ]
  }

  private func run(
    _ arguments: [String], at service: String, killAt point: String? = nil
  ) async throws -> Program.Outcome {
    var variables = environment(service)
    variables["IMAGINE_KILL_AT"] = point
    return try await Program.imagine.run(arguments, environment: variables, in: folder.path)
  }

  /// A service that generates an image, or closes the connection without an answer.
  private func makeService(
    _ isAnswered: @escaping @Sendable (StubServer.Request) -> Bool = { _ in true }
  ) async throws -> StubServer {
    try await StubServer { request in
      isAnswered(request)
        ? .full(status: 200, body: TinyImage.png(with: request.text.filter(\.isLetter)))
        : .close
    }
  }

  /// Prints the outcome of each call, and fails if a call failed, unless the second argument is
  /// `settle`.
  private static let script = """
    local numbers = {}
    for n = 1, tonumber(arg[1]) do numbers[n] = n end
    local failed = 0
    for n, outcome in ipairs(task.settle(numbers, function(n)
      return imagine.generate{ prompt = "image " .. n, style = "flux-dev", seed = n }
    end)) do
      if not outcome.ok then failed = failed + 1 end
      print(outcome.ok and "ok" or outcome.error.kind .. " " .. outcome.error.charged)
    end
    print("spent", imagine.spent().calls, imagine.spent().tokens)
    if failed > 0 and arg[2] ~= "settle" then error("failed", 0) end
    """

  private func prepare(_ count: Int) throws {
    try FileSystem.write(Self.script, to: folder.file("work.lua"))
    try FileSystem.write(
      "[budget]\nper_day = \(count * 6)\n[providers.imagine.prices]\nunit = \"tokens\"\n\"generate.flux-dev\" = 6\n",
      to: folder.file("config/imagine/config.toml"))
  }

  private struct Page: Decodable {
    struct Summary: Decodable {
      struct Run: Decodable {
        var id: String
        var state: String
      }
      var run: Run
      var uncertain: Int
      var spent: [String: Double]
    }
    struct Call: Decodable {
      var charged: String
    }
    var summary: Summary
    var calls: [Call]
  }

  /// What `runs show` prints about the last run.
  private func lastRun(at service: String) async throws -> Page {
    let id = try await run(["runs"], at: service).output.prefix { $0 != "\t" }
    let page = try await run(["runs", "show", String(id), "--json"], at: service).output
    let decoder = JSONDecoder()
    return try decoder.decode(Page.self, from: Data(page.utf8))
  }

  /// Reasons why a resumed run can send nothing.
  enum Refusal: String, CaseIterable, Sendable {
    case maximum, budget, day, noService
  }

  @Test(
    "an uncertain call stays uncertain when a limit or a lost connection prevents its retry",
    arguments: Refusal.allCases)
  func refused(by refusal: Refusal) async throws {
    try prepare(refusal == .day ? 4 : 100)
    let service = try await makeService()
    let killed = try await run(["work.lua", "4"], at: service.address, killAt: "sent:4")
    #expect(killed.status == 128 + SIGKILL)
    let sent = try await lastRun(at: service.address).summary
    #expect(sent.uncertain > 0 && sent.spent == ["tokens": 24])
    let before = service.requests.count
    let options =
      switch refusal {
      case .maximum: ["--max-calls", "\(sent.uncertain)"]
      case .budget: ["--budget", "\(Int(sent.spent["tokens"] ?? 0) + 5)"]
      case .day, .noService: [String]()
      }
    let address = refusal == .noService ? "http://127.0.0.1:1" : service.address
    let script = ["work.lua", "4"]
    let refused = try await run(
      ["--resume", "--on-uncertain", "retry"] + options + script, at: address)
    #expect(refused.status == 1)
    #expect(!refused.output.contains("uncertain"), "\(refused.output)")
    #expect(service.requests.count == before)
    #expect(try await lastRun(at: service.address).summary.uncertain == sent.uncertain)
    #expect(try await lastRun(at: service.address).summary.spent == sent.spent)
    try prepare(100)
    let resumed = try await run(["--resume"] + script, at: service.address)
    let lines = resumed.output.split(separator: "\n")
    #expect(lines.count { $0 == "uncertain unknown" } == sent.uncertain, "\(resumed.output)")
    #expect(service.requests.count == before)
    await service.close()
  }

  @Test("a retry of a call whose image is lost respects the limits and counts as spending")
  func lostImages() async throws {
    try prepare(5)
    try FileSystem.write(
      Self.script + "\nerror('stop', 0)", to: folder.file("work.lua"))
    let service = try await makeService()
    let first = try await run(["work.lua", "5"], at: service.address)
    #expect(first.output.hasSuffix("spent\t5\t30\n"), "\(first.output) \(first.errors)")
    try FileManager.default.removeItem(atPath: folder.file("home/assets"))
    let again = ["--resume", "--on-uncertain", "retry", "work.lua", "5"]
    let refused = try await run(again, at: service.address)
    #expect(refused.output.components(separatedBy: "budget yes\n").count == 6, "\(refused.output)")
    #expect(service.requests.count == 5)
    #expect(try await lastRun(at: service.address).summary.spent == ["tokens": 30])
    try FileSystem.write(
      "[budget]\nper_day = 60\n[providers.imagine.prices]\nunit = \"tokens\"\n\"generate.flux-dev\" = 6\n",
      to: folder.file("config/imagine/config.toml"))
    let paid = try await run(again, at: service.address)
    #expect(paid.output.hasSuffix("spent\t10\t60\n"), "\(paid.output) \(paid.errors)")
    #expect(service.requests.count == 10)
    let page = try await lastRun(at: service.address)
    #expect(page.summary.spent == ["tokens": 60])
    #expect(page.calls.map(\.charged) == Array(repeating: "yes", count: 5))
    // The daily limit is used up for every other process too.
    let other = try await run(
      ["-e", "imagine.generate{ prompt = 'x', style = 'flux-dev' }"], at: service.address)
    #expect(other.errors.contains("0 tokens of today's"), "\(other.errors)")
    await service.close()
  }

  @Test("each retry of a call reserves its price and counts as spending")
  func sentAgain() async throws {
    try prepare(100)
    let service = try await makeService { _ in false }
    let script = """
      local ok, fault = pcall(imagine.generate, {
        prompt = "x", style = "flux-dev", retries = 5, retry_uncertain = true })
      print(fault.kind, fault.charged, imagine.spent().calls, imagine.spent().tokens)
      """
    let outcome = try await run(["--budget", "13", "-e", script], at: service.address)
    #expect(outcome.output == "budget\tunknown\t2\t12\n", "\(outcome.output) \(outcome.errors)")
    #expect(service.requests.count == 2)
    #expect(try await lastRun(at: service.address).summary.spent == ["tokens": 12])
    await service.close()
  }

  @Test("a finished run can be resumed by its id to retry only its uncertain call")
  func openQuestion() async throws {
    try prepare(100)
    let isSecondAnswered = Mutex(false)
    let service = try await makeService { request in
      !request.text.contains("image 2\r") || isSecondAnswered.withLock { $0 }
    }
    let script = ["work.lua", "3", "settle"]
    let first = try await run(script, at: service.address)
    #expect(first.status == 0 && first.output.contains("connection unknown"), "\(first.output)")
    #expect(
      first.errors.contains(
        "1 uncertain call, which may have been paid for and has no answer:"
          + " generate \"image 2\"; `imagine runs resume"), "\(first.errors)")
    let page = try await lastRun(at: service.address)
    #expect(page.summary.run.state == "finished" && page.summary.uncertain == 1)
    #expect(try await run(["runs"], at: service.address).output.contains("finished, 1 uncertain"))
    isSecondAnswered.withLock { $0 = true }
    let id = page.summary.run.id
    let resumed = try await run(
      ["runs", "resume", id, "--on-uncertain", "retry"], at: service.address)
    #expect(resumed.output == "ok\nok\nok\nspent\t4\t24\n", "\(resumed.output) \(resumed.errors)")
    #expect(service.requests.count == 4)
    #expect(try await lastRun(at: service.address).summary.uncertain == 0)
    // `--resume` starts a new run after a finished one, and reports the other's uncertain call.
    isSecondAnswered.withLock { $0 = false }
    _ = try await run(script, at: service.address)
    let new = try await run(["--resume"] + script, at: service.address)
    #expect(new.errors.contains("of this script finished with 1 uncertain call"), "\(new.errors)")
    await service.close()
  }

  @Test("only one of two processes that resume a script at the same time runs it")
  func together() async throws {
    try prepare(100)
    let gate = Gate(1)
    let service = try await StubServer { _ in
      await gate.arrive()
      return .full(status: 200, body: TinyImage.png)
    }
    let variables = environment(service.address)
    let outcomes = try await withThrowingTaskGroup(of: Program.Outcome.self) { group in
      for _ in 0..<2 {
        group.addTask {
          try await Program.imagine.run(
            ["--resume", "work.lua", "1"], environment: variables, in: folder.path)
        }
      }
      // The refused process ends first, because the other one waits for its answer.
      let refused = try #require(try await group.next())
      await gate.open()
      return [refused, try #require(try await group.next())]
    }
    #expect(outcomes.map(\.status) == [1, 0], "\(outcomes)")
    // The process is refused when it resumes the run, or at its first call.
    #expect(
      outcomes[0].output.contains("io no") || outcomes[0].errors.contains("is still alive"),
      "\(outcomes[0])")
    #expect(service.requests.count == 1)
    await service.close()
  }

  @Test("a run that fails with an accepted job says that it can be resumed")
  func acceptedJob() async throws {
    let service = try await StubServer { _ in .json(200, #"{"id":"v1","status":"processing"}"#) }
    try FileSystem.write(
      #"imagine.video{ prompt = "w", style = "fast-svd" } error("boom", 0)"#,
      to: folder.file("film.lua"))
    let outcome = try await run(["film.lua"], at: service.address)
    #expect(outcome.errors.contains("1 accepted and not downloaded; --resume resumes it"))
    await service.close()
  }

  @Test("a free call is not reported as paid, and a video is not counted as an image")
  func free() async throws {
    var variables = environment("")
    variables["IMAGINE_BASE_URL"] = nil
    variables["IMAGINE_TOKEN"] = nil
    let outcome = try await Program.imagine.run(
      [
        "-e",
        """
        imagine.generate{ prompt = "x", seed = 1 }
        imagine.video("waves")
        for _, call in ipairs(imagine.history()) do print(call.state, call.charged) end
        """,
      ], environment: variables, in: folder.path)
    #expect(outcome.output == "done\tno\naccepted\tno\n", "\(outcome.output) \(outcome.errors)")
    #expect(outcome.errors.contains("1 image and 1 video made by the built-in engine"))
  }

  @Test("calls that differ only in redacted fields keep their images in any order")
  func hiddenFields() async throws {
    let service = try await StubServer { request in
      // A different image for each request.
      .full(status: 200, body: TinyImage.png + Array(request.text.utf8.suffix(400)))
    }
    let names = ["keyframes", "api_key", "callback"]
    try FileSystem.write(
      """
      local order = arg[1] == "forth" and {1, 2} or {2, 1}
      for _, name in ipairs{ "keyframes", "api_key", "callback" } do
        local lines = {}
        for _, n in ipairs(order) do
          local extra = { [name] = "https://example.com/" .. n }
          lines[n] = imagine.generate{ prompt = "x", seed = 1, extra = extra }.sha256
        end
        print(table.concat(lines, " "))
      end
      error("stop", 0)
      """, to: folder.file("extra.lua"))
    // The arguments identify the run, so the script's file sets the order.
    let first = try await run(["extra.lua"], at: service.address)
    let text = try String(contentsOfFile: folder.file("extra.lua"), encoding: .utf8)
    try FileSystem.write(
      text.replacingOccurrences(of: #"arg[1] == "forth""#, with: "true"),
      to: folder.file("extra.lua"))
    let again = try await run(["--resume", "extra.lua"], at: service.address)
    #expect(first.output.split(separator: "\n").count == names.count, "\(first.errors)")
    #expect(again.output == first.output)
    #expect(service.requests.count == 6)
    await service.close()
  }

  @Test("a job id that two providers issued needs the name of the provider")
  func equalIDs() async throws {
    let services = try await [0, 1].asyncMap { _ in
      try await StubServer { request in
        request.method == "DELETE"
          ? .json(200, #"{"status":"success"}"#)
          : .json(200, #"{"id":"1265","status":"processing"}"#)
      }
    }
    let settings = services.enumerated().map { index, service in
      """
      [providers.s\(index)]
      kind = "imagine"
      base_url = "\(service.address)/v2"
      """
    }
    try FileSystem.write(
      settings.joined(separator: "\n"), to: folder.file("config/imagine/config.toml"))
    try FileSystem.write(
      """
      for _, name in ipairs{ "s0", "s1" } do imagine.video{ prompt = "x", provider = name } end
      """, to: folder.file("jobs.lua"))
    #expect(try await run(["jobs.lua"], at: "http://127.0.0.1:1").status == 0)
    let script = """
      local ok, fault = pcall(imagine.delete, "1265")
      print(ok, fault.field, table.concat(fault.allowed, " "))
      print(imagine.delete("1265", { provider = "s1" }))
      print(imagine.delete("1265"))
      """
    let outcome = try await run(["-e", script], at: "http://127.0.0.1:1")
    #expect(
      outcome.output == "false\tprovider\ts0 s1\ntrue\ntrue\n",
      "\(outcome.output) \(outcome.errors)")
    for service in services {
      #expect(service.requests.count { $0.method == "DELETE" } == 1)
      await service.close()
    }
  }

  @Test("a run whose journal cannot grow sends no more calls and fails")
  func fullDisk() async throws {
    try prepare(1000)
    let service = try await makeService()
    _ = try await run(["-e", "imagine.generate('x')"], at: service.address)
    let before = service.requests.count
    let limited = Program(path: "/bin/bash")
    let outcome = try await limited.run(
      [
        "-c", "trap '' XFSZ; ulimit -f 120; exec \"$0\" \"$@\"", Program.imagine.path, "-e",
        """
        for n = 1, 60 do
          local ok, fault = pcall(imagine.generate, {
            prompt = ("a long prompt "):rep(200) .. n, style = "flux-dev" })
          if not ok then print(fault.kind, fault.charged) end
        end
        """,
      ], environment: environment(service.address), in: folder.path)
    let faults = outcome.output.split(separator: "\n")
    #expect(!faults.isEmpty && faults.allSatisfy { $0.hasPrefix("io\t") }, "\(outcome.output)")
    #expect(outcome.status == 1 && outcome.errors.contains("journal.sqlite"), "\(outcome.errors)")
    // At most one call was answered and could not be stored.
    #expect(service.requests.count - before <= 60 - faults.count + 1)
    await service.close()
  }

  @Test("a script whose name and argument are not UTF-8 is resumed by its bytes")
  func names() async throws {
    let service = try await makeService()
    // Two scripts whose names differ only in bytes that are not UTF-8.
    let shell = Program(path: "/bin/bash")
    let outcome = try await shell.run(
      [
        "-c",
        #"""
        one=$(printf 'a\377.lua') two=$(printf 'a\376.lua') argument=$(printf '\375')
        for name in "$one" "$two"; do
          printf 'imagine.generate{ prompt = "x", seed = 1 } error("stop", 0)' > "$name"
          "$0" "$name" "$argument"
        done
        "$0" --resume "$one" "$argument"
        "$0" --resume "$two" "$argument"
        id=$("$0" runs | head -1 | cut -f 1)
        "$0" runs resume "$id"
        "$0" runs
        """#, Program.imagine.path,
      ], environment: environment(service.address), in: folder.path)
    #expect(service.requests.count == 2, "\(outcome.errors)")
    #expect(outcome.output.contains(#"a\xFF.lua \xFD"#), "\(outcome.output)")
    await service.close()
  }
}

extension Sequence {
  fileprivate func asyncMap<Value>(
    _ transform: (Element) async throws -> Value
  ) async rethrows -> [Value] {
    var values: [Value] = []
    for element in self { values.append(try await transform(element)) }
    return values
  }
}
