import Foundation
import ImagineTestSupport
import Synchronization
import Testing

/// Kills and resumes runs against a server that counts its charges.
///
/// With `IMAGINE_TEST_EXHAUSTIVE=1`, a script of 40 calls is killed at every change of the journal
/// and at 50 random moments, over TCP and TLS. Without it, a smaller script is killed at some of
/// them.
@Suite("A run that is killed and resumed pays for no call twice")
struct ResumeTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private static let isExhaustive =
    ProcessInfo.processInfo.environment["IMAGINE_TEST_EXHAUSTIVE"] == "1"

  /// Generates images, edits, pairs of images and videos with random prompts. Prints the outcome of
  /// each item, and fails if an item failed.
  private static let script = """
    local items = {}
    for index = 1, tonumber(arg[1]) do
      items[index] = "subject " .. math.random(1 << 40)
    end
    local outcomes = task.settle(items, function(prompt, index)
      if index % 16 == 3 then
        local video = imagine.video(prompt):wait()
        -- A video takes no seed, so another one may have been filmed.
        return video:save("out/" .. index .. ".mp4") and video.width
      end
      if index % 16 == 5 then
        local pair = imagine.generate{ prompt = prompt, n = 2 }
        pair[2]:save("out/" .. index .. "-2.png")
        return pair[1]:save("out/" .. index .. ".png") and pair[1].sha256 .. pair[2].sha256
      end
      local image = imagine.generate(prompt)
      if index % 16 == 4 then image = image:upscale() end
      return image:save("out/" .. index .. ".png") and image.sha256
    end)
    local failed = 0
    for index, outcome in ipairs(outcomes) do
      if outcome.ok then
        print("ok", index, outcome.value)
      else
        failed = failed + 1
        print(outcome.error.kind, index, outcome.item)
      end
    end
    if failed > 0 then error(failed .. " items failed", 0) end
    """

  /// The number of items in the script, and of the calls that they make.
  private static let itemCount = isExhaustive ? 37 : 9
  private static let editCount = itemCount / 16 + (itemCount % 16 >= 4 ? 1 : 0)
  private static let pairCount = itemCount / 16 + (itemCount % 16 >= 5 ? 1 : 0)
  private static let callCount = itemCount + editCount + pairCount

  /// A budget that is checked for every call and large enough for all of them.
  private static let budget = ["--budget", "100000", "--allow-unpriced"]

  /// One trial. It has its own home and token, so the server counts its charges separately.
  private struct Trial {
    let service: TrialService
    let folder: String
    let name: String

    init(_ service: TrialService, _ name: String, in folder: TemporaryFolder) throws {
      self.service = service
      self.name = name
      self.folder = folder.file(name)
      try FileManager.default.createDirectory(
        atPath: self.folder, withIntermediateDirectories: true)
    }

    private var environment: [String: String] {
      service.environment.merging([
        "IMAGINE_HOME": "\(folder)/home", "IMAGINE_TOKEN": name,
      ]) { $1 }
    }

    func start(
      _ options: [String], killAt point: String? = nil, under powerCut: PowerCut? = nil
    ) throws -> Running {
      var environment = environment
      environment["IMAGINE_KILL_AT"] = point
      if let powerCut { environment.merge(powerCut.environment) { $1 } }
      return try Program.imagine.start(
        options + ResumeTests.budget + ["../script.lua", "\(ResumeTests.itemCount)"],
        environment: environment,
        in: folder)
    }

    func run(
      _ options: [String], killAt point: String? = nil, under powerCut: PowerCut? = nil
    ) async throws -> Program.Outcome {
      try await start(options, killAt: point, under: powerCut).outcome()
    }

    /// What the journal says about the run: the spending and the calls.
    private func journaledRun() async throws -> (spent: Double, calls: [[String: Any]]) {
      let id = try await Program.imagine.run(["runs"], environment: environment).output
        .prefix { $0 != "\t" }
      guard !id.isEmpty else { return (0, []) }
      let page = try await Program.imagine.run(
        ["runs", "show", String(id), "--json"], environment: environment
      ).output
      let json = try JSONSerialization.jsonObject(with: Data(page.utf8)) as? [String: Any]
      let spent = (json?["summary"] as? [String: Any])?["spent"] as? [String: Double]
      return (spent?["tokens"] ?? 0, json?["calls"] as? [[String: Any]] ?? [])
    }

    private static func request(of call: [String: Any]) -> [String: Any] {
      call["request"] as? [String: Any] ?? [:]
    }

    /// The sends of a call that were charged or may have been charged.
    private static func sends(of call: [String: Any]) -> [[String: Any]] {
      call["sends"] as? [[String: Any]] ?? []
    }

    /// The prompts of the calls that were sent and not answered.
    func uncertainPrompts() async throws -> [String] {
      try await journaledRun().calls.filter { $0["state"] as? String == "sent" }.map { call in
        let fields = Self.request(of: call)["fields"] as? [String: Any]
        return fields?["prompt"] as? String ?? "an edit"
      }
    }

    /// The number of sends that were charged or may have been charged. The service's own count may
    /// rise after a kill, because it was working on a call.
    func sendCount() async throws -> Int {
      try await journaledRun().calls.flatMap(Self.sends).count
    }

    private static let routes = [
      "generate": "/v2/image/generations", "upscale": "/v2/image/enhance",
      "video": "/v2/video/text-to-video",
    ]

    /// Compares the journal with the service's charges, for each operation: the charges are at
    /// least the sends that the journal calls charged, and at most all sends. Also checks that the
    /// spending is the sum of the prices of all sends.
    func checkCharges() async throws {
      let (spent, calls) = try await journaledRun()
      let prices = calls.flatMap(Self.sends).map { send in
        ((send["price"] as? [String: Any])?["millionths"] as? Double ?? 0) / 1_000_000
      }
      #expect(spent == prices.reduce(0, +), "\(name)")
      let charges = try await chargesByRoute()
      for (operation, route) in Self.routes {
        let sends = calls.filter { Self.request(of: $0)["operation"] as? String == operation }
          .flatMap(Self.sends)
        let known = sends.count { $0["charged"] as? String == "yes" }
        let charged = charges[route] ?? 0
        #expect(
          known <= charged && charged <= sends.count,
          "\(name): \(operation) \(known) \(charged) \(sends.count)")
      }
    }

    /// True if the script finished, even if its process was killed afterwards.
    func isFinished() async throws -> Bool {
      let runs = try await Program.imagine.run(["runs"], environment: environment).output
      return runs.prefix { $0 != "\n" }.split(separator: "\t").dropFirst().first == "finished"
    }

    /// The number of calls that the server charged to this trial's token.
    func charges() async throws -> Int { try await chargesByRoute().values.reduce(0, +) }

    private func chargesByRoute() async throws -> [String: Int] {
      let answer = try await Program(path: "/usr/bin/env").run([
        "curl", "-s", "\(service.base)/x/rehearsal", "-H", "Authorization: Bearer \(name)",
      ])
      let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
      return try #require((json as? [String: Any])?["by_route"] as? [String: Int])
    }
  }

  /// The lines of a run's output that start with a word, without that word.
  private static func lines(_ kind: String, in output: String) -> [String] {
    output.split(separator: "\n").filter { $0.hasPrefix("\(kind)\t") }
      .map { String($0.dropFirst(kind.count + 1)) }.sorted()
  }

  /// Resumes a killed trial until it finishes, and compares its outcome with that of a run that was
  /// not killed.
  ///
  /// - Returns: the number of calls that the kill left uncertain.
  private func finish(_ trial: Trial, expected: [String]) async throws -> Int {
    try await trial.checkCharges()
    let uncertain = try await trial.uncertainPrompts()
    // The two images of a pair have the same prompt and are one item.
    let items =
      uncertain.filter { $0 == "an edit" }.count
      + Set(uncertain.filter { $0 != "an edit" }).count
    if !uncertain.isEmpty {
      // A resume that may send nothing loses no uncertain call.
      let before = try await trial.sendCount()
      _ = try await trial.run(["--resume", "--on-uncertain", "retry", "--max-calls", "0"])
      #expect(try await trial.sendCount() == before, "\(trial.name)")
      #expect(try await trial.uncertainPrompts() == uncertain, "\(trial.name)")
    }
    let resumed = try await trial.run(["--resume"])
    let reported = Self.lines("uncertain", in: resumed.output)
    // The resume reports exactly the uncertain items; it reports an edit by its item's prompt.
    #expect(reported.count == items, "\(trial.name): \(resumed.output)")
    try await trial.checkCharges()
    for prompt in uncertain where prompt != "an edit" {
      #expect(reported.contains { $0.hasSuffix("\t\(prompt)") }, "\(trial.name): \(prompt)")
    }
    #expect(
      Self.lines("ok", in: resumed.output).count + reported.count == Self.itemCount,
      "\(trial.name): \(resumed.output) \(resumed.errors)")
    #expect(resumed.status == (uncertain.isEmpty ? 0 : 1))
    let charged = try await trial.charges()
    // If the first of an item's two calls is uncertain, the second may not be sent.
    let withheld = uncertain.count * 2
    #expect(charged >= Self.callCount - withheld && charged <= Self.callCount, "\(trial.name)")
    if uncertain.isEmpty { #expect(charged == Self.callCount, "\(trial.name)") }
    let last =
      uncertain.isEmpty
      ? resumed : try await trial.run(["--resume", "--on-uncertain", "retry"])
    #expect(last.status == 0, "\(trial.name): \(last.errors)")
    #expect(Self.lines("ok", in: last.output) == expected, "\(trial.name)")
    #expect(try await trial.charges() <= Self.callCount + uncertain.count, "\(trial.name)")
    try await trial.checkCharges()
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(trial.folder)/out")
    #expect(files.count == Self.itemCount + Self.pairCount, "\(trial.name): \(files.sorted())")
    return uncertain.count
  }

  /// Resumes a killed trial and retries its uncertain calls in the same run.
  private func finishWithRetry(_ trial: Trial, expected: [String]) async throws {
    let uncertain = try await trial.uncertainPrompts().count
    let last = try await trial.run(["--resume", "--on-uncertain", "retry"])
    #expect(last.status == 0, "\(trial.name): \(last.errors)")
    #expect(Self.lines("ok", in: last.output) == expected, "\(trial.name)")
    let charged = try await trial.charges()
    #expect(charged >= Self.callCount && charged <= Self.callCount + uncertain, "\(trial.name)")
    try await trial.checkCharges()
  }

  /// Runs four trials at a time, because they mostly wait for videos.
  ///
  /// - Parameter trial: returns the number of calls that the kill left uncertain.
  private func runTrials<Item: Sendable>(
    _ items: [Item], over transport: TrialService.Transport,
    _ trial: @escaping @Sendable (Item) async throws -> Int
  ) async throws {
    var (done, uncertain) = (0, 0)
    var rest = items[...]
    try await withThrowingTaskGroup(of: Int.self) { group in
      for item in rest.prefix(4) { group.addTask { try await trial(item) } }
      rest = rest.dropFirst(4)
      while let left = try await group.next() {
        done += 1
        uncertain += left
        if let item = rest.popFirst() { group.addTask { try await trial(item) } }
        if Self.isExhaustive, done % 10 == 0 || done == items.count {
          print("\(transport): \(done) of \(items.count) kills, \(uncertain) calls uncertain")
        }
      }
    }
  }

  private static let everyPoint =
    ["intent", "sent", "stored", "done"].flatMap { state in
      (1...callCount).map { "\(state):\($0)" }
    } + ["accepted:1", "accepted:2", "accepted:3"]

  private static func points(over transport: TrialService.Transport) -> [String] {
    if isExhaustive { return everyPoint }
    return switch transport {
    case .tcp: ["intent:5", "sent:1", "sent:8", "accepted:1", "stored:7", "done:6"]
    case .tls: ["sent:7", "accepted:1", "stored:5"]
    }
  }

  @Test(
    "a run that is killed at any change of its journal pays once for each call or reports it",
    arguments: TrialService.Transport.allCases)
  func everyChange(_ transport: TrialService.Transport) async throws {
    try await TrialService.run(Self.script, over: transport, in: folder) { service in
      let uninterrupted = try Trial(service, "calm", in: folder)
      let outcome = try await uninterrupted.run([])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await uninterrupted.charges() == Self.callCount)
      let expected = Self.lines("ok", in: outcome.output)
      #expect(expected.count == Self.itemCount)
      try await runTrials(Self.points(over: transport), over: transport) { point in
        let name = point.replacingOccurrences(of: ":", with: "-")
        let trial = try Trial(service, name, in: folder)
        let killed = try await trial.run([], killAt: point)
        #expect(killed.status == 128 + SIGKILL, "\(point): \(killed.errors)")
        let uncertain = try await finish(trial, expected: expected)
        guard point.hasPrefix("sent") else { return uncertain }
        let other = try Trial(service, "\(name)-retry", in: folder)
        _ = try await other.run([], killAt: point)
        try await finishWithRetry(other, expected: expected)
        return uncertain
      }
    }
  }

  @Test(
    "a run that is killed at any moment pays once for each call or reports it",
    arguments: isExhaustive ? TrialService.Transport.allCases : [.tcp])
  func anyMoment(_ transport: TrialService.Transport) async throws {
    try await TrialService.run(Self.script, over: transport, in: folder) { service in
      let uninterrupted = try Trial(service, "calm", in: folder)
      let started = ContinuousClock.now
      let expected = Self.lines("ok", in: try await uninterrupted.run([]).output)
      let length = (ContinuousClock.now - started) / .milliseconds(1)
      try await runTrials(Array(1...(Self.isExhaustive ? 50 : 2)), over: transport) { number in
        let trial = try Trial(service, "moment-\(number)", in: folder)
        let run = try trial.start([])
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...Int(length))))
        run.send(SIGKILL)
        _ = await run.outcome()
        // A run that finished before the kill is not resumed: `--resume` would start a new one.
        guard try await !trial.isFinished() else { return 0 }
        return try await finish(trial, expected: expected)
      }
    }
  }

  @Test("a free call that is uncertain is retried on resume without --on-uncertain")
  func free() async throws {
    try FileSystem.write(
      "imagine.generate('a cat'):save('cat.png')", to: folder.file("free.lua"))
    let environment = ["IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path]
    let killed = try await Program.imagine.run(
      ["free.lua"], environment: environment.merging(["IMAGINE_KILL_AT": "sent:1"]) { $1 },
      in: folder.path)
    #expect(killed.status == 128 + SIGKILL)
    let resumed = try await Program.imagine.run(
      ["--resume", "free.lua"], environment: environment, in: folder.path)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(folder.files.contains("cat.png"))
  }

  private static let powerCutPoints =
    isExhaustive ? everyPoint : ["intent:6", "sent:4", "accepted:1", "stored:5", "done:7"]

  #if os(Linux)
    @Test(
      "a run that loses its unsynced writes in a power cut pays for no call twice",
      arguments: isExhaustive ? TrialService.Transport.allCases : [.tcp])
    func powerCut(_ transport: TrialService.Transport) async throws {
      try await TrialService.run(Self.script, over: transport, in: folder) { service in
        let expected = Self.lines(
          "ok", in: try await Trial(service, "calm", in: folder).run([]).output)
        #expect(expected.count == Self.itemCount)
        let library = try await PowerCut.makeLibrary(in: folder)
        let lost = Mutex(0)
        try await runTrials(Self.powerCutPoints, over: transport) { point in
          let trial = try Trial(
            service, "cut-\(point.replacingOccurrences(of: ":", with: "-"))", in: folder)
          let cut = try PowerCut(library, copies: "\(trial.folder)/synced")
          let killed = try await trial.run([], killAt: point, under: cut)
          #expect(killed.status == 128 + SIGKILL, "\(point): \(killed.errors)")
          if try cut.dropUnsyncedWrites(home: "\(trial.folder)/home") { lost.withLock { $0 += 1 } }
          return try await finish(trial, expected: expected)
        }
        #expect(lost.withLock { $0 } > 0, "no power cut lost a write, so the test tested nothing")
      }
    }
  #endif
}
