import ImagineAPI
import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

/// What every ``ServiceStore`` must keep, under a schedule of random operations by many tasks.
///
/// The stores fail at random, before or after the commit, and each task does again what failed. The
/// clocks jump, so leases and holds expire while their owners still use them. What the answers say is
/// noted; at the end, the store must agree with the notes to the token.
struct Conformance {
  /// Stores on the same data. Each task uses one of them.
  let stores: [any ServiceStore]
  /// The time of holds and records.
  let time: TestClock
  /// The time of leases.
  let boot: TestClock
  var tasks = 16
  var operations = 2000
  /// The part of queries that fail, half of them after the commit.
  var faults = 0.1
  /// Whether the store is crashed meanwhile, which loses who has a slot.
  var losesTurns = false
  let notes = ConformanceNotes()

  static let accounts = ["rich", "poor"]
  static let grants: [String: Int64] = ["rich": 1_000_000, "poor": 300]
  static let ownerLimit = 40

  /// - Parameter calm: waits until the store answers reliably, before it is compared with the notes.
  func run(seed: UInt64, calm: () async throws -> Void = {}) async throws {
    while true {
      do {
        try await stores[0].open(grants: Self.grants)
        break
      } catch is StoreUnreachable {}
    }
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<tasks {
        group.addTask {
          try await ConformanceTask(
            self, number: number, seed: seed &+ UInt64(number)
          ).run(operations)
        }
      }
      try await group.waitForAll()
    }
    try await calm()
    try await check(seed)
  }

  /// A store that fails at random.
  func store(_ number: Int, _ random: RandomSource) -> FaultyStore {
    let faults = faults
    return FaultyStore(stores[number % stores.count]) { _ in
      guard random.unit() < faults else { return nil }
      return random.unit() < 0.5 ? .unreachable : .lostAnswer
    }
  }

  /// Compares the store with what its answers said.
  private func check(_ seed: UInt64) async throws {
    let store = stores[0]
    let live: Set<JobState> = [.queued, .processing]
    for account in Self.accounts {
      let statement = try #require(try await store.statement(of: account))
      #expect(statement.isBalanced, "seed \(seed): \(statement)")
      #expect(statement.balance >= 0, "seed \(seed)")
      let jobs = try await store.jobs(of: account, in: live, limit: .max)
      let existing = Set(jobs.map(\.id))
      let expected = notes.charges(of: account) { existing.contains($0) }
      #expect(statement.charged == expected, "seed \(seed): \(account)")
    }
    notes.state.withLock { notes in
      for (id, leases) in notes.finished {
        #expect(leases.count == 1, "seed \(seed): job \(id) was finished by \(leases)")
      }
      for (id, answers) in notes.answered {
        #expect(answers.count == 1, "seed \(seed): call \(id) was answered as \(answers)")
      }
    }
    let counts = try await store.jobCounts()
    #expect(
      try await store.jobs(of: nil, in: [.processing], limit: .max).count == counts.processing)
    // Nothing is held for ever.
    time.seconds += 1_000_000
    while try await store.removeExpired(chargesBefore: time.seconds, limit: 100) {}
    #expect(try await store.holdCount() == 0)
    for account in Self.accounts {
      let statement = try #require(try await store.statement(of: account))
      #expect(statement.held == 0 && statement.isBalanced, "seed \(seed): \(statement)")
    }
    if let turns = store.turns { try await ConformanceTurns.check(turns, self) }
  }
}

/// What the answers of the stores said.
final class ConformanceNotes: Sendable {
  struct Job {
    let owner: String
    let price: Int64
  }

  struct State {
    var accepted: [String: Job] = [:]
    /// Leases that were told that they finished a job.
    var finished: [String: Set<String>] = [:]
    var failed: Set<String> = []
    /// Calls whose charge was confirmed.
    var settled: [String: Hold] = [:]
    /// Whom calls were sent to, empty for one who promised nothing.
    var recipients: [String: Set<String>] = [:]
    /// The attempts that recorded an answer, by call.
    var answered: [String: Set<String>] = [:]
    /// Tickets that have a slot.
    var granted: Set<String> = []
  }

  let state = Mutex(State())

  /// What an account must have been charged.
  ///
  /// - Parameter isLive: whether a job is queued or processing.
  func charges(of account: String, isLive: (String) -> Bool) -> Int64 {
    state.withLock { state in
      let calls = state.settled.values.filter { $0.account == account }.map(\.amount)
      let jobs = state.accepted.filter { id, job in
        job.owner == account && !state.failed.contains(id)
          && (state.finished[id] != nil || isLive(id))
      }.map(\.value.price)
      return (calls + jobs).reduce(0, +)
    }
  }
}

/// Random numbers of a seed, for several readers.
final class RandomSource: Sendable {
  private let state: Mutex<UInt64>

  init(seed: UInt64) { state = Mutex(seed) }

  /// SplitMix64.
  func next() -> UInt64 {
    state.withLock { state in
      state &+= 0x9E37_79B9_7F4A_7C15
      var value = state
      value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
      value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
      return value ^ (value >> 31)
    }
  }

  /// 0 ..< 1.
  func unit() -> Double { Double(next() >> 11) / Double(1 << 53) }

  func below(_ bound: Int) -> Int { Int(next() % UInt64(bound)) }

  func element<Element>(_ list: [Element]) -> Element? {
    list.isEmpty ? nil : list[below(list.count)]
  }
}
