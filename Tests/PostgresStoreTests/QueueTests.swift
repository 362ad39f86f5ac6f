import ImagineAPI
import ImagineTestSupport
import ServerStore
import Testing

@testable import PostgresStore

@Suite("The queue in PostgreSQL")
struct QueueTests {
  private let database: TestDatabase

  init() throws { database = try TestDatabase() }

  private func job(_ id: String, owner: String, price: Int64 = 0) -> StoredJob {
    .sample(id, owner: owner, price: price, at: 1)
  }

  private func lease(_ store: PostgresServiceStore, _ lease: String) async throws -> String? {
    try await store.lease(by: lease, for: 60, maxCrashes: 5, atUpstream: false)?.id
  }

  @Test("adds the jobs of all owners that meet in one transaction, each with its own result")
  func together() async throws {
    let store = try await database.open()
    try await store.open(grants: ["poor": 5, "rich": 1000])
    // Each twice; the poor owner pays for two, and a third owner has no balance.
    let results = try await withThrowingTaskGroup(of: (String, JobAcceptance).self) { group in
      for number in 0..<60 {
        let owner = ["poor", "rich", "guest"][number % 3]
        for _ in 0..<2 {
          group.addTask {
            let job = job("\(number)", owner: owner, price: 2)
            return (owner, try await store.add(job, limits: JobLimits(all: 999, perOwner: 15)))
          }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    func count(_ owner: String, _ acceptance: JobAcceptance) -> Int {
      results.count { $0 == (owner, acceptance) }
    }
    #expect(count("poor", .accepted) == 4 && count("poor", .balanceTooLow) == 36)
    for owner in ["rich", "guest"] {
      #expect(count(owner, .accepted) == 30 && count(owner, .ownerQueueFull) == 10)
    }
    #expect(try await store.balance(of: "poor") == 1)
    #expect(try await store.balance(of: "rich") == 970)
    for account in ["poor", "rich"] {
      #expect(try await store.statement(of: account)?.isBalanced == true)
    }
    #expect(database.sql("SELECT count(*) FROM job") == "32")
    let transactions = database.sql("SELECT count(DISTINCT xmin::text) FROM job")
    #expect((Int(transactions) ?? 99) < 16)
  }

  @Test("adds the jobs of other owners while one is locked")
  func locked() async throws {
    let store = try await database.open()
    try await store.open(grants: ["alice": 100, "bob": 100])
    let locker = try database.connect()
    _ = try locker.script(
      "BEGIN; SELECT FROM account WHERE id = 'alice' FOR UPDATE", until: .now + .seconds(5))
    let limits = JobLimits(all: 99)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<10 {
        group.addTask {
          await #expect(throws: StoreUnreachable.self) {
            _ = try await store.add(job("a\(number)", owner: "alice", price: 1), limits: limits)
          }
        }
        group.addTask {
          let job = job("b\(number)", owner: "bob", price: 1)
          let acceptance = try await store.add(job, limits: limits)
          #expect(acceptance == .accepted)
        }
      }
      try await group.waitForAll()
    }
    _ = try locker.script("ROLLBACK", until: .now + .seconds(5))
    #expect(
      try await store.add(job("a0", owner: "alice", price: 1), limits: limits) == .accepted)
    #expect(try await store.balance(of: "bob") == 90)
    #expect(try await store.balance(of: "alice") == 99)
  }

  @Test("searches behind the jobs that were leased before, also while a snapshot is held")
  func snapshot() async throws {
    let store = try await database.open()
    let holder = try database.connect()
    _ = try holder.script(
      "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM job", until: .now + .seconds(5))
    // One after the other, so that the queue is empty between them.
    for number in 0..<300 {
      _ = try await store.add(job("\(number)", owner: "\(number % 7)"), limits: .init(all: 999))
      #expect(try await lease(store, "\(number)") == "\(number)")
      _ = try await store.finish(
        id: "\(number)", by: "\(number)", as: .finished(videoFolder: "x"))
    }
    /// How many entries of the index a search reads that finds nothing.
    func entries(isWhole: Bool) -> Int {
      let answer = database.sql(
        """
        SELECT id FROM lease_next_job('x', 60, 5, false, \(isWhole));
        SELECT pg_stat_get_xact_tuples_returned('job_queued'::regclass)
        """)
      return Int(answer) ?? -1
    }
    let (whole, bounded) = (entries(isWhole: true), entries(isWhole: false))
    #expect(whole >= 300 && (0..<10).contains(bounded), "\(whole), \(bounded)")
    _ = try holder.script("ROLLBACK", until: .now + .seconds(5))
  }

  @Test("finds a job that is before the last lease, whoever put it there")
  func before() async throws {
    let store = try await database.open()
    for number in 0..<40 {
      _ = try await store.add(job("\(number)", owner: "alice"), limits: .init(all: 99))
    }
    for number in 0..<10 { #expect(try await lease(store, "\(number)") == "\(number)") }
    // Two that were leased long ago are queued again: they come next.
    try await store.release(id: "3", by: "3", after: .shutdown)
    #expect(try await store.requeue(id: "5"))
    #expect(try await lease(store, "A") == "3")
    #expect(try await lease(store, "B") == "5")
    // A transaction that met leases put jobs behind them. Not even the next of them waits for the
    // end of the queue.
    database.sql("UPDATE job SET turn = 2 WHERE id IN ('30', '31')")
    var next: [String?] = []
    while next.count < 20, !next.contains("31") {
      next.append(try await lease(store, "C\(next.count)"))
      try await Task.sleep(for: .milliseconds(5))
    }
    #expect(next.contains("30") && next.contains("31"), "\(next)")
  }

  @Test("is the same for servers of version 1.0 on the same database")
  func olderServers() async throws {
    let connection = try database.connect()
    let first = try #require(PostgresSchema.migrations.first)
    for script in first.scripts + ["CREATE TABLE store_version AS SELECT 1 AS major, 0 AS minor"] {
      _ = try connection.script(script, until: .now + .seconds(10))
    }
    func addAsBefore(_ id: String) -> String {
      database.sql(
        """
        SELECT add_jobs('alice', 9, 9, ARRAY['\(id)'], ARRAY[
          '{"operation":"video","prompt":"waves","style":"fast-svd","aspectRatio":"1:1","seed":7}'
        ], ARRAY['video'], ARRAY[0::bigint], ARRAY[NULL::text], ARRAY[1::float8])
        """)
    }
    func leaseAsBefore(_ id: String) -> String {
      database.sql("SELECT id FROM lease_job('\(id)', 60, 5, false)")
    }
    #expect(addAsBefore("one") == "accepted" && addAsBefore("two") == "accepted")
    #expect(leaseAsBefore("A") == "one")
    let store = try await database.open()
    #expect(database.sql("SELECT major, minor FROM store_version") == "1|1")
    #expect(try await store.add(job("three", owner: "alice"), limits: .init(all: 9)) == .accepted)
    #expect(addAsBefore("four") == "accepted" && addAsBefore("three") == "accepted")
    #expect(try await lease(store, "B") == "two")
    #expect(leaseAsBefore("C") == "three")
    #expect(try await lease(store, "D") == "four")
    #expect(leaseAsBefore("D") == "four" && leaseAsBefore("E") == "")
  }
}
