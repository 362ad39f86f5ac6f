import ImagineTestSupport
import PostgresStore
import ServerStore
import Testing

/// SQLite's leases have the boot's clock, which jumps apart from the other.
@Suite("Under random operations, a store")
struct ConformanceTests {
  private let time = TestClock(1_000_000)
  private let boot = TestClock(1_000)
  private let data: TestData

  init() { data = TestData(clock: time, boot: boot) }

  private func conformance(_ stores: [any ServiceStore], operations: Int) -> Conformance {
    var conformance = Conformance(stores: stores, time: time, boot: boot)
    conformance.operations = operations
    return conformance
  }

  @Test(
    "keeps its books, ends each job once and answers each key once",
    arguments: [(StoreEngine.sqlite, 2000), (.postgres, 600)])
  func one(_ engine: StoreEngine, operations: Int) async throws {
    try await conformance([data.open(engine)], operations: operations)
      .run(seed: .random(in: 1...1_000_000))
  }

  @Test("does so with another server on the same data", arguments: StoreEngine.allCases)
  func two(_ engine: StoreEngine) async throws {
    try await conformance([data.open(engine), data.open(engine)], operations: 400)
      .run(seed: .random(in: 1...1_000_000))
  }

  @Test("does so when connections are cut before or after any message, in either direction")
  func cutConnections() async throws {
    let server = try PostgresServer.shared.get()
    let seed = UInt64.random(in: 1...1_000_000)
    let random = RandomSource(seed: seed)
    let proxy = try await PostgresProxy(to: server) {
      // The first dozen messages are of the connection's beginning.
      PostgresProxy.Cut(
        isFromClient: random.unit() < 0.5, message: 5 + random.below(300),
        isAfter: random.unit() < 0.5)
    }
    let database = try server.makeDatabase()
    let direct = try await open(server.url(of: database))
    // The opener's connection may be cut, too.
    let cut = try await open(
      server.url(of: database, through: proxy.folderOfSocket), patience: 10)
    var conformance = conformance([direct, cut, cut], operations: 250)
    conformance.faults = 0
    try await conformance.run(seed: seed)
    await proxy.close()
    #expect(proxy.cuts > 10)
  }

  @Test("does so when connections are terminated by the database")
  func terminatedConnections() async throws {
    let server = try PostgresServer.shared.get()
    let database = try server.makeDatabase()
    let stores = [
      try await open(server.url(of: database)), try await open(server.url(of: database)),
    ]
    let terminations = Task.detached {
      var count = 0
      while !Task.isCancelled {
        let ended = server.sql(
          """
          SELECT count(pg_terminate_backend(pid)) FROM (
            SELECT pid FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            ORDER BY random() LIMIT 2) AS victims
          """, in: database)
        count += Int(ended) ?? 0
      }
      return count
    }
    var conformance = conformance(stores, operations: 250)
    conformance.faults = 0
    try await conformance.run(seed: .random(in: 1...1_000_000)) {
      terminations.cancel()
      #expect(await terminations.value > 10)
      // The last of them is noticed when its connection is used.
      for store in stores { _ = try? await store.probe() }
    }
  }

  @Test("does so when the database crashes and recovers, and then nobody has a turn")
  func crashes() async throws {
    let server = try PostgresServer()
    let database = try server.makeDatabase()
    let stores = [
      try await open(server.url(of: database)), try await open(server.url(of: database)),
    ]
    let ticket = TurnTicket(id: "a", pool: "p", account: "alice", server: "one")
    let limits = TurnLimits(capacity: 1, waitingPerAccount: 1, waiting: 1)
    #expect(try await stores[0].enter(ticket, limits: limits) == .granted)
    var conformance = conformance(stores, operations: 250)
    (conformance.faults, conformance.losesTurns) = (0, true)
    let crashes = Task.detached {
      for _ in 0..<2 {
        try await Task.sleep(for: .milliseconds(700))
        try server.kill()
        try server.start()
        #expect(
          server.sql("SELECT count(*) FROM turn_ticket WHERE pool = 'p'", in: database) == "0")
      }
    }
    try await conformance.run(seed: .random(in: 1...1_000_000)) { try await crashes.value }
    #expect(try await stores[1].enter(ticket, limits: limits) == .granted)
  }

  private func open(_ url: String, patience: Double = 0) async throws -> PostgresServiceStore {
    let time = time
    return try await PostgresServiceStore(
      url: url, connections: 6, patience: patience, now: { time.seconds })
  }
}
