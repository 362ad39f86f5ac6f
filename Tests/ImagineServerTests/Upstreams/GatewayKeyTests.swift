import Foundation
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

/// Two servers in this process: the first draws for the second.
@Suite("A gateway before a server that honours Idempotency-Key")
struct GatewayKeyTests {
  private let account = Authentication.digest(of: "the-gateways-token")

  /// - Parameter fault: of the server that draws.
  private func serving(
    _ fault: FaultPlan.Fault, honoursKeys: Bool = true, engine: StubEngine,
    _ body: (_ gateway: RunningServer, _ drawing: RunningServer) async throws -> Void
  ) async throws {
    try await RunningServer.with(engine: engine) {
      $0.faultPlan = FaultPlan(paint: .card, honoursKeys: honoursKeys, faults: [fault])
      $0.authentication = .listed(TokenList(entries: [account: .init(balance: 100)]))
    } _: { drawing in
      let upstreams = try UpstreamDescription.all(
        in: UpstreamStub.settings(
          "styles = [\"anime\", \"fast-svd\"]\ntoken_env = \"KEY\"", name: "studio",
          kind: "imagine", address: "\(drawing.address)/v2"))
      try await RunningServer.with {
        $0.upstreams = upstreams
        $0.environment = ["KEY": "the-gateways-token"]
        $0.limits.pollSeconds = 0.05
      } _: { gateway in
        try await body(gateway, drawing)
      }
    }
  }

  private func lostAnswer(_ route: String, count: Int = 1) -> FaultPlan.Fault {
    var fault = FaultPlan.Fault(route: route)
    (fault.close, fault.count) = (.after, count)
    return fault
  }

  @Test("sends an image call again whose answer was lost, which is done and charged once")
  func image() async throws {
    let engine = StubEngine()
    try await serving(lostAnswer("/v2/image/generations"), engine: engine) { gateway, drawing in
      let answer = try await gateway.generate("anime")
      #expect(answer.status == 200, "\(answer.text.prefix(300))")
      #expect(try await drawing.store.balance(of: account) == 95)
    }
  }

  @Test(
    "sends it again when its client does, however often the answer was lost; without a promise never",
    arguments: [(true, 200), (false, 1205)])
  func repeatedImage(honoursKeys: Bool, code: Int) async throws {
    try await serving(
      lostAnswer("/v2/image/generations", count: honoursKeys ? 2 : 1), honoursKeys: honoursKeys,
      engine: StubEngine()
    ) { gateway, drawing in
      let form = FormWriter(["prompt": "a cat", "style": "anime"])
      func picture() async throws -> Answer {
        try await gateway.send(
          .post, "/v2/image/generations",
          headers: [
            ("Content-Type", "multipart/form-data; boundary=\(form.boundary)"),
            ("Idempotency-Key", "k"),
          ], body: form.bytes)
      }
      #expect(try await picture().code == 1205)
      let second = try await picture()
      #expect((second.code ?? second.status) == code, "\(second.text.prefix(300))")
      #expect(try await drawing.store.balance(of: account) == 95)
    }
  }

  @Test("sends no key to a server that promises nothing, and no call twice")
  func noPromise() async throws {
    let engine = StubEngine()
    try await serving(
      lostAnswer("/v2/image/generations"), honoursKeys: false, engine: engine
    ) { gateway, drawing in
      let answer = try await gateway.generate("anime")
      #expect(answer.code == 1205, "\(answer.text.prefix(300))")
      #expect(try await drawing.store.balance(of: account) == 95)
    }
  }

  @Test("submits a video once whose answer was lost")
  func video() async throws {
    let engine = StubEngine()
    try await serving(lostAnswer("/v2/video/text-to-video"), engine: engine) { gateway, drawing in
      let id = try await gateway.submitVideo("waves")
      let video = try await gateway.video(id, until: ["finished", "failed"])
      #expect(engine.videosBegun.withLock { $0 } == 1, "\(video)")
      #expect(try await drawing.store.balance(of: account) == 70)
    }
  }
}

/// The real program before upstreams in this process.
@Suite("A gateway that is killed after it sent a call with an Idempotency-Key on", .serialized)
struct KilledGatewayTests {
  private let folder: TemporaryFolder
  private let account = Authentication.digest(of: "the-gateways-token")

  init() throws {
    folder = try TemporaryFolder()
    let tokens = folder.file("tokens.toml")
    try FileSystem.write("[[token]]\ntoken = \"alice\"\nbalance = 1000\n", to: tokens)
    chmod(tokens, 0o600)
  }

  private func write(_ upstreams: [String]) throws {
    let head = "home = \"home\"\ntokens_file = \"tokens.toml\"\n"
    try FileSystem.write(head + upstreams.joined(), to: folder.file("server.toml"))
  }

  private func gateway() throws -> ServerProcess {
    try ServerProcess(
      ["serve", folder.file("server.toml"), "--port", "0"],
      environment: ["KEY": "the-gateways-token"])
  }

  private func settings(_ name: String, _ address: String, _ more: String = "") -> String {
    UpstreamStub.settings(
      "styles = [\"\(name)\"]\n\(more)", name: name, kind: "imagine", address: "\(address)/v2")
  }

  /// The status of a call whose key is the style's name, or the code of its error.
  private func picture(_ style: String, at address: String) async throws -> String {
    let file = folder.file("\(style).answer")
    let status = try await ServerProcess.curl([
      "\(address)/v2/image/generations", "-H", "Authorization: Bearer alice", "-H",
      "Idempotency-Key: \(style)", "-F", "prompt=a red fox", "-F", "style=\(style)", "--output",
      file, "--write-out", "%{http_code}", "--max-time", "60",
    ])
    guard status != "200" else { return status }
    let error = try? JSONSerialization.jsonObject(with: Data(contentsOf: URL(filePath: file)))
    return ((error as? [String: Any])?["code"] as? Int)?.description ?? status
  }

  private final class Counter: Sendable {
    let count = Mutex(0)
  }

  @Test("sends it again to the same upstream with the same key, if that promised to do it once")
  func death() async throws {
    // The first answer stops half-way, after it was paid for.
    var stall = FaultPlan.Fault(route: "/v2/image/generations")
    (stall.body, stall.count) = (.stall, 1)
    let plan = FaultPlan(paint: .card, honoursKeys: true, faults: [stall])
    let calls = Counter()
    let promising = try await StubServer(
      capabilities: .json(200, #"{"idempotency":{"seconds":86400,"max_bytes":255}}"#)
    ) { _ in
      let number = calls.count.withLock { count in
        count += 1
        return count
      }
      return number == 1 ? .silence : .full(status: 200, body: SampleMedia.png)
    }
    let plain = try await StubServer { _ in .silence }
    try await RunningServer.with {
      $0.faultPlan = plan
      $0.authentication = .listed(TokenList(entries: [account: .init(balance: 100)]))
    } _: { drawing in
      let known = [
        settings("anime", drawing.address, "token_env = \"KEY\""),
        settings("plain", plain.address),
      ]
      let stub = settings("promising", promising.address)
      try write(known + [stub])
      let first = try gateway()
      let address = try await first.address()
      async let sent = ["anime", "plain", "promising"].concurrentlyMapped {
        try? await picture($0, at: address)
      }
      _ = try await eventually {
        let isPaid = try await drawing.store.balance(of: account) == 95
        return isPaid && plain.requests.count == 1 && promising.requests.count == 1 ? true : nil
      }
      first.signal(SIGKILL)
      _ = await first.exit()
      _ = await sent
      // One of the upstreams is not configured for a while.
      try write(known)
      try await goOn(second: try gateway(), settings: known + [stub])
      #expect(try await drawing.store.balance(of: account) == 95)
    }
    #expect(plain.requests.count == 1)
    let keys = promising.requests.map { $0.headers["idempotency-key"] ?? "" }
    #expect(keys.count == 2 && keys[0] == keys[1] && keys[0].hasSuffix("-0"), "\(keys)")
    let bodies = promising.requests.map {
      RequestFingerprint(contentType: $0.headers["content-type"], $0.body)?.digest
    }
    #expect(bodies.first == bodies.last && bodies.first != .some(nil))
    let store = try SQLiteServiceStore(path: folder.file("home/server.sqlite"))
    let statement = try #require(
      try await store.statement(of: Authentication.digest(of: "alice")))
    #expect(statement.charged == 10 && statement.isBalanced, "\(statement)")
  }

  private func goOn(second: ServerProcess, settings: [String]) async throws {
    let address = try await second.address()
    let answers = await ["anime", "plain", "promising"].concurrentlyMapped {
      try? await picture($0, at: address)
    }
    #expect(answers == ["200", "1205", "1205"])
    try write(settings)
    second.signal(SIGHUP)
    _ = try await eventually {
      try await picture("promising", at: address) == "200" ? true : nil
    }
    for (style, answer) in [("anime", "200"), ("promising", "200"), ("plain", "1205")] {
      #expect(try await picture(style, at: address) == answer, "\(style)")
    }
    second.signal(SIGTERM)
    #expect(await second.exit() == 0)
  }
}

extension [String] {
  /// All results, in order.
  fileprivate func concurrentlyMapped<Result: Sendable>(
    _ body: @escaping @Sendable (String) async -> Result
  ) async -> [Result] {
    await withTaskGroup(of: (Int, Result).self) { group in
      for (index, element) in enumerated() { group.addTask { (index, await body(element)) } }
      return await group.reduce(into: [Int: Result]()) { $0[$1.0] = $1.1 }
        .sorted { $0.key < $1.key }.map(\.value)
    }
  }
}
