import Foundation
import GRDB
import ImagineAPI
import ImagineSystem
import ImagineTestSupport
import ServerStore
import Testing

@Suite("The job store")
struct JobStoreTests {
  private let folder: TemporaryFolder
  private let clock = TestClock(1_000_000)

  init() throws { folder = try TemporaryFolder() }

  private func open(boot: String = "boot") throws -> SQLiteServiceStore {
    let clock = clock
    return try SQLiteServiceStore(
      path: "\(folder.path)/server.sqlite", now: { clock.seconds },
      clock: BootClock(boot: boot) { clock.seconds })
  }

  @Test("a request in the database keeps the keys that an older server wrote")
  func format() throws {
    let json = #"{"operation":"animate","picture":"input.png","prompt":"x","seed":7,"style":"s"}"#
    let work = try JSONDecoder().decode(StoredJob.Work.self, from: Data(json.utf8))
    #expect(work.image == "input.png")
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    #expect(String(decoding: try encoder.encode(work), as: UTF8.self) == json)
  }

  private func job(_ id: String, owner: String = "alice", price: Int64 = 0) -> StoredJob {
    StoredJob(
      id: id, owner: owner,
      work: .init(
        operation: "video", prompt: "waves", style: "fast-svd", aspectRatio: .square, seed: 7),
      price: price, createdAt: clock.seconds)
  }

  @Test("is created once, even by several openers at the same time")
  func madeTogether() async throws {
    for round in 0..<20 {
      let path = "\(folder.path)/together-\(round).sqlite"
      try await withThrowingTaskGroup(of: Void.self) { group in
        for _ in 0..<4 { group.addTask { _ = try SQLiteServiceStore(path: path) } }
        try await group.waitForAll()
      }
    }
  }

  @Test("keeps accepted jobs for the next opener")
  func durability() async throws {
    let given = job("one")
    #expect(try await open().add(given, limits: .init(all: 10)) == .accepted)
    #expect(try await open().job(id: "one", owner: "alice") == given)
    #expect(try await open().job(id: "one", owner: "bob") == nil)
  }

  @Test("lists an owner's jobs page by page, newest or oldest first, with the time of their end")
  func lists() async throws {
    let store = try open()
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

  @Test("leases each job to one worker, oldest first")
  func leasing() async throws {
    let (first, second) = (try open(), try open())
    for id in ["one", "two"] { _ = try await first.add(job(id), limits: .init(all: 10)) }
    #expect(try await first.lease(by: "A", for: 10, maxCrashes: 5)?.id == "one")
    #expect(try await second.lease(by: "B", for: 10, maxCrashes: 5)?.id == "two")
    #expect(try await second.lease(by: "C", for: 10, maxCrashes: 5) == nil)
  }

  @Test("leases a job again only after its lease has expired")
  func expiry() async throws {
    let store = try open()
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

  @Test("lets only the holder of the lease finish a job, and only once")
  func fencing() async throws {
    let store = try open()
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

  @Test("gives a lease that is asked for again the same job")
  func repeatedLease() async throws {
    let store = try open()
    for id in ["one", "two"] { _ = try await store.add(job(id), limits: .init(all: 10)) }
    for _ in 0..<2 {
      let job = try await store.lease(by: "A", for: 10, maxCrashes: 5)
      #expect(job?.id == "one" && job?.attempts == 1)
    }
    clock.seconds += 11
    #expect(try await store.lease(by: "B", for: 10, maxCrashes: 5)?.attempts == 2)
    #expect(try await store.lease(by: "A", for: 10, maxCrashes: 5)?.id == "two")
  }

  @Test("accepts a job that is added again, and charges it once")
  func repeatedAdd() async throws {
    let store = try open()
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

  @Test("leases a released job at once, and does not count the attempt")
  func release() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    try await store.release(id: "one", by: "A", after: .shutdown)
    #expect(try await store.lease(by: "B", for: 10, maxCrashes: 5)?.attempts == 1)
  }

  @Test("counts a job's own faults, but not shutdowns or missing resources")
  func faults() async throws {
    let store = try open()
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

  @Test("moves a job that lost workers behind some later jobs, but not behind all")
  func order() async throws {
    let store = try open()
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
    "treats an impossible lease as expired: of another boot, or far too long",
    arguments: [3600.0, 31_536_000.0])
  func impossibleLeases(ahead: Double) async throws {
    let store = try open()
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    #expect(try await open().lease(by: "B", for: 10, maxCrashes: 5) == nil)
    #expect(try await open(boot: "another").lease(by: "B", for: 10, maxCrashes: 5)?.id == "one")
    clock.seconds -= ahead
    #expect(try await open(boot: "another").lease(by: "C", for: 10, maxCrashes: 5)?.id == "one")
  }

  @Test("accepts a repeated outcome from the same worker, and no other one")
  func repeatedEnd() async throws {
    let store = try open()
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

  @Test("reports an unknown state as such, and not as failed")
  func unknownState() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limits: .init(all: 10))
    try await change("UPDATE job SET state = 'paused'")
    let error = await #expect(throws: StoreUnreachable.self) {
      try await store.job(id: "one", owner: "alice")
    }
    #expect(error?.description.contains("'paused'") == true)
  }

  @Test("refuses a database of a newer version with a message")
  func newer() async throws {
    _ = try open()
    try await change("INSERT INTO grdb_migrations VALUES ('of-the-future')")
    let error = #expect(throws: StoreUnreachable.self) { _ = try open() }
    #expect(error?.description.contains("newer version") == true)
  }

  @Test(
    "refuses all queries after its file was removed or replaced",
    arguments: ["server.sqlite", "server.sqlite-wal"])
  func lost(file: String) async throws {
    let store = try open()
    _ = try await store.add(job("one"), limits: .init(all: 10))
    try FileManager.default.removeItem(atPath: "\(folder.path)/\(file)")
    for isReplaced in [false, true] {
      if isReplaced {
        try Data().write(to: URL(fileURLWithPath: "\(folder.path)/\(file)"))
      }
      await #expect(throws: StoreUnreachable.self) {
        try await store.add(job("two"), limits: .init(all: 10))
      }
      await #expect(throws: StoreUnreachable.self) {
        try await store.job(id: "one", owner: "alice")
      }
      #expect(throws: StoreUnreachable.self) { try store.checkPresence() }
    }
  }

  @Test("distinguishes an outage from an invalid query")
  func kindsOfFaults() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limits: .init(all: 10))
    // The id of another owner's job is the caller's mistake, not an outage.
    await #expect(throws: DatabaseError.self) {
      try await store.add(job("one", owner: "bob"), limits: .init(all: 10))
    }
    let task = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await store.job(id: "one", owner: "alice")
    }
    await #expect(throws: CancellationError.self) { try await task.value }
  }

  @Test("limits the jobs of one owner, and still accepts those of others")
  func ownersLimit() async throws {
    let store = try open()
    let limits = JobLimits(all: 3, perOwner: 2)
    #expect(try await store.add(job("one"), limits: limits) == .accepted)
    #expect(try await store.add(job("two"), limits: limits) == .accepted)
    #expect(try await store.add(job("three"), limits: limits) == .ownerQueueFull)
    #expect(try await store.add(job("four", owner: "bob"), limits: limits) == .accepted)
    #expect(try await store.add(job("five", owner: "carol"), limits: limits) == .queueFull)
  }

  @Test("deletes jobs that ended long ago, and no others")
  func retention() async throws {
    let store = try open()
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

  private func change(_ sql: String) async throws {
    let database = try DatabaseQueue(path: "\(folder.path)/server.sqlite")
    try await database.write { try $0.execute(sql: sql) }
    try database.close()
  }

  @Test("fails and refunds a job that crashed too many servers")
  func attempts() async throws {
    let store = try open()
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

  @Test("limits the queue")
  func queueLimit() async throws {
    let store = try open()
    #expect(try await store.add(job("one"), limits: .init(all: 2)) == .accepted)
    #expect(try await store.add(job("two"), limits: .init(all: 2)) == .accepted)
    #expect(try await store.add(job("three"), limits: .init(all: 2)) == .queueFull)
    #expect(try await store.job(id: "three", owner: "alice") == nil)
  }

  @Test("deletes a job only for its owner, and its worker loses the lease")
  func deletion() async throws {
    let store = try open()
    _ = try await store.add(job("one"), limits: .init(all: 10))
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    #expect(try await store.delete(id: "one", owner: "bob") == false)
    #expect(try await store.delete(id: "one", owner: "alice"))
    #expect(try await store.renew(id: "one", by: "A", for: 10, progress: 1) == false)
    #expect(try await store.finish(id: "one", by: "A", as: .finished(videoFolder: "A")) == false)
    #expect(try await store.existing(among: ["one", "two"]).isEmpty)
  }
}
