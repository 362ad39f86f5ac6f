import ImagineAPI
import ImagineTestSupport
import PostgresStore
import ServerStore
import Testing

@Suite("A move from SQLite to PostgreSQL")
struct MoveTests {
  private let folder: TemporaryFolder
  private let server: PostgresServer
  private var path: String { "\(folder.path)/server.sqlite" }

  init() throws {
    folder = try TemporaryFolder()
    server = try PostgresServer.shared.get()
  }

  private func job(_ id: String) -> StoredJob {
    .sample(id, prompt: "it's \\ \"waves\"\n\u{1F30A}", price: 2, at: 1_000_000)
  }

  /// A store with something of everything.
  private func fill(_ store: some ServiceStore) async throws {
    try await store.open(grants: ["alice": 100, "bob": 50])
    for id in ["queued", "leased", "done"] {
      #expect(try await store.add(job(id), limits: JobLimits(all: 9)) == .accepted)
    }
    // The first of the queue is done, the second in work.
    let done = try #require(try await store.lease(by: "A", for: 60, maxCrashes: 5))
    #expect(try await store.finish(id: done.id, by: "A", as: .finished(videoFolder: "A")))
    let leased = try #require(try await store.lease(by: "B", for: 60, maxCrashes: 5))
    #expect(try await store.renew(id: leased.id, by: "B", for: 60, progress: 0.5))
    let hold = Hold(key: "call", account: "bob", amount: 5)
    #expect(try await store.hold(hold, for: 900) == .held)
    let paid = Hold(key: "paid", account: "bob", amount: 3)
    #expect(try await store.hold(paid, for: 900) == .held)
    #expect(try await store.settle(paid, for: "generate"))
    #expect(
      try await store.addToken(
        StoredToken(digest: "abc", name: "carol", granted: 7, createdAt: 1, callsPerMinute: 9)))
    try await store.addLinkKey(id: "k", bytes: [0, 1, 255], onlyIfNone: true)
    _ = try await store.identity(ifNone: "this store")
    try await store.scheduleRemoval(of: "pictures/x/", after: 0)
    let key = IdempotencyKey(account: "bob", route: "POST /x", key: "1")
    let call = IdempotentCall(fingerprint: "f", id: "i", seed: 3, engine: "8")
    _ = try await store.begin(key, call, by: "attempt", for: 60, retention: 9999)
    let answer = RecordedAnswer(status: 200, headers: ["a": "b"], isRepeatable: true)
    #expect(try await store.record(answer, of: key, by: "attempt"))
    for (number, name) in ["studio", nil].enumerated() {
      let sent = sentKey(number)
      _ = try await store.begin(sent, call, by: "attempt", for: 60, retention: 9999)
      let promise = name.map { KeyPromise(recipient: $0, seconds: 9999) }
      #expect(try await store.recordSend(sent, by: "attempt", promise: promise))
    }
  }

  private func sentKey(_ number: Int) -> IdempotencyKey {
    IdempotencyKey(account: "bob", route: "POST /sent", key: "\(number)")
  }

  @Test("brings everything, once, and retires the old store")
  func everything() async throws {
    let old = try SQLiteServiceStore(path: path)
    try await fill(old)
    let database = try server.makeDatabase()
    // Neither is assumed.
    for setting in ["bytea_output = escape", "standard_conforming_strings = off"] {
      server.sql("ALTER DATABASE \(database) SET \(setting)", in: database)
    }
    let url = server.url(of: database)
    let frozen = try FrozenStore(path: path)
    let counts = try #require(try await PostgresServiceStore.move(frozen, to: url))
    #expect(counts["job"] == 3 && counts["account"] == 3 && counts["charge"] == 4)
    // A server that still runs cannot write.
    await #expect(throws: (any Error).self) {
      _ = try await old.add(job("late"), limits: JobLimits(all: 9))
    }
    #expect(try await PostgresServiceStore.move(FrozenStore(path: path), to: url) == nil)
    try frozen.retire()
    #expect(throws: StoreUnreachable.self) { _ = try SQLiteServiceStore(path: path) }

    let new = try await PostgresServiceStore(url: url)
    for account in ["alice", "bob", "abc"] {
      let statement = try #require(try await new.statement(of: account))
      #expect(statement.isBalanced, "\(account): \(statement)")
    }
    #expect(try await new.balance(of: "alice") == 94)
    let jobs = try await new.jobs(of: "alice", in: Set(JobState.allCases), limit: 9)
    #expect(jobs.map(\.state) == [.finished, .queued, .queued])
    #expect(jobs.map(\.progress) == [1, 0.5, 0] && jobs.map(\.attempts) == [1, 0, 0])
    #expect(jobs[0].work == job("x").work && jobs[0].videoFolder == "A")
    #expect(try await new.token(digest: "abc")?.name == "carol")
    #expect(try await new.linkKeys().map(\.bytes) == [[0, 1, 255]])
    #expect(try await new.identity(ifNone: "another") == "this store")
    #expect(try await new.dueRemovals(limit: 9) == ["pictures/x/"])
    #expect(try await new.settle(Hold(key: "call", account: "bob", amount: 5), for: "generate"))
    let key = IdempotencyKey(account: "bob", route: "POST /x", key: "1")
    let call = IdempotentCall(fingerprint: "f", id: "other", seed: 4, engine: "9")
    let state = try await new.begin(key, call, by: "later", for: 60, retention: 9999)
    guard case .answered(let known, _) = state else {
      Issue.record("\(state)")
      return
    }
    #expect(known.id == "i" && known.seed == 3)
    let sent = try await new.begin(sentKey(0), call, by: "later", for: 60, retention: 9999)
    #expect(sent == .sent(known, to: "studio"))
    let uncertain = try await new.begin(sentKey(1), call, by: "later", for: 60, retention: 9999)
    #expect(uncertain == .uncertain)
    // New jobs come after those that were moved.
    #expect(try await new.add(job("next"), limits: JobLimits(all: 9)) == .accepted)
    #expect(try await new.jobs(of: "alice", in: [.queued], limit: 9).last?.id == "next")
  }

  @Test("that fails leaves the old store in service")
  func failures() async throws {
    let old = try SQLiteServiceStore(path: path)
    try await old.open(grants: ["alice": 1])
    let used = server.url(of: try server.makeDatabase())
    try await PostgresServiceStore(url: used).open(grants: ["other": 1])
    for url in [used, "postgres://test@127.0.0.1:1/none", "postgres://%zz"] {
      let frozen = try FrozenStore(path: path)
      let failure = await #expect(throws: MoveFailure.self) {
        _ = try await PostgresServiceStore.move(frozen, to: url)
      }
      #expect(failure?.mayBeMoved == false && !frozen.wasFrozen)
      try frozen.thaw()
      try await old.open(grants: ["alice": 2])
    }
    let frozen = try FrozenStore(path: path)
    #expect(try await PostgresServiceStore.hasMove(frozen.id, at: used) == false)
    #expect(try FrozenStore(path: path).wasFrozen)
  }
}
