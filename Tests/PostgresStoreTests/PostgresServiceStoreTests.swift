import ImagineAPI
import ImagineTestSupport
import ServerStore
import Testing

@testable import PostgresStore

@Suite("The PostgreSQL store")
struct PostgresServiceStoreTests {
  private let database: TestDatabase

  init() throws { database = try TestDatabase() }

  private func job(_ id: String, owner: String = "alice") -> StoredJob {
    .sample(id, owner: owner, prompt: "waves \0 ä", at: 1)
  }

  @Test("is created once, even by several openers at the same time")
  func madeTogether() async throws {
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<6 { group.addTask { _ = try await database.open() } }
      try await group.waitForAll()
    }
    #expect(database.sql("SELECT major, minor FROM store_version") == "1|1")
  }

  @Test("accepts a schema of a newer minor version, and refuses one of a newer major version")
  func versions() async throws {
    _ = try await database.open()
    database.sql("UPDATE store_version SET minor = 7")
    #expect(try await database.open().add(job("one"), limits: JobLimits(all: 9)) == .accepted)
    database.sql("UPDATE store_version SET major = 2")
    let error = await #expect(throws: StoreUnreachable.self) { _ = try await database.open() }
    #expect(error?.description.contains("newer version") == true)
  }

  @Test("is the same for servers of version 1.0: what was sent is uncertain to them")
  func sendsOfOlderServers() async throws {
    let connection = try database.connect()
    let first = try #require(PostgresSchema.migrations.first)
    for script in first.scripts + ["CREATE TABLE store_version AS SELECT 1 AS major, 0 AS minor"] {
      _ = try connection.script(script, until: .now + .seconds(10))
    }
    func beginAsBefore(_ key: String, _ attempt: String) -> String {
      database.sql(
        """
        SELECT state FROM begin_call('alice', 'POST /x', '\(key)', 'f', 'one', 1, 'e', '\(attempt)',
          0.01, 100)
        """)
    }
    let sendAsBefore = "UPDATE idempotency SET was_sent = true WHERE key ="
    #expect(beginAsBefore("a", "A") == "begun" && beginAsBefore("b", "A") == "begun")
    database.sql("\(sendAsBefore) 'a'")
    let store = try await database.open()
    let call = IdempotentCall(fingerprint: "f", id: "one", seed: 1, engine: "e")
    func begin(_ key: String, _ attempt: String) async throws -> IdempotencyState {
      let key = IdempotencyKey(account: "alice", route: "POST /x", key: key)
      var state = IdempotencyState.running
      while state == .running {
        state = try await store.begin(key, call, by: attempt, for: 0.01, retention: 100)
      }
      return state
    }
    #expect(try await begin("a", "B") == .uncertain)
    #expect(try await begin("b", "B") == .begun(call))
    let key = IdempotencyKey(account: "alice", route: "POST /x", key: "b")
    let promise = KeyPromise(recipient: "studio", seconds: 60)
    #expect(try await store.recordSend(key, by: "B", promise: promise))
    #expect(beginAsBefore("b", "B") == "uncertain")
    #expect(try await begin("b", "C") == .sent(call, to: "studio"))
    // One of the old version that took it over before it was sent.
    #expect(beginAsBefore("c", "A") == "begun")
    database.sql("\(sendAsBefore) 'c'")
    #expect(try await begin("c", "B") == .uncertain)
  }

  @Test("uses the database's clock, and leaves nothing in a session")
  func clock() async throws {
    let store = try await database.open()
    #expect(try await store.add(job("one"), limits: JobLimits(all: 9)) == .accepted)
    #expect(
      try await store.lease(by: "A", for: 0.01, maxCrashes: 5, atUpstream: false)?.id == "one")
    // The lease ends by itself, also in a transaction that began before.
    var next: StoredJob?
    while next == nil {
      next = try await store.lease(by: "B", for: 60, maxCrashes: 5, atUpstream: false)
    }
    #expect(next?.attempts == 2)
    let settings = try await store.pool.transaction(
      [PostgresStatement("SELECT current_setting('synchronous_commit') AS value")])
    #expect(try settings.first?.text("value") == "on")
  }

  @Test("keeps any text, and distinguishes an outage from an invalid query")
  func kindsOfFaults() async throws {
    let store = try await database.open()
    #expect(try await store.add(job("\"{,}\\ '"), limits: JobLimits(all: 9)) == .accepted)
    #expect(try await store.job(id: "\"{,}\\ '", owner: "alice")?.work == job("").work)
    // The id of another owner's job is the caller's mistake, not an outage.
    let error = await #expect(throws: PostgresError.self) {
      try await store.add(job("\"{,}\\ '", owner: "bob"), limits: JobLimits(all: 9))
    }
    #expect(error?.code == "23505")
    #expect(error?.description.contains("bob") == false)
    database.sql("UPDATE job SET state = 'paused'")
    let unknown = await #expect(throws: StoreUnreachable.self) {
      try await store.job(id: "\"{,}\\ '", owner: "alice")
    }
    #expect(unknown?.description.contains("'paused'") == true)
  }

  @Test(
    "refuses a database with settings that would change what its SQL does",
    arguments: ["default_transaction_isolation = 'repeatable read'", "array_nulls = off"])
  func settings(setting: String) async throws {
    database.sql("ALTER DATABASE \(database.name) SET \(setting)")
    let name = String(setting.prefix { $0 != " " })
    let opening = await #expect(throws: StoreUnreachable.self) { _ = try await database.open() }
    #expect(opening?.description.contains(name) == true)
    let checking = await #expect(throws: StoreUnreachable.self) {
      _ = try await PostgresServiceStore.schemaVersion(at: database.url)
    }
    #expect(checking?.description.contains(name) == true)
    database.sql("ALTER DATABASE \(database.name) RESET ALL")
    _ = try await database.open()
  }

  @Test("fails all callers of a transaction that answers too few of them")
  func missingAnswers() async throws {
    let gathering = Gathering<Int, Int, Int>()
    await #expect(throws: StoreUnreachable.self) {
      _ = try await gathering.perform(1, of: 1) { _, _ in [] }
    }
  }

  @Test("gives up on a lock in time, and does what failed when it is done again")
  func locks() async throws {
    let store = try await database.open()
    try await store.open(grants: ["alice": 10])
    let locker = try database.connect()
    _ = try locker.script(
      "SET idle_in_transaction_session_timeout = 0; BEGIN; SELECT * FROM account FOR UPDATE",
      until: .now + .seconds(5))
    let hold = Hold(key: "one", account: "alice", amount: 6)
    let start = ContinuousClock.now
    await #expect(throws: StoreUnreachable.self) { try await store.settle(hold, for: "call") }
    #expect(ContinuousClock.now - start < .seconds(20))
    _ = try locker.script("ROLLBACK", until: .now + .seconds(5))
    #expect(try await store.settle(hold, for: "call"))
    #expect(try await store.balance(of: "alice") == 4)
  }

  @Test("keeps a connection that was in use for longer than another query could wait")
  func expired() async throws {
    let pool = PostgresPool(try PostgresAddress(database.url), size: 1)
    let select = "SELECT pg_backend_pid() AS pid, pg_sleep"
    async let busy = pool.transaction([PostgresStatement("\(select)(0.5)")])
    let isBusy = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '\(select)%'"
    #expect(await eventually { database.sql(isBusy) == "1" })
    await #expect(throws: StoreUnreachable.self) {
      _ = try await pool.transaction([PostgresStatement("CREATE TABLE late ()")], within: 0.01)
    }
    let rows = try await pool.transaction([PostgresStatement("\(select)(0)")])
    #expect(try await busy.first?.text("pid") == rows.first?.text("pid"))
    #expect(database.sql("SELECT to_regclass('late') IS NULL") == "t")
  }

  @Test("settles the holds of an account that meet in one transaction")
  func settles() async throws {
    let store = try await database.open()
    try await store.open(grants: ["alice": 100])
    let paid = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<60 {
        group.addTask {
          try await store.settle(
            Hold(key: "\(number)", account: "alice", amount: 2), for: "call")
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(paid == 50)
    let statement = try await store.statement(of: "alice")
    #expect(statement?.balance == 0 && statement?.isBalanced == true)
    let transactions = database.sql("SELECT count(DISTINCT xmin::text) FROM charge")
    #expect((Int(transactions) ?? 99) < 30)
  }

  @Test("tells other servers of jobs and turns")
  func notices() async throws {
    let (one, two) = (try await database.open(), try await database.open())
    let limits = TurnLimits(capacity: 1, waitingPerAccount: 5, waiting: 9)
    let tickets = ["a", "b"].map {
      TurnTicket(id: $0, pool: "big", account: $0, server: $0)
    }
    var added = try #require(two.addedJobs()).makeAsyncIterator()
    var granted = try #require(two.grantedTurns()).makeAsyncIterator()
    // The connection that listens says once that something may have happened.
    await added.next()
    await granted.next()
    #expect(try await one.add(job("one"), limits: JobLimits(all: 9)) == .accepted)
    await added.next()
    #expect(try await one.enter(tickets[0], limits: limits) == .granted)
    #expect(try await two.enter(tickets[1], limits: limits) == .waiting)
    try await one.leave(tickets[0], limits: limits)
    await granted.next()
    #expect(try await two.enter(tickets[1], limits: limits) == .granted)
  }

  @Test("finds the server again after it was restarted, and names no password if there is none")
  func outages() async throws {
    let own = try PostgresServer()
    let database = try own.makeDatabase()
    let store = try await PostgresServiceStore(url: own.url(of: database), connections: 2)
    try await store.probe()
    try own.kill()
    await #expect(throws: StoreUnreachable.self) { try await store.probe() }
    try own.start()
    try await store.probe()
    let missing = "postgresql://test:s3cret@%2Fnowhere/x"
    let error = await #expect(throws: StoreUnreachable.self) {
      _ = try await PostgresServiceStore(url: missing)
    }
    #expect(error?.description.contains("s3cret") == false)
  }

  @Test("waits for a database that starts, and not for one that will never be there")
  func patience() async throws {
    let own = try PostgresServer()
    let database = try own.makeDatabase()
    try own.kill()
    let opening = Task { [url = own.url(of: database)] in
      try await PostgresServiceStore(url: url, connections: 1, patience: 30)
    }
    try own.start()
    #expect(try await opening.value.add(job("one"), limits: JobLimits(all: 9)) == .accepted)
    let start = ContinuousClock.now
    await #expect(throws: StoreUnreachable.self) {
      _ = try await PostgresServiceStore(url: own.url(of: "nobody"), patience: 30)
    }
    #expect(ContinuousClock.now - start < .seconds(20))
  }
}
