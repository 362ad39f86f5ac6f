import ImagineTestSupport
import ServerStore
import Testing

@Suite("Tokens in the store")
struct TokenTests {
  private let data = TestData()
  private var clock: TestClock { data.clock }

  @Test("are found by digest, with their grant, expiry and rate", arguments: StoreEngine.allCases)
  func reading(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    let alice = StoredToken(
      digest: "aa", name: "alice", granted: 50, createdAt: 1, expires: 2, callsPerMinute: 3)
    let bob = StoredToken(digest: "bb", name: "bob", createdAt: 4)
    for token in [bob, alice] { #expect(try await store.addToken(token)) }
    #expect(try await data.open(engine).token(digest: "aa") == alice)
    #expect(try await data.open(engine).tokens() == [alice, bob])
    #expect(try await data.open(engine).token(digest: "cc") == nil)
    #expect(try await store.balance(of: "aa") == 50)
    #expect(try await store.balance(of: "bb") == nil)
  }

  @Test("have names of their own, and an addition may be repeated", arguments: StoreEngine.allCases)
  func names(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    let token = StoredToken(digest: "aa", name: "alice", granted: 50, createdAt: 1)
    for _ in 0..<2 { #expect(try await store.addToken(token)) }
    #expect(try await !store.addToken(StoredToken(digest: "bb", name: "alice", createdAt: 1)))
    #expect(try await store.tokens() == [token])
  }

  @Test(
    "get the difference of a new grant, and are revoked at once and for good",
    arguments: StoreEngine.allCases)
  func changes(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    _ = try await store.addToken(
      StoredToken(digest: "aa", name: "alice", granted: 50, createdAt: 1))
    _ = try await store.settle(Hold(key: "x", account: "aa", amount: 20), for: "call")
    for _ in 0..<2 { #expect(try await store.grant(80, toToken: "alice")) }
    #expect(try await store.balance(of: "aa") == 60)
    #expect(try await !store.grant(80, toToken: "bob"))
    #expect(try await store.revokeToken("alice"))
    clock.seconds += 5
    #expect(try await store.revokeToken("alice"))
    #expect(try await store.token(digest: "aa")?.revokedAt == 1_000_000)
    #expect(try await !store.revokeToken("bob"))
  }
}
