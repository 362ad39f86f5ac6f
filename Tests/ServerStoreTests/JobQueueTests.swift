import ImagineAPI
import ImagineSystem
import ImagineTestSupport
import ServerStore
import Testing

@Suite("The queue of jobs")
struct JobQueueTests {
  private let data = TestData()
  private var clock: TestClock { data.clock }

  private func job(_ id: String, owner: String = "alice", price: Int64 = 0) -> StoredJob {
    .sample(id, owner: owner, price: price, at: clock.seconds)
  }

  @Test(
    "leases the jobs of two owners in turns, whatever each has queued",
    arguments: StoreEngine.allCases)
  func turns(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for number in 0..<100 { _ = try await store.add(job("a\(number)"), limits: .init(all: 999)) }
    var order: [String] = []
    func lease() async throws {
      let lease = "lease \(order.count)"
      let job = try #require(try await store.lease(by: lease, for: 99, maxCrashes: 5))
      order.append(job.owner)
      _ = try await store.finish(id: job.id, by: lease, as: .finished(videoFolder: "x"))
    }
    for _ in 0..<10 { try await lease() }
    for number in 0..<5 {
      _ = try await store.add(job("b\(number)", owner: "bob"), limits: .init(all: 999))
    }
    for _ in 0..<10 { try await lease() }
    #expect(order.suffix(10).count { $0 == "bob" } == 5)
    #expect(order.prefix(10).allSatisfy { $0 == "alice" })
    // Bob's single jobs, one after the other, wait for one job of Alice's each.
    for number in 5..<9 {
      _ = try await store.add(job("b\(number)", owner: "bob"), limits: .init(all: 999))
      for _ in 0..<2 { try await lease() }
    }
    #expect(order.suffix(8).count { $0 == "bob" } == 4)
  }

  @Test(
    "leases the jobs of upstreams apart from those of the engine, also expired ones",
    arguments: StoreEngine.allCases)
  func kinds(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    var elsewhere = job("elsewhere")
    elsewhere.upstream = "big"
    for job in [elsewhere, job("here")] {
      _ = try await store.add(job, limits: JobLimits(all: 10))
    }
    func lease(_ id: String, atUpstream: Bool) async throws -> String? {
      try await store.lease(by: id, for: 10, maxCrashes: 5, atUpstream: atUpstream)?.id
    }
    #expect(try await lease("A", atUpstream: false) == "here")
    #expect(try await lease("B", atUpstream: false) == nil)
    #expect(try await lease("B", atUpstream: true) == "elsewhere")
    clock.seconds += 11
    #expect(try await lease("C", atUpstream: true) == "elsewhere")
    #expect(try await lease("D", atUpstream: true) == nil)
    #expect(try await lease("D", atUpstream: false) == "here")
  }

  @Test(
    "keeps an upstream's ticket for the holder of the lease, and after it died",
    arguments: StoreEngine.allCases)
  func tickets(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    #expect(try await store.recordTicket(id: "one", by: "A", upstream: "big", ticket: nil))
    #expect(try await store.recordTicket(id: "one", by: "A", upstream: "big", ticket: "{}"))
    #expect(try await !store.recordTicket(id: "one", by: "B", upstream: "other", ticket: "[]"))
    clock.seconds += 11
    let job = try await store.lease(by: "B", for: 10, maxCrashes: 5, atUpstream: true)
    #expect(job?.upstream == "big" && job?.ticket == "{}")
    #expect(try await !store.recordTicket(id: "one", by: "A", upstream: "late", ticket: "[]"))
  }

  @Test(
    "lets whoever runs the service cancel a job or queue it again", arguments: StoreEngine.allCases)
  func operators(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 50])
    _ = try await store.add(job("one", price: 30), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    for _ in 0..<2 { #expect(try await store.cancel(id: "one", reason: "cancelled")) }
    #expect(try await !store.cancel(id: "one", reason: "again"))
    #expect(try await store.balance(of: "alice") == 50)
    #expect(try await !store.finish(id: "one", by: "A", as: .finished(videoFolder: "A")))
    for _ in 0..<2 { #expect(try await store.requeue(id: "one")) }
    #expect(try await store.job(id: "one", owner: "alice")?.price == 0)
    _ = try await store.lease(by: "B", for: 10, maxCrashes: 5)
    #expect(try await store.requeue(id: "one"))
    #expect(try await !store.renew(id: "one", by: "B", for: 10, progress: 1))
    _ = try await store.lease(by: "C", for: 10, maxCrashes: 5)
    _ = try await store.finish(id: "one", by: "C", as: .finished(videoFolder: "C"))
    #expect(try await !store.requeue(id: "one"))
    #expect(try await !store.cancel(id: "one", reason: "late"))
    #expect(try await !store.cancel(id: "none", reason: "x"))
    #expect(try await store.balance(of: "alice") == 50)
    // A worker that did not get the answer tells of the failure again, and comes too late.
    _ = try await store.add(job("two", price: 5), limits: .init(all: 9))
    _ = try await store.lease(by: "D", for: 10, maxCrashes: 5)
    #expect(try await store.finish(id: "two", by: "D", as: .failed(reason: "D")))
    #expect(try await store.requeue(id: "two"))
    #expect(try await !store.finish(id: "two", by: "D", as: .failed(reason: "D")))
    #expect(try await store.job(id: "two", owner: "alice")?.price == 0)
    #expect(try await store.balance(of: "alice") == 50)
  }

  @Test(
    "counts its jobs, the age of the oldest, and the speed of the queue",
    arguments: StoreEngine.allCases)
  func counts(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    #expect(try await store.jobCounts() == JobCounts())
    for id in ["one", "two", "three"] {
      _ = try await store.add(job(id), limits: .init(all: 10))
      clock.seconds += 10
    }
    for lease in ["A", "B"] { _ = try await store.lease(by: lease, for: 10, maxCrashes: 5) }
    _ = try await store.finish(id: "one", by: "A", as: .finished(videoFolder: "A"))
    let counts = try await store.jobCounts()
    #expect(counts.queued == 1 && counts.processing == 1 && counts.endedRecently == 1)
    #expect(counts.oldestQueuedAge == 10)
    #expect(counts.secondsPerPlace == 600)
    clock.seconds += 601
    #expect(try await store.jobCounts().secondsPerPlace == nil)
  }
}
