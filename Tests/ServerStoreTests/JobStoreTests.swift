import ImagineAPI
import ImagineTestSupport
import ServerStore
import Testing

@Suite("The job store")
struct JobStoreTests {
  private let data = TestData()
  private var clock: TestClock { data.clock }

  private func job(_ id: String, owner: String = "alice", price: Int64 = 0) -> StoredJob {
    .sample(id, owner: owner, price: price, at: clock.seconds)
  }

  @Test("keeps accepted jobs for the next opener", arguments: StoreEngine.allCases)
  func durability(_ engine: StoreEngine) async throws {
    let given = job("one")
    #expect(try await data.open(engine).add(given, limits: .init(all: 10)) == .accepted)
    #expect(try await data.open(engine).job(id: "one", owner: "alice") == given)
    #expect(try await data.open(engine).job(id: "one", owner: "bob") == nil)
  }

  @Test("shows the status of a job to its owner alone", arguments: StoreEngine.allCases)
  func summaries(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for id in ["a", "b"] { _ = try await store.add(job(id), limits: .init(all: 10)) }
    func summary(_ id: String) async throws -> JobSummary? {
      try await store.summary(id: id, owner: "alice")
    }
    #expect(
      try await summary("b")
        == JobSummary(
          state: .queued, createdAt: clock.seconds, progress: 0, failure: nil, upstream: nil))
    _ = try await store.lease(by: "w", for: 10, maxCrashes: 1)
    #expect(try await summary("a")?.state == .processing)
    _ = try await store.finish(id: "a", by: "w", as: .failed(reason: "é: no \"frames\""))
    #expect(try await summary("a")?.state == .failed)
    #expect(try await summary("a")?.failure == "é: no \"frames\"")
    #expect(try await store.summary(id: "a", owner: "bob") == nil)
    // What follows a zero byte counts, too; PostgreSQL has none in text.
    let others = ["", "c"] + (engine == .sqlite ? ["a\0", "a\0b"] : [])
    for id in others { #expect(try await summary(id) == nil, "\(id)") }
    // More callers at once than there are connections.
    try await withThrowingTaskGroup(of: JobSummary?.self) { group in
      for number in 0..<64 {
        group.addTask { try await store.summary(id: number % 2 == 0 ? "a" : "b", owner: "alice") }
      }
      for try await summary in group { #expect(summary != nil) }
    }
  }

  @Test(
    "lists an owner's jobs page by page, newest or oldest first, with the time of their end",
    arguments: StoreEngine.allCases)
  func lists(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for (index, id) in ["a", "b", "c", "d"].enumerated() {
      _ = try await store.add(
        job(id, owner: index == 1 ? "bob" : "alice"), limits: .init(all: 10))
    }
    func ids(_ after: String?, limit: Int = 10, isAscending: Bool = false) async throws -> [String]?
    {
      try await store.list(owner: "alice", after: after, limit: limit, isAscending: isAscending)?
        .map(\.id)
    }
    #expect(try await ids(nil) == ["d", "c", "a"])
    #expect(try await ids(nil, limit: 2, isAscending: true) == ["a", "c"])
    #expect(try await ids("c") == ["a"])
    #expect(try await ids("c", isAscending: true) == ["d"])
    #expect(try await ids("b") == nil)
    _ = try await store.lease(by: "w", for: 10, maxCrashes: 1)
    clock.seconds += 5
    _ = try await store.finish(id: "a", by: "w", as: .finished(videoFolder: "w"))
    #expect(try await store.job(id: "a", owner: "alice")?.endedAt == clock.seconds)
    #expect(try await store.job(id: "c", owner: "alice")?.endedAt == nil)
  }

  @Test("leases each job to one worker, oldest first", arguments: StoreEngine.allCases)
  func leasing(_ engine: StoreEngine) async throws {
    let (first, second) = (try await data.open(engine), try await data.open(engine))
    for id in ["one", "two"] { _ = try await first.add(job(id), limits: .init(all: 10)) }
    #expect(try await first.lease(by: "A", for: 10, maxCrashes: 5)?.id == "one")
    #expect(try await second.lease(by: "B", for: 10, maxCrashes: 5)?.id == "two")
    #expect(try await second.lease(by: "C", for: 10, maxCrashes: 5) == nil)
  }

  @Test("leases a job again only after its lease has expired", arguments: StoreEngine.allCases)
  func expiry(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    clock.seconds += 9
    #expect(try await store.renew(id: "one", by: "A", for: 10, progress: 0.5))
    clock.seconds += 9
    #expect(try await store.lease(by: "B", for: 10, maxCrashes: 5) == nil)
    clock.seconds += 2
    let taken = try await store.lease(by: "B", for: 10, maxCrashes: 5)
    #expect(taken?.attempts == 2)
    #expect(try await store.renew(id: "one", by: "A", for: 10, progress: 0.9) == false)
  }

  @Test(
    "lets only the holder of the lease finish a job, and only once", arguments: StoreEngine.allCases
  )
  func fencing(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    clock.seconds += 11
    _ = try await store.lease(by: "B", for: 10, maxCrashes: 5)
    #expect(try await store.finish(id: "one", by: "A", as: .finished(videoFolder: "A")) == false)
    #expect(try await store.videoFolder(of: "one") == nil)
    #expect(try await store.finish(id: "one", by: "B", as: .finished(videoFolder: "B")))
    #expect(try await store.finish(id: "one", by: "B", as: .failed(reason: "late")) == false)
    #expect(try await store.videoFolder(of: "one") == "B")
    #expect(try await store.job(id: "one", owner: "alice")?.state == .finished)
    clock.seconds += 100
    #expect(try await store.lease(by: "C", for: 10, maxCrashes: 5) == nil)
  }

  @Test("gives a lease that is asked for again the same job", arguments: StoreEngine.allCases)
  func repeatedLease(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for id in ["one", "two"] { _ = try await store.add(job(id), limits: .init(all: 10)) }
    for _ in 0..<2 {
      let job = try await store.lease(by: "A", for: 10, maxCrashes: 5)
      #expect(job?.id == "one" && job?.attempts == 1)
    }
    clock.seconds += 11
    #expect(try await store.lease(by: "B", for: 10, maxCrashes: 5)?.attempts == 2)
    #expect(try await store.lease(by: "A", for: 10, maxCrashes: 5)?.id == "two")
  }

  @Test("accepts a job that is added again, and charges it once", arguments: StoreEngine.allCases)
  func repeatedAdd(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 50])
    for _ in 0..<3 {
      #expect(try await store.add(job("one", price: 30), limits: .init(all: 1)) == .accepted)
    }
    #expect(try await store.balance(of: "alice") == 20)
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    _ = try await store.finish(id: "one", by: "A", as: .failed(reason: "x"))
    #expect(try await store.add(job("one", price: 30), limits: .init(all: 1)) == .accepted)
    #expect(try await store.job(id: "one", owner: "alice")?.state == .failed)
    #expect(try await store.balance(of: "alice") == 50)
  }

  @Test(
    "leases a released job at once, and does not count the attempt", arguments: StoreEngine.allCases
  )
  func release(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    try await store.release(id: "one", by: "A", after: .shutdown)
    #expect(try await store.lease(by: "B", for: 10, maxCrashes: 5)?.attempts == 1)
  }

  @Test(
    "counts a job's own faults, but not shutdowns or missing resources",
    arguments: StoreEngine.allCases)
  func faults(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.add(job("one"), limits: .init(all: 10))
    for reason in [JobRelease.shutdown, .resourceMissing, .fault, .resourceMissing, .fault] {
      _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
      try await store.release(id: "one", by: "A", after: reason)
    }
    let job = try await store.job(id: "one", owner: "alice")
    #expect(job?.faults == 2)
    #expect(job?.attempts == 2)
    #expect(job?.state == .queued)
  }

  @Test(
    "moves a job that lost workers behind some later jobs, but not behind all",
    arguments: StoreEngine.allCases)
  func order(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for number in 0..<30 { _ = try await store.add(job("\(number)"), limits: .init(all: 99)) }
    #expect(try await store.lease(by: "A", for: 10, maxCrashes: 5)?.id == "0")
    clock.seconds += 11
    #expect(try await store.lease(by: "B", for: 99, maxCrashes: 5)?.id == "0")
    try await store.release(id: "0", by: "B", after: .shutdown)
    var order: [String] = []
    while let next = try await store.lease(by: "C\(order.count)", for: 99, maxCrashes: 5) {
      order.append(next.id)
    }
    #expect(order.firstIndex(of: "0").map { (5...9).contains($0) } == true)
  }

  @Test(
    "accepts a repeated outcome from the same worker, and no other one",
    arguments: StoreEngine.allCases)
  func repeatedEnd(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for (id, lease) in [("one", "A"), ("two", "B"), ("three", "C")] {
      _ = try await store.add(job(id), limits: .init(all: 10))
      _ = try await store.lease(by: lease, for: 10, maxCrashes: 5)
    }
    for _ in 0..<2 {
      #expect(try await store.finish(id: "one", by: "A", as: .finished(videoFolder: "A")))
      #expect(try await store.finish(id: "two", by: "B", as: .failed(reason: "x")))
      #expect(try await store.finish(id: "three", by: "C", as: .uncertain(reason: "y")))
    }
    #expect(try await !store.finish(id: "one", by: "A", as: .failed(reason: "x")))
    #expect(try await !store.finish(id: "two", by: "B", as: .finished(videoFolder: "A")))
    #expect(try await !store.finish(id: "one", by: "B", as: .finished(videoFolder: "A")))
    let uncertain = try await store.job(id: "three", owner: "alice")
    #expect(uncertain?.state == .failed && uncertain?.failure == "y")
  }

  @Test(
    "limits the jobs of one owner, and still accepts those of others",
    arguments: StoreEngine.allCases)
  func ownersLimit(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    let limits = JobLimits(all: 3, perOwner: 2)
    #expect(try await store.add(job("one"), limits: limits) == .accepted)
    #expect(try await store.add(job("two"), limits: limits) == .accepted)
    #expect(try await store.add(job("three"), limits: limits) == .ownerQueueFull)
    #expect(try await store.add(job("four", owner: "bob"), limits: limits) == .accepted)
    #expect(try await store.add(job("five", owner: "carol"), limits: limits) == .queueFull)
  }

  @Test("deletes jobs that ended long ago, and no others", arguments: StoreEngine.allCases)
  func retention(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for id in ["old", "failed", "young", "waiting"] {
      _ = try await store.add(job(id), limits: .init(all: 10))
    }
    for (id, outcome) in [
      ("old", JobOutcome.finished(videoFolder: "A")), ("failed", .failed(reason: "x")),
      ("young", .finished(videoFolder: "A")),
    ] {
      if id == "young" { clock.seconds += 100 }
      #expect(try await store.lease(by: id, for: 10, maxCrashes: 5)?.id == id)
      _ = try await store.finish(id: id, by: id, as: outcome)
    }
    let before = clock.seconds - 50
    #expect(try await store.deleteEnded(before: before, limit: 1).count == 1)
    #expect(try await store.deleteEnded(before: before, limit: 9).count == 1)
    #expect(try await store.deleteEnded(before: before, limit: 9).isEmpty)
    #expect(
      try await store.existing(among: ["old", "failed", "young", "waiting"]) == [
        "young", "waiting",
      ])
  }

  @Test("fails and refunds a job that crashed too many servers", arguments: StoreEngine.allCases)
  func attempts(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 50])
    _ = try await store.add(job("one", price: 30), limits: .init(all: 10))
    _ = try await store.add(job("two"), limits: .init(all: 10))
    for worker in ["A", "B"] {
      #expect(try await store.lease(by: worker, for: 10, maxCrashes: 2)?.id == "one")
      clock.seconds += 11
    }
    #expect(try await store.lease(by: "C", for: 10, maxCrashes: 2)?.id == "two")
    #expect(try await store.lease(by: "D", for: 10, maxCrashes: 2) == nil)
    let failed = try await store.job(id: "one", owner: "alice")
    #expect(failed?.state == .failed)
    #expect(failed?.failure?.contains("2 servers") == true)
    #expect(try await store.balance(of: "alice") == 50)
  }

  @Test("limits the queue", arguments: StoreEngine.allCases)
  func queueLimit(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    #expect(try await store.add(job("one"), limits: .init(all: 2)) == .accepted)
    #expect(try await store.add(job("two"), limits: .init(all: 2)) == .accepted)
    #expect(try await store.add(job("three"), limits: .init(all: 2)) == .queueFull)
    #expect(try await store.job(id: "three", owner: "alice") == nil)
  }

  @Test(
    "deletes a job only for its owner, and its worker loses the lease",
    arguments: StoreEngine.allCases)
  func deletion(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    #expect(try await store.delete(id: "one", owner: "bob") == false)
    #expect(try await store.delete(id: "one", owner: "alice"))
    #expect(try await store.renew(id: "one", by: "A", for: 10, progress: 1) == false)
    #expect(try await store.finish(id: "one", by: "A", as: .finished(videoFolder: "A")) == false)
    #expect(try await store.existing(among: ["one", "two"]).isEmpty)
  }
}
