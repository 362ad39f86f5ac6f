import ImagineAPI
import ImagineTestSupport
import ServerStore
import Testing

@Suite("What a store knows of media")
struct MediaStoreTests {
  private let data = TestData()
  private var clock: TestClock { data.clock }

  @Test(
    "the first of several keys is added once; later ones come before it",
    arguments: StoreEngine.allCases)
  func linkKeys(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.addLinkKey(id: "a", bytes: [1], onlyIfNone: true)
    try await data.open(engine).addLinkKey(id: "b", bytes: [2], onlyIfNone: true)
    #expect(try await store.linkKeys() == [LinkKey(id: "a", bytes: [1], createdAt: 1_000_000)])
    clock.seconds += 1
    for _ in 0..<2 { try await store.addLinkKey(id: "c", bytes: [3], onlyIfNone: false) }
    #expect(try await store.linkKeys().map(\.id) == ["c", "a"])
    try await store.removeLinkKey(id: "a")
    #expect(try await store.linkKeys().map(\.id) == ["c"])
  }

  @Test(
    "media are due for removal at their time, and until they are removed",
    arguments: StoreEngine.allCases)
  func removals(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.scheduleRemoval(of: "pictures/x/", after: 60)
    #expect(try await store.dueRemovals(limit: 9).isEmpty)
    clock.seconds += 61
    try await store.scheduleRemoval(of: "pictures/y/", after: 0)
    #expect(try await store.dueRemovals(limit: 9) == ["pictures/x/", "pictures/y/"])
    #expect(try await store.dueRemovals(limit: 1) == ["pictures/x/"])
    for _ in 0..<2 { try await store.recordRemoval(of: ["pictures/x/"]) }
    #expect(try await store.dueRemovals(limit: 9) == ["pictures/y/"])
    try await store.scheduleRemoval(of: "pictures/y/", after: 60)
    #expect(try await store.dueRemovals(limit: 9).isEmpty)
    // Stored again while they were removed: they stay listed.
    try await store.recordRemoval(of: ["pictures/y/"])
    clock.seconds += 61
    #expect(try await store.dueRemovals(limit: 9) == ["pictures/y/"])
  }

  @Test("a store has one id for good", arguments: StoreEngine.allCases)
  func identity(_ engine: StoreEngine) async throws {
    #expect(try await data.open(engine).identity(ifNone: "a") == "a")
    for _ in 0..<2 { #expect(try await data.open(engine).identity(ifNone: "b") == "a") }
  }

  @Test("the media of a deleted job are due", arguments: StoreEngine.allCases)
  func deletedJobs(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for id in ["one", "two"] {
      #expect(
        try await store.add(.sample(id, at: clock.seconds), limits: JobLimits(all: 9)) == .accepted)
    }
    #expect(try await store.delete(id: "one", owner: "bob") == false)
    #expect(try await store.dueRemovals(limit: 9).isEmpty)
    #expect(try await store.delete(id: "one", owner: "alice"))
    #expect(try await store.cancel(id: "two", reason: "test"))
    #expect(try await store.deleteEnded(before: clock.seconds + 1, limit: 9) == ["two"])
    #expect(try await store.dueRemovals(limit: 9) == ["jobs/one/", "jobs/two/"])
  }

  @Test("one server leads until its time is over", arguments: StoreEngine.allCases)
  func leader(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    for _ in 0..<2 { #expect(try await store.lead("clean", by: "A", for: 10)) }
    #expect(try await data.open(engine).lead("clean", by: "B", for: 10) == false)
    #expect(try await store.lead("other", by: "B", for: 10))
    clock.seconds += 11
    #expect(try await store.lead("clean", by: "B", for: 10))
    #expect(try await store.lead("clean", by: "A", for: 10) == false)
  }
}
