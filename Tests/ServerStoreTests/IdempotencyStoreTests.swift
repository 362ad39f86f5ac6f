import ImagineSystem
import ImagineTestSupport
import ServerStore
import Testing

@Suite("An idempotency key in the store")
struct IdempotencyStoreTests {
  private let data = TestData()
  private var clock: TestClock { data.clock }
  private let key = IdempotencyKey(account: "alice", route: "POST /v2/image/enhance", key: "k")
  private let call = IdempotentCall(fingerprint: "f", id: "one", seed: 7, engine: "e")
  private let answer = RecordedAnswer(
    status: 200, headers: ["content-type": "image/png"], isRepeatable: true,
    price: .init(amount: 5, purpose: "upscale"))

  private func begin(
    _ store: any ServiceStore, _ attempt: String, id: String = "two", fingerprint: String = "f",
    key: IdempotencyKey? = nil
  ) async throws -> IdempotencyState {
    try await store.begin(
      key ?? self.key,
      IdempotentCall(fingerprint: fingerprint, id: id, seed: 9, engine: "e"),
      by: attempt, for: 10, retention: 100)
  }

  @Test(
    "belongs to its account and route, and keeps what the first attempt drew",
    arguments: StoreEngine.allCases)
  func scope(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    #expect(
      try await store.begin(key, call, by: "A", for: 10, retention: 100) == .begun(call))
    #expect(try await begin(store, "A") == .begun(call))
    #expect(try await begin(store, "B") == .running)
    #expect(try await begin(store, "B", fingerprint: "g") == .otherRequest)
    for other in [
      IdempotencyKey(account: "bob", route: key.route, key: "k"),
      IdempotencyKey(account: "alice", route: "POST /v1/images/edits", key: "k"),
    ] {
      let begun = IdempotentCall(fingerprint: "g", id: "two", seed: 9, engine: "e")
      #expect(try await begin(store, "B", fingerprint: "g", key: other) == .begun(begun))
    }
  }

  @Test(
    "is taken over when its attempt died, and the late one is refused",
    arguments: StoreEngine.allCases)
  func takeover(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.begin(key, call, by: "A", for: 10, retention: 100)
    clock.seconds += 6
    #expect(try await store.renew(key, by: "A", for: 10))
    clock.seconds += 6
    #expect(try await begin(store, "B") == .running)
    clock.seconds += 6
    #expect(try await begin(store, "B") == .begun(call))
    #expect(try await !store.renew(key, by: "A", for: 10))
    #expect(try await !store.record(answer, of: key, by: "A"))
    try await store.free(key, by: "A")
    for _ in 0..<2 { #expect(try await store.record(answer, of: key, by: "B")) }
    #expect(try await begin(store, "C") == .answered(call, answer))
    #expect(try await begin(store, "C", fingerprint: "g") == .otherRequest)
  }

  @Test(
    "whose call may have been paid for elsewhere is never done again",
    arguments: StoreEngine.allCases)
  func uncertain(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.begin(key, call, by: "A", for: 10, retention: 100)
    #expect(try await store.recordSend(key, by: "A", promise: nil))
    #expect(try await !store.recordSend(key, by: "B", promise: nil))
    #expect(try await begin(store, "B") == .running)
    clock.seconds += 11
    #expect(try await begin(store, "B") == .uncertain)
    // The attempt itself lives and records what it got.
    #expect(try await store.record(answer, of: key, by: "A"))
  }

  @Test(
    "whose call was sent to one who does it once is done there again, as long as the promise holds",
    arguments: StoreEngine.allCases)
  func promised(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    let promise = KeyPromise(recipient: "studio", seconds: 60)
    _ = try await store.begin(key, call, by: "A", for: 10, retention: 100)
    #expect(try await store.recordSend(key, by: "A", promise: promise))
    #expect(try await begin(store, "B") == .running)
    #expect(try await begin(store, "B", fingerprint: "g") == .otherRequest)
    clock.seconds += 11
    for _ in 0..<2 { #expect(try await begin(store, "B") == .sent(call, to: "studio")) }
    #expect(try await begin(store, "C") == .running)
    #expect(try await !store.recordSend(key, by: "A", promise: promise))
    // Sent again, it is not known for longer.
    for _ in 0..<2 { #expect(try await store.recordSend(key, by: "B", promise: promise)) }
    #expect(try await store.renew(key, by: "B", for: 0))
    clock.seconds += 1
    #expect(try await begin(store, "C") == .sent(call, to: "studio"))
    clock.seconds += 49
    #expect(try await begin(store, "D") == .uncertain)
  }

  @Test(
    "whose call was sent to several, or to one without a promise, is uncertain",
    arguments: StoreEngine.allCases)
  func severalRecipients(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    let lists: [[String?]] = [["a", "b"], ["a", nil], [nil, "a"], ["a", "b", "a"]]
    for (number, names) in lists.enumerated() {
      let key = IdempotencyKey(account: "alice", route: "POST /x", key: "\(number)")
      _ = try await begin(store, "A", key: key)
      for name in names {
        let promise = name.map { KeyPromise(recipient: $0, seconds: 60) }
        #expect(try await store.recordSend(key, by: "A", promise: promise))
      }
      clock.seconds += 11
      #expect(try await begin(store, "B", key: key) == .uncertain, "\(names)")
    }
  }

  @Test("is new after it was freed or forgotten", arguments: StoreEngine.allCases)
  func ends(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.begin(key, call, by: "A", for: 10, retention: 100)
    try await store.free(key, by: "A")
    guard case .begun(let second) = try await begin(store, "B") else {
      Issue.record("the key was not freed")
      return
    }
    #expect(second.id == "two")
    #expect(try await store.record(answer, of: key, by: "B"))
    try await store.free(key, by: "B")
    #expect(try await begin(store, "C", id: "three") == .answered(second, answer))
    clock.seconds += 101
    guard case .begun(let third) = try await begin(store, "C", id: "three") else {
      Issue.record("the key was not forgotten")
      return
    }
    #expect(third.id == "three")
    clock.seconds += 101
    _ = try await store.removeExpired(chargesBefore: 0, limit: 10)
    #expect(try await !store.renew(key, by: "C", for: 10))
  }
}
