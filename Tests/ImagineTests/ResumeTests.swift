import Foundation
import ImagineTestSupport
import Synchronization
import Testing

/// Runs that die and are resumed, against a server that counts what it charges.
///
/// `IMAGINE_TEST_EXHAUSTIVE=1` kills a script of 40 calls at every change of the journal and at 50
/// random moments, over TCP and over TLS; without it, a smaller one is killed at some.
@Suite("A run that is killed and resumed pays for nothing twice")
struct ResumeTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  private static let isExhaustive =
    ProcessInfo.processInfo.environment["IMAGINE_TEST_EXHAUSTIVE"] == "1"

  /// Pictures, edits of pictures, pairs of pictures and videos, with prompts that are drawn. Prints
  /// what each item gave, and fails where one did.
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

  /// The items of the script, and the calls that they make.
  private static let itemCount = isExhaustive ? 37 : 9
  private static let editCount = itemCount / 16 + (itemCount % 16 >= 4 ? 1 : 0)
  private static let pairCount = itemCount / 16 + (itemCount % 16 >= 5 ? 1 : 0)
  private static let callCount = itemCount + editCount + pairCount

  /// A budget that everything is held against, and that lets all of it through.
  private static let budget = ["--budget", "100000", "--allow-unpriced"]

  /// How a script reaches the service.
  enum Transport: String, CaseIterable {
    case tcp, tls
  }

  /// A rehearsing server and what leads scripts to it.
  private struct Service {
    let environment: [String: String]
    let base: String
  }

  private func withService(
    over transport: Transport, _ body: (Service) async throws -> Void
  ) async throws {
    try FileSystem.write("paint = \"card\"\n", to: folder.file("plan.toml"))
    try FileSystem.write(Self.script, to: folder.file("script.lua"))
    let front = transport == .tls ? try await EncryptedFront(.loopback) : nil
    // The addresses of its videos lead through the front too.
    let server = try Program.server.start(
      ["--port", "0", "--home", folder.file("server"), "--rehearse", folder.file("plan.toml")]
        + (front.map { ["--public-address", $0.address] } ?? []))
    defer { server.send(SIGKILL) }
    let line = try #require(await server.firstLine { $0.contains("http://") })
    let base = String(try #require(line.split(separator: " ").first { $0.hasPrefix("http://") }))
    var environment = [
      "IMAGINE_BASE_URL": "\(front?.address ?? base)/v2", "IMAGINE_RANDOM_SEED": "7,11",
      "XDG_CONFIG_HOME": folder.path,
    ]
    if let front {
      front.lead(to: try #require(URL(string: base)?.port))
      try FileSystem.write(TestCertificate.authority, to: folder.file("authority.pem"))
      environment["SSL_CERT_FILE"] = folder.file("authority.pem")
    }
    try await body(Service(environment: environment, base: base))
    await front?.close()
  }

  /// One trial: a home and a token of its own, so that its charges are counted alone.
  private struct Trial {
    let service: Service
    let folder: String
    let name: String

    init(_ service: Service, _ name: String, in folder: TemporaryFolder) throws {
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

    /// The run as the journal has it: what was spent, and its calls.
    private func page() async throws -> (spent: Double, calls: [[String: Any]]) {
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

    /// The sends of a call that were billed, or may have been.
    private static func sends(of call: [String: Any]) -> [[String: Any]] {
      call["sends"] as? [[String: Any]] ?? []
    }

    /// The prompts of the calls that were sent and have no answer.
    func uncertainPrompts() async throws -> [String] {
      try await page().calls.filter { $0["state"] as? String == "sent" }.map { call in
        let fields = Self.request(of: call)["fields"] as? [String: Any]
        return fields?["prompt"] as? String ?? "an edit"
      }
    }

    /// How many sends were billed, or may have been. The service's own count may rise after a kill:
    /// it was at work on a call.
    func sendCount() async throws -> Int { try await page().calls.flatMap(Self.sends).count }

    private static let routes = [
      "generate": "/v2/image/generations", "upscale": "/v2/image/enhance",
      "video": "/v2/video/text-to-video",
    ]

    /// Holds what the journal says that was paid for against the service's own charges, operation by
    /// operation: they differ by no more than by the sends of which the journal says that nobody
    /// knows. What was spent is the price of every send.
    func balance() async throws {
      let (spent, calls) = try await page()
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

    /// Whether the script came to its end, though its process may have been killed after it.
    func isFinished() async throws -> Bool {
      let runs = try await Program.imagine.run(["runs"], environment: environment).output
      return runs.prefix { $0 != "\n" }.split(separator: "\t").dropFirst().first == "finished"
    }

    /// How many calls the server charged to this trial's token.
    func charges() async throws -> Int { try await chargesByRoute().values.reduce(0, +) }

    private func chargesByRoute() async throws -> [String: Int] {
      let answer = try await Program(path: "/usr/bin/env").run([
        "curl", "-s", "\(service.base)/x/rehearsal", "-H", "Authorization: Bearer \(name)",
      ])
      let json = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
      return try #require((json as? [String: Any])?["by_route"] as? [String: Int])
    }
  }

  /// The lines of a run's output, by their first word.
  private static func lines(_ kind: String, in output: String) -> [String] {
    output.split(separator: "\n").filter { $0.hasPrefix("\(kind)\t") }
      .map { String($0.dropFirst(kind.count + 1)) }.sorted()
  }

  /// Resumes a trial that was killed until it ends, and holds what came of it against a run that
  /// nobody disturbed.
  ///
  /// - Returns: how many calls the kill left uncertain.
  private func finish(_ trial: Trial, undisturbed: [String]) async throws -> Int {
    try await trial.balance()
    let uncertain = try await trial.uncertainPrompts()
    // The pictures of a pair have one prompt, and are one item.
    let items =
      uncertain.filter { $0 == "an edit" }.count
      + Set(uncertain.filter { $0 != "an edit" }).count
    if !uncertain.isEmpty {
      // Where nothing may be sent, nothing is forgotten.
      let before = try await trial.sendCount()
      _ = try await trial.run(["--resume", "--on-uncertain", "retry", "--max-calls", "0"])
      #expect(try await trial.sendCount() == before, "\(trial.name)")
      #expect(try await trial.uncertainPrompts() == uncertain, "\(trial.name)")
    }
    let resumed = try await trial.run(["--resume"])
    let reported = Self.lines("uncertain", in: resumed.output)
    // Exactly those are reported; an edit is reported by its item's prompt.
    #expect(reported.count == items, "\(trial.name): \(resumed.output)")
    try await trial.balance()
    for prompt in uncertain where prompt != "an edit" {
      #expect(reported.contains { $0.hasSuffix("\t\(prompt)") }, "\(trial.name): \(prompt)")
    }
    #expect(
      Self.lines("ok", in: resumed.output).count + reported.count == Self.itemCount,
      "\(trial.name): \(resumed.output) \(resumed.errors)")
    #expect(resumed.status == (uncertain.isEmpty ? 0 : 1))
    let charged = try await trial.charges()
    // An uncertain item of two calls may lack its second.
    let withheld = uncertain.count * 2
    #expect(charged >= Self.callCount - withheld && charged <= Self.callCount, "\(trial.name)")
    if uncertain.isEmpty { #expect(charged == Self.callCount, "\(trial.name)") }
    let last =
      uncertain.isEmpty
      ? resumed : try await trial.run(["--resume", "--on-uncertain", "retry"])
    #expect(last.status == 0, "\(trial.name): \(last.errors)")
    #expect(Self.lines("ok", in: last.output) == undisturbed, "\(trial.name)")
    #expect(try await trial.charges() <= Self.callCount + uncertain.count, "\(trial.name)")
    try await trial.balance()
    let files = try FileManager.default.contentsOfDirectory(atPath: "\(trial.folder)/out")
    #expect(files.count == Self.itemCount + Self.pairCount, "\(trial.name): \(files.sorted())")
    return uncertain.count
  }

  /// Resumes a trial that was killed, sending again at once what is uncertain.
  private func insist(_ trial: Trial, undisturbed: [String]) async throws {
    let uncertain = try await trial.uncertainPrompts().count
    let last = try await trial.run(["--resume", "--on-uncertain", "retry"])
    #expect(last.status == 0, "\(trial.name): \(last.errors)")
    #expect(Self.lines("ok", in: last.output) == undisturbed, "\(trial.name)")
    let charged = try await trial.charges()
    #expect(charged >= Self.callCount && charged <= Self.callCount + uncertain, "\(trial.name)")
    try await trial.balance()
  }

  /// Gives trials four at a time, for they mostly wait for videos.
  ///
  /// - Parameter trial: returns how many calls its kill left uncertain.
  private func give<Item: Sendable>(
    _ items: [Item], over transport: Transport,
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

  private static func points(over transport: Transport) -> [String] {
    if isExhaustive { return everyPoint }
    return switch transport {
    case .tcp: ["intent:5", "sent:1", "sent:8", "accepted:1", "stored:7", "done:6"]
    case .tls: ["sent:7", "accepted:1", "stored:5"]
    }
  }

  @Test(
    "killed at any change of its journal, every call is charged once or reported",
    arguments: Transport.allCases)
  func everyChange(_ transport: Transport) async throws {
    try await withService(over: transport) { service in
      let calm = try Trial(service, "calm", in: folder)
      let outcome = try await calm.run([])
      #expect(outcome.status == 0, "\(outcome.errors)")
      #expect(try await calm.charges() == Self.callCount)
      let undisturbed = Self.lines("ok", in: outcome.output)
      #expect(undisturbed.count == Self.itemCount)
      try await give(Self.points(over: transport), over: transport) { point in
        let name = point.replacingOccurrences(of: ":", with: "-")
        let trial = try Trial(service, name, in: folder)
        let killed = try await trial.run([], killAt: point)
        #expect(killed.status == 128 + SIGKILL, "\(point): \(killed.errors)")
        let uncertain = try await finish(trial, undisturbed: undisturbed)
        guard point.hasPrefix("sent") else { return uncertain }
        let other = try Trial(service, "\(name)-retry", in: folder)
        _ = try await other.run([], killAt: point)
        try await insist(other, undisturbed: undisturbed)
        return uncertain
      }
    }
  }

  @Test(
    "killed at any moment, every call is charged once or reported",
    arguments: isExhaustive ? Transport.allCases : [.tcp])
  func anyMoment(_ transport: Transport) async throws {
    try await withService(over: transport) { service in
      let calm = try Trial(service, "calm", in: folder)
      let started = ContinuousClock.now
      let undisturbed = Self.lines("ok", in: try await calm.run([]).output)
      let length = (ContinuousClock.now - started) / .milliseconds(1)
      try await give(Array(1...(Self.isExhaustive ? 50 : 2)), over: transport) { number in
        let trial = try Trial(service, "moment-\(number)", in: folder)
        let run = try trial.start([])
        try await Task.sleep(for: .milliseconds(Int.random(in: 0...Int(length))))
        run.send(SIGKILL)
        _ = await run.outcome()
        // One that came to its end before is not resumed, but begun anew.
        guard try await !trial.isFinished() else { return 0 }
        return try await finish(trial, undisturbed: undisturbed)
      }
    }
  }

  @Test("what costs nothing is sent again without a question")
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
      "what was not synced is lost in a power cut, and nothing is paid for twice",
      arguments: isExhaustive ? Transport.allCases : [.tcp])
    func powerCut(_ transport: Transport) async throws {
      try await withService(over: transport) { service in
        let undisturbed = Self.lines(
          "ok", in: try await Trial(service, "calm", in: folder).run([]).output)
        #expect(undisturbed.count == Self.itemCount)
        let library = try await PowerCut.makeLibrary(in: folder)
        let lost = Mutex(0)
        try await give(Self.powerCutPoints, over: transport) { point in
          let trial = try Trial(
            service, "cut-\(point.replacingOccurrences(of: ":", with: "-"))", in: folder)
          let cut = try PowerCut(library, copies: "\(trial.folder)/synced")
          let killed = try await trial.run([], killAt: point, under: cut)
          #expect(killed.status == 128 + SIGKILL, "\(point): \(killed.errors)")
          if try cut.strike(home: "\(trial.folder)/home") { lost.withLock { $0 += 1 } }
          return try await finish(trial, undisturbed: undisturbed)
        }
        #expect(lost.withLock { $0 } > 0, "nothing was lost, so nothing was tried")
      }
    }
  #endif
}

/// Leaves of a journal what was synced: a power cut, as far as a test can make one.
private struct PowerCut {
  private let library: String
  private let copies: String

  init(_ library: String, copies: String) throws {
    self.library = library
    self.copies = copies
    try FileManager.default.createDirectory(atPath: copies, withIntermediateDirectories: true)
  }

  /// Compiles what watches the syncs of a program.
  static func makeLibrary(in folder: TemporaryFolder) async throws -> String {
    let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "PowerCut.c")
    let library = folder.file("powercut.so")
    let compiled = try await Program(path: "/usr/bin/env").run([
      "cc", "-shared", "-fPIC", "-o", library, source.path, "-ldl",
    ])
    try #require(compiled.status == 0, "\(compiled.errors)")
    return library
  }

  /// For the program whose journal is to be cut.
  var environment: [String: String] { ["LD_PRELOAD": library, "SYNCED_COPIES": copies] }

  /// Puts the last synced journal in place of the one that there is.
  ///
  /// - Returns: whether that loses anything.
  func strike(home: String) throws -> Bool {
    let files = FileManager.default
    var differs = false
    for name in ["journal.sqlite", "journal.sqlite-wal"] {
      let (path, copy) = ("\(home)/\(name)", "\(copies)/\(name)")
      differs = differs || !files.contentsEqual(atPath: path, andPath: copy)
      try? files.removeItem(atPath: path)
      if files.fileExists(atPath: copy) { try files.copyItem(atPath: copy, toPath: path) }
    }
    try? files.removeItem(atPath: "\(home)/journal.sqlite-shm")
    return differs
  }
}
