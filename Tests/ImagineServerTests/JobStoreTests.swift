import Foundation
import ImagineCore
import ImagineStore
import ImagineTestSupport
import Testing

@Suite("The job store")
struct JobStoreTests {
  private let folder: TemporaryFolder
  private let clock = TestClock(1_000_000)

  init() throws { folder = try TemporaryFolder() }

  private func open() throws -> SQLiteJobStore {
    let clock = clock
    return try SQLiteJobStore(path: "\(folder.path)/server.sqlite", now: { clock.seconds })
  }

  private func job(_ id: String, owner: String = "alice", price: Int64 = 0) -> StoredJob {
    StoredJob(
      id: id, owner: owner,
      work: .init(
        operation: "video", prompt: "waves", style: "fast-svd", aspectRatio: .square, seed: 7),
      price: price, createdAt: clock.seconds)
  }

  @Test("is made once, whoever comes first")
  func madeTogether() async throws {
    for round in 0..<20 {
      let path = "\(folder.path)/together-\(round).sqlite"
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { _ = try SQLiteJobStore(path: path) } }
        try await group.waitForAll()
      }
    }
  }

  @Test("keeps what it accepted for whoever opens it next")
  func durability() async throws {
    let given = job("one")
    #expect(try await open().add(given, limit: 10) == .accepted)
    #expect(try await open().job(id: "one", owner: "alice") == given)
    #expect(try await open().job(id: "one", owner: "bob") == nil)
  }

  @Test("leases each job to one worker alone, the oldest first")
  func leasing() async throws {
    let (first, second) = (try open(), try open())
    for id in ["one", "two"] { _ = try await first.add(job(id), limit: 10) }
    #expect(try await first.lease(by: "A", for: 10, attempts: 5)?.id == "one")
    #expect(try await second.lease(by: "B", for: 10, attempts: 5)?.id == "two")
    #expect(try await second.lease(by: "C", for: 10, attempts: 5) == nil)
  }

  @Test("gives a job to another when its lease has expired, and not before")
  func expiry() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limit: 10)
    _ = try await store.lease(by: "A", for: 10, attempts: 5)
    clock.seconds += 9
    #expect(try await store.renew(id: "one", by: "A", for: 10, progress: 0.5))
    clock.seconds += 9
    #expect(try await store.lease(by: "B", for: 10, attempts: 5) == nil)
    clock.seconds += 2
    let taken = try await store.lease(by: "B", for: 10, attempts: 5)
    #expect(taken?.attempts == 2)
    #expect(try await store.renew(id: "one", by: "A", for: 10, progress: 0.9) == false)
  }

  @Test("lets only the holder of the lease finish a job, and only once")
  func fencing() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limit: 10)
    _ = try await store.lease(by: "A", for: 10, attempts: 5)
    clock.seconds += 11
    _ = try await store.lease(by: "B", for: 10, attempts: 5)
    #expect(try await store.finish(id: "one", by: "A", as: .finished(film: "A")) == false)
    #expect(try await store.film(of: "one") == nil)
    #expect(try await store.finish(id: "one", by: "B", as: .finished(film: "B")))
    #expect(try await store.finish(id: "one", by: "B", as: .failed(reason: "late")) == false)
    #expect(try await store.film(of: "one") == "B")
    #expect(try await store.job(id: "one", owner: "alice")?.state == .finished)
    clock.seconds += 100
    #expect(try await store.lease(by: "C", for: 10, attempts: 5) == nil)
  }

  @Test("gives a job that was released to another at once, and does not count the attempt")
  func release() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limit: 10)
    _ = try await store.lease(by: "A", for: 10, attempts: 5)
    try await store.release(id: "one", by: "A")
    #expect(try await store.lease(by: "B", for: 10, attempts: 5)?.attempts == 1)
  }

  @Test("fails a job that took down every server that began it, and pays it back")
  func attempts() async throws {
    let store = try open()
    try await store.open(grants: ["alice": 50])
    _ = try await store.add(job("one", price: 30), limit: 10)
    _ = try await store.add(job("two"), limit: 10)
    for worker in ["A", "B"] {
      #expect(try await store.lease(by: worker, for: 10, attempts: 2)?.id == "one")
      clock.seconds += 11
    }
    #expect(try await store.lease(by: "C", for: 10, attempts: 2)?.id == "two")
    let failed = try await store.job(id: "one", owner: "alice")
    #expect(failed?.state == .failed)
    #expect(failed?.failure?.contains("2 times") == true)
    #expect(try await store.balance(of: "alice") == 50)
  }

  @Test("accepts no more than may wait")
  func queueLimit() async throws {
    let store = try open()
    #expect(try await store.add(job("one"), limit: 2) == .accepted)
    #expect(try await store.add(job("two"), limit: 2) == .accepted)
    #expect(try await store.add(job("three"), limit: 2) == .queueFull)
    #expect(try await store.job(id: "three", owner: "alice") == nil)
  }

  @Test("deletes a job for its owner alone, and tells its worker")
  func deletion() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limit: 10)
    _ = try await store.lease(by: "A", for: 10, attempts: 5)
    #expect(try await store.delete(id: "one", owner: "bob") == false)
    #expect(try await store.delete(id: "one", owner: "alice"))
    #expect(try await store.renew(id: "one", by: "A", for: 10, progress: 1) == false)
    #expect(try await store.finish(id: "one", by: "A", as: .finished(film: "A")) == false)
    #expect(try await store.known(among: ["one", "two"]).isEmpty)
  }
}

@Suite("Balances")
struct BalanceTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open() throws -> SQLiteJobStore {
    try SQLiteJobStore(path: "\(folder.path)/server.sqlite")
  }

  private func job(_ id: String, price: Int64) -> StoredJob {
    StoredJob(
      id: id, owner: "alice",
      work: .init(
        operation: "video", prompt: "waves", style: "fast-svd", aspectRatio: .square, seed: 7),
      price: price, createdAt: 0)
  }

  @Test("never fall below zero, however many calls are charged at once")
  func concurrency() async throws {
    let stores = [try open(), try open()]
    try await stores[0].open(grants: ["alice": 17])
    let paid = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<20 {
        group.addTask {
          try await stores[number % 2].charge(5, to: "alice", for: "call \(number)")
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(paid == 3)
    #expect(try await stores[0].balance(of: "alice") == 2)
  }

  @Test("pay for a job when it is accepted, and get it back when it fails or is never made")
  func jobs() async throws {
    let store = try open()
    try await store.open(grants: ["alice": 100])
    for id in ["made", "failed", "deleted"] {
      #expect(try await store.add(job(id, price: 30), limit: 10) == .accepted)
    }
    #expect(try await store.add(job("too many", price: 30), limit: 10) == .balanceTooLow)
    #expect(try await store.balance(of: "alice") == 10)
    _ = try await store.lease(by: "A", for: 10, attempts: 5)
    _ = try await store.finish(id: "made", by: "A", as: .finished(film: "A"))
    _ = try await store.lease(by: "B", for: 10, attempts: 5)
    _ = try await store.finish(id: "failed", by: "B", as: .failed(reason: "no reason"))
    #expect(try await store.balance(of: "alice") == 40)
    _ = try await store.delete(id: "deleted", owner: "alice")
    _ = try await store.delete(id: "made", owner: "alice")
    #expect(try await store.balance(of: "alice") == 70)
  }

  @Test("are opened once, and later grants add what they are higher by")
  func grants() async throws {
    try await open().open(grants: ["alice": 10])
    #expect(try await open().charge(4, to: "alice", for: "call"))
    try await open().open(grants: ["alice": 10])
    #expect(try await open().balance(of: "alice") == 6)
    try await open().open(grants: ["alice": 15])
    #expect(try await open().balance(of: "alice") == 11)
    try await open().open(grants: ["alice": 0])
    #expect(try await open().balance(of: "alice") == 0)
  }
}
