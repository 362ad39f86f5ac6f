import Foundation
import ImagineAPI
import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A call with an Idempotency-Key")
struct IdempotencyTests {
  private let path = "/v2/image/generations"
  private let form = FormWriter(["prompt": "a cat", "style": "anime"])
  private let alice = Authentication.digest(of: "alice")

  private func metered(_ configuration: inout ServiceConfiguration, balance: Int64 = 100) {
    configuration.authentication = .listed(TokenList(entries: [alice: .init(balance: balance)]))
  }

  @Test("is done and charged once; a retry with another boundary gets the same bytes and headers")
  func replay() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) {
      metered(&$0)
    } _: { server in
      let first = try await server.post(path, form, key: "k")
      #expect(first.status == 200 && first.headers["idempotent-replayed"] == nil)
      let again = FormWriter(["style": "anime", "prompt": "a cat"], boundary: "other")
      let second = try await server.post(path, again, key: "k")
      #expect(second.status == 200 && second.headers["idempotent-replayed"] == "true")
      #expect(second.bytes == first.bytes)
      #expect(second.headers["x-imagine-seed"] == first.headers["x-imagine-seed"])
      #expect(second.headers["content-type"] == first.headers["content-type"])
      #expect(engine.painted.withLock { $0 } == 1)
      #expect(try await server.store.balance(of: alice) == 95)
      // Another key is another call.
      #expect(try await server.post(path, form, key: "l").bytes != first.bytes)
      #expect(try await server.store.balance(of: alice) == 90)
    }
  }

  @Test("is refused with 1100 for another request, and belongs to its route and account")
  func otherRequest() async throws {
    try await RunningServer.with { server in
      #expect(try await server.post(path, form, key: "k").status == 200)
      let other = FormWriter(["prompt": "a dog", "style": "anime"])
      let refused = try await server.post(path, other, key: "k")
      #expect(refused.code == 1100 && refused.message.contains("Idempotency-Key"))
      #expect(try await server.post(path, other, token: "bob", key: "k").status == 200)
      let png = "/v2/image/generations/transparent"
      #expect(try await server.post(png, FormWriter(["prompt": "a"]), key: "k").status == 200)
      let body = #"{"model":"flux-1","prompt":"a"}"#
      for (body, status) in [
        (body, 200), (#"{ "prompt": "a", "model": "flux-1", "n": null }"#, 200),
        (#"{"model":"flux-1","prompt":"b"}"#, 400),
      ] {
        let answer = try await server.send(
          .post, "/v1/images/generations", headers: [("Idempotency-Key", "k")],
          body: Array(body.utf8))
        #expect(answer.status == status, "\(body)")
      }
      for key in [String(repeating: "k", count: 256)] {
        let answer = try await server.post(path, form, key: key)
        #expect(answer.code == 1100 && answer.message.contains("256 bytes"))
      }
      let longest = String(repeating: "k", count: 255)
      #expect(try await server.post(path, form, key: longest).status == 200)
    }
  }

  @Test("that comes twice at once waits for the first, and gets its answer")
  func twins() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      metered(&$0)
    } _: { server in
      let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
        for _ in 0..<4 { group.addTask { try await server.post(path, form, key: "k") } }
        _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
        engine.paintGate.open()
        return try await group.reduce(into: [Answer]()) { $0.append($1) }
      }
      #expect(answers.map(\.status) == [200, 200, 200, 200])
      #expect(Set(answers.map(\.bytes)).count == 1)
      #expect(engine.begun.withLock { $0 } == 1)
      #expect(try await server.store.balance(of: alice) == 95)
    }
  }

  @Test("goes on when its client hangs up, which gets the answer later")
  func hangUp() async throws {
    let engine = StubEngine(paintGate: .init(open: false))
    try await RunningServer.with(engine: engine) {
      metered(&$0)
    } _: { server in
      let body = String(decoding: form.bytes, as: UTF8.self)
      var connection: RawConnection? = try await RawConnection(to: server.address)
      try await connection?.write(
        "POST \(path) HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\n"
          + "Idempotency-Key: k\r\n"
          + "Content-Type: multipart/form-data; boundary=\(form.boundary)\r\n"
          + "Content-Length: \(body.utf8.count)\r\n\r\n\(body)")
      _ = try await eventually { engine.begun.withLock { $0 } == 1 ? true : nil }
      connection = nil
      engine.paintGate.open()
      let answer = try await server.post(path, form, key: "k")
      #expect(answer.status == 200)
      #expect(engine.begun.withLock { $0 } == 1)
      #expect(engine.abandoned.withLock { $0 } == 0)
      #expect(try await server.store.balance(of: alice) == 95)
    }
  }

  @Test("frees its key if it failed, so that it may be tried again")
  func failures() async throws {
    let faults = StoreFaults()
    try await RunningServer.with(faults: faults) {
      metered(&$0, balance: 5)
    } _: { server in
      let crash = FormWriter(["prompt": "crash", "style": "anime"])
      let invalid = FormWriter(["prompt": "a cat", "style": "nothing"])
      #expect(try await server.post(path, crash, key: "k").code == 1300)
      #expect(try await server.post(path, invalid, key: "k").code == 1100)
      faults.begin(.unreachable, in: "hold")
      #expect(try await server.post(path, form, key: "k").code == 1203)
      faults.end()
      #expect(try await server.post(path, form, key: "k").status == 200)
      #expect(try await server.store.balance(of: alice) == 0)
      // Refused without work, and free as well.
      #expect(try await server.post(path, form, key: "l").code == 1101)
      try await server.store.open(grants: [alice: 10])
      #expect(try await server.post(path, form, key: "l").status == 200)
      #expect(try await server.store.balance(of: alice) == 0)
    }
  }

  @Test("is charged once and answered alike, whatever answers of the store are lost")
  func lostAnswers() async throws {
    let (engine, faults) = (StubEngine(), StoreFaults())
    try await RunningServer.with(engine: engine, faults: faults) {
      metered(&$0)
    } _: { server in
      for (number, function) in ["begin", "hold", "record", "settle"].enumerated() {
        faults.begin(.lostAnswer, in: function, times: 1)
        let first = try await server.post(path, form, key: function)
        #expect(first.status == 200, "\(function): \(first.text)")
        let second = try await server.post(path, form, key: function)
        #expect(second.bytes == first.bytes, "\(function)")
        #expect(try await server.store.balance(of: alice) == Int64(95 - 5 * number), "\(function)")
      }
      #expect(engine.painted.withLock { $0 } == 4)
      #expect(try await server.store.statement(of: alice)?.held == 0)
    }
  }

  @Test("is recorded and charged as soon as the store answers again, and its twin waits for that")
  func storeAnswersLate() async throws {
    let (engine, faults) = (StubEngine(), StoreFaults())
    try await RunningServer.with(engine: engine, faults: faults) {
      metered(&$0)
    } _: { server in
      for (number, function) in ["record", "settle"].enumerated() {
        // More often than the call itself asks.
        faults.begin(.unreachable, in: function, times: 4)
        let first = try await server.post(path, form, key: function)
        #expect(first.status == 200, "\(function): \(first.text)")
        #expect(try await server.store.balance(of: alice) == Int64(100 - 5 * number))
        let second = try await server.post(path, form, key: function)
        #expect(second.bytes == first.bytes && second.status == 200, "\(function)")
        _ = try await eventually {
          try await server.store.balance(of: alice) == Int64(95 - 5 * number) ? true : nil
        }
      }
      // A call without a key too.
      faults.begin(.unreachable, in: "settle", times: 4)
      #expect(try await server.post(path, form, token: "alice").status == 200)
      _ = try await eventually { try await server.store.balance(of: alice) == 85 ? true : nil }
      #expect(engine.painted.withLock { $0 } == 3)
      #expect(try await server.store.statement(of: alice)?.held == 0)
    }
  }

  @Test("is painted again with its seed when the answer is not kept any more, and not charged")
  func repainted() async throws {
    let engine = StubEngine()
    try await RunningServer.with(engine: engine) {
      metered(&$0)
      $0.limits.answerBytes = 10
    } _: { server in
      let first = try await server.post(path, form, key: "k")
      let second = try await server.post(path, form, key: "k")
      #expect(second.bytes == first.bytes && second.status == 200)
      #expect(engine.painted.withLock { $0 } == 2)
      #expect(try await server.store.balance(of: alice) == 95)
    }
  }

  @Test("submits a video once")
  func videos() async throws {
    try await RunningServer.with {
      metered(&$0)
    } _: { server in
      let video = FormWriter(["prompt": "waves", "style": "fast-svd"])
      let path = "/v2/video/text-to-video"
      let first = try await server.post(path, video, token: "alice", key: "k")
      let id = try #require(try first.json["id"] as? String)
      _ = try await server.video(id, until: ["finished"], token: "alice")
      #expect(try await server.post(path, video, token: "alice", key: "k").bytes == first.bytes)
      #expect(try await server.store.balance(of: alice) == 70)
    }
  }

  @Test("is charged by the retry if the server died between storing its answer and the charge")
  func killedBeforeCharge() async throws {
    let (engine, home, faults) = (StubEngine(), try TemporaryFolder(), StoreFaults())
    var bytes: [UInt8] = []
    try await RunningServer.with(engine: engine, home: home, faults: faults) {
      metered(&$0)
    } _: { server in
      faults.begin(.unreachable, in: "settle")
      bytes = try await server.post(path, form, key: "k").bytes
      #expect(try await server.store.balance(of: alice) == 100)
    }
    try await RunningServer.with(engine: engine, home: home) {
      metered(&$0)
    } _: { server in
      #expect(try await server.store.statement(of: alice)?.held == 5)
      let answer = try await server.post(path, form, key: "k")
      #expect(answer.bytes == bytes)
      #expect(engine.painted.withLock { $0 } == 1)
      let statement = try #require(try await server.store.statement(of: alice))
      #expect(statement.balance == 95 && statement.held == 0 && statement.isBalanced)
    }
  }

  @Test("is promised before the call, and in a rehearsal only if its plan says so")
  func capabilities() async throws {
    func promise(_ plan: FaultPlan?) async throws -> Double? {
      var seconds: Double?
      try await RunningServer.with {
        $0.faultPlan = plan
      } _: { server in
        let answer = try await server.send(.get, ServerCapabilities.path)
        seconds = try JSONDecoder().decode(
          ServerCapabilities.self, from: Data(answer.bytes)
        ).idempotency?.seconds
        let first = try await server.post(path, form, key: "k")
        let isSame = try await server.post(path, form, key: "k").bytes == first.bytes
        #expect(isSame == (seconds != nil))
      }
      return seconds
    }
    #expect(try await promise(nil) == 86400)
    #expect(try await promise(FaultPlan()) == nil)
    #expect(try await promise(FaultPlan(honoursKeys: true)) == 86400)
    #expect(try FaultPlan(toml: "idempotency = true").honoursKeys)
  }

  @Test("that was sent on and lost is not sent again; its failure is recorded")
  func sentOn() async throws {
    let folder = try TemporaryFolder()
    let directory = try DataDirectory(folder.path)
    let store = try SQLiteServiceStore(path: directory.database)
    let key = IdempotencyKey(account: "a", route: "POST /x", key: "k")
    let call = IdempotentCall(fingerprint: "f", id: "one", seed: 1, engine: "e")
    _ = try await store.begin(key, call, by: "A", for: -1, retention: 100)
    let keyed = KeyedCall(call, isRepetition: false) {
      _ = try await store.recordSend(key, by: "A", promise: $0)
    }
    #expect(keyed.isRepeatable)
    try await keyed.willSend(nil)
    #expect(keyed.wasSent && !keyed.isRepeatable)
    #expect(
      try await store.begin(key, call, by: "B", for: 10, retention: 100) == .uncertain)
  }
}

/// The real program, because these tests are about processes.
@Suite("A server that is killed during a call with an Idempotency-Key", .serialized)
struct KilledIdempotencyTests {
  @Test("charges it once and answers the retry")
  func kill() async throws {
    let folder = try TemporaryFolder()
    let tokens = folder.file("tokens.toml")
    try FileSystem.write("[[token]]\ntoken = \"alice\"\nbalance = 1000\n", to: tokens)
    chmod(tokens, 0o600)
    let alice = Authentication.digest(of: "alice")
    func server() throws -> ServerProcess {
      try ServerProcess([
        "--home", folder.file("home"), "--port", "0", "--tokens", tokens, "--log-level", "error",
      ])
    }
    func call(_ address: String, _ key: String) async throws -> String {
      try await ServerProcess.curl([
        "\(address)/v2/image/generations", "-H", "Authorization: Bearer alice", "-H",
        "Idempotency-Key: \(key)", "-F", "prompt=a red fox", "-F", "style=anime", "--output",
        "/dev/null", "--write-out", "%{http_code}", "--max-time", "60",
      ])
    }
    var process = try server()
    let rounds = 3
    for round in 0..<rounds {
      let address = try await process.address()
      // Killed at any moment: while it paints, stores, charges or answers.
      let sent = Task { try await call(address, "key \(round)") }
      try await Task.sleep(for: .milliseconds(Int.random(in: 20...400)))
      process.signal(SIGKILL)
      _ = await process.exit()
      _ = try? await sent.value
      process = try server()
      #expect(try await call(try await process.address(), "key \(round)") == "200")
    }
    process.signal(SIGTERM)
    #expect(await process.exit() == 0)
    let store = try SQLiteServiceStore(path: folder.file("home/server.sqlite"))
    let statement = try #require(try await store.statement(of: alice))
    #expect(statement.charged == Int64(5 * rounds) && statement.isBalanced, "\(statement)")
  }
}

extension RunningServer {
  /// Posts a form with a key.
  fileprivate func post(
    _ path: String, _ form: FormWriter, token: String = "alice", key: String
  ) async throws -> Answer {
    try await send(
      .post, path, token: token,
      headers: [
        ("Content-Type", "multipart/form-data; boundary=\(form.boundary)"),
        ("Idempotency-Key", key),
      ], body: form.bytes)
  }
}
