import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

/// The turns of one task of a schedule: it asks for slots of a pool that all tasks share, and keeps or
/// leaves them. Now and then its server dies, and another one takes its place.
struct ConformanceTurns {
  private let schedule: Conformance
  private let number: Int
  private var count = 0
  private var lives = 0
  private var isAlive = false
  private var tickets: [TurnTicket] = []

  static let limits = TurnLimits(capacity: 4, waitingPerAccount: 30, waiting: 60)
  static let pool = "big"
  /// Longer than all jumps of the clock: nobody is taken for dead who lives.
  static let lifetime = 1e9

  init(_ schedule: Conformance, number: Int) {
    self.schedule = schedule
    self.number = number
  }

  private var server: String { "\(number)/\(lives)" }

  mutating func step(_ store: FaultyStore, _ random: RandomSource) async throws {
    if !isAlive {
      try await again { try await store.keepTurns(of: server, for: Self.lifetime) }
      isAlive = true
    }
    switch random.below(20) {
    case 0..<8: try await enter(newTicket(random), store)
    case 8..<12: if let ticket = random.element(tickets) { try await enter(ticket, store) }
    case 12..<19: try await leave(store, random)
    default: try await die(store)
    }
  }

  private mutating func newTicket(_ random: RandomSource) -> TurnTicket {
    count += 1
    return TurnTicket(
      id: "\(number)-\(count)", pool: Self.pool, account: "account \(random.below(3))",
      server: server)
  }

  private mutating func enter(_ ticket: TurnTicket, _ store: FaultyStore) async throws {
    let state = try await again { try await store.enter(ticket, limits: Self.limits) }
    tickets.removeAll { $0.id == ticket.id }
    if state != .refused { tickets.append(ticket) }
    guard state == .granted else { return }
    let granted = schedule.notes.state.withLock { notes in
      notes.granted.insert(ticket.id)
      return notes.granted.count
    }
    #expect(granted <= Self.limits.capacity || schedule.losesTurns, "more slots than there are")
  }

  private mutating func leave(_ store: FaultyStore, _ random: RandomSource) async throws {
    guard let ticket = random.element(tickets) else { return }
    tickets.removeAll { $0.id == ticket.id }
    schedule.notes.state.withLock { _ = $0.granted.remove(ticket.id) }
    try await again { try await store.leave(ticket, limits: Self.limits) }
  }

  /// The server says no more that it lives, and its time is over.
  private mutating func die(_ store: FaultyStore) async throws {
    schedule.notes.state.withLock { $0.granted.subtract(tickets.map(\.id)) }
    tickets = []
    try await again { try await store.keepTurns(of: server, for: -1) }
    lives += 1
    isAlive = false
  }

  private func again<Answer>(_ query: () async throws -> Answer) async throws -> Answer {
    while true {
      do { return try await query() } catch is StoreUnreachable {}
    }
  }

  /// When all servers of the schedule are dead, their slots are free.
  static func check(_ turns: any TurnStore, _ schedule: Conformance) async throws {
    schedule.time.seconds += 3 * lifetime
    for number in 0..<limits.capacity {
      let ticket = TurnTicket(
        id: "last \(number)", pool: pool, account: "account", server: "the last one")
      let state = try await turns.enter(ticket, limits: limits)
      #expect(state == .granted)
    }
  }
}
