import ImagineTestSupport
import PostgresStore
import ServerStore
import Testing

@Suite("Turns that servers share")
struct TurnTests {
  private let clock = TestClock(1_000_000)
  private let url: String

  init() throws {
    let server = try PostgresServer.shared.get()
    url = server.url(of: try server.makeDatabase())
  }

  private func open() async throws -> PostgresServiceStore {
    let clock = clock
    return try await PostgresServiceStore(url: url, connections: 3, now: { clock.seconds })
  }

  private func ticket(_ id: String, _ account: String = "alice", server: String = "one")
    -> TurnTicket
  {
    TurnTicket(id: id, pool: "big", account: account, server: server)
  }

  private func limits(
    _ capacity: Int, waitingPerAccount: Int = 200, waiting: Int = 200
  ) -> TurnLimits {
    TurnLimits(capacity: capacity, waitingPerAccount: waitingPerAccount, waiting: waiting)
  }

  @Test("give two accounts the same number of slots, whatever each demands")
  func fairness() async throws {
    let store = try await open()
    let limits = limits(1)
    for number in 0..<60 { _ = try await store.enter(ticket("a\(number)"), limits: limits) }
    var (next, slots) = (0, ["alice": 0, "bob": 0])
    _ = try await store.enter(ticket("b0", "bob"), limits: limits)
    for _ in 0..<40 {
      // Whoever has the slot leaves it; Bob then asks for his next one.
      if try await store.enter(ticket("b\(next)", "bob"), limits: limits) == .granted {
        slots["bob", default: 0] += 1
        try await store.leave(ticket("b\(next)", "bob"), limits: limits)
        next += 1
        _ = try await store.enter(ticket("b\(next)", "bob"), limits: limits)
      } else {
        let number = slots["alice"] ?? 0
        #expect(try await store.enter(ticket("a\(number)"), limits: limits) == .granted)
        slots["alice"] = number + 1
        try await store.leave(ticket("a\(number)"), limits: limits)
      }
    }
    #expect(slots["alice"].map { (19...21).contains($0) } == true, "\(slots)")
  }

  @Test("are refused beyond the bounds, and a repetition changes nothing")
  func bounds() async throws {
    let (store, other) = (try await open(), try await open())
    let limits = limits(1, waitingPerAccount: 2, waiting: 3)
    var states: [TurnState] = []
    for id in ["a", "b", "c", "d", "a", "b", "c"] {
      states.append(try await store.enter(ticket(id), limits: limits))
    }
    #expect(states == [.granted, .waiting, .waiting, .refused, .granted, .waiting, .waiting])
    #expect(try await other.enter(ticket("e", "bob"), limits: limits) == .waiting)
    #expect(try await other.enter(ticket("f", "carol"), limits: limits) == .refused)
    for _ in 0..<2 { try await other.leave(ticket("a"), limits: limits) }
    #expect(try await store.enter(ticket("e", "bob"), limits: limits) == .granted)
    #expect(try await store.enter(ticket("b"), limits: limits) == .waiting)
  }

  @Test("of a dead server are freed, those of others are kept")
  func crashes() async throws {
    let store = try await open()
    let limits = limits(2)
    for server in ["one", "two"] { try await store.keepTurns(of: server, for: 10) }
    for (id, server) in [("a", "one"), ("b", "two"), ("c", "one"), ("d", "two")] {
      _ = try await store.enter(ticket(id, server: server), limits: limits)
    }
    clock.seconds += 8
    try await store.keepTurns(of: "two", for: 10)
    clock.seconds += 8
    #expect(try await store.enter(ticket("d", server: "two"), limits: limits) == .granted)
    #expect(try await store.enter(ticket("e", server: "two"), limits: limits) == .waiting)
  }

  @Test("of a caller that has gone are not taken by its late request")
  func lateRequests() async throws {
    let store = try await open()
    try await store.leave(ticket("a"), limits: limits(1))
    #expect(try await store.enter(ticket("a"), limits: limits(1)) == .refused)
    #expect(try await store.enter(ticket("b"), limits: limits(1)) == .granted)
  }
}
