import Foundation
import GRDB
import ImagineAPI
import ImagineSystem
import ImagineTestSupport
import ServerStore
import Testing

@Suite("The SQLite store")
struct SQLiteServiceStoreTests {
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
    .sample(id, owner: owner, price: price, at: clock.seconds)
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

  private func change(_ sql: String) async throws {
    let database = try DatabaseQueue(path: "\(folder.path)/server.sqlite")
    try await database.write { try $0.execute(sql: sql) }
    try database.close()
  }

  @Test("has no leader after a restart of the machine")
  func leaders() async throws {
    #expect(try await open().lead("clean", by: "B", for: 10))
    #expect(try await open().lead("clean", by: "A", for: 10) == false)
    #expect(try await open(boot: "next").lead("clean", by: "A", for: 10))
  }
}
