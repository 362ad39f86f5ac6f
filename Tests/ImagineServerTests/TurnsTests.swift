import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineServer

@Suite("Turns")
struct TurnsTests {
  /// The calls that ran, and how many ran at once.
  private final class Log: Sendable {
    let accounts = Mutex<[String]>([])
    let running = Mutex((now: 0, most: 0))

    func run(_ account: String) async {
      running.withLock { running in
        running.now += 1
        running.most = max(running.most, running.now)
      }
      accounts.withLock { $0.append(account) }
      for _ in 0..<3 { await Task.yield() }
      running.withLock { $0.now -= 1 }
    }
  }

  @Test("are shared 1:1 by two accounts with 100:1 in demand", arguments: [1, 3])
  func fairness(capacity: Int) async throws {
    // Without a time, all calls are equal.
    let turns = Turns(capacity: capacity, places: 1000) { 0 }
    let log = Log()
    let gate = try await turns.enter("gate")
    let others = try await hold(turns, capacity - 1)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 1...100 {
        group.addTask { try await turns.run("many") { await log.run("many") } }
        try await waiting(turns, number)
      }
      // One call at a time, each sent when the one before is answered.
      group.addTask {
        for _ in 0..<20 { try await turns.run("one") { await log.run("one") } }
      }
      try await waiting(turns, 101)
      turns.leave(gate)
      for slot in others { turns.leave(slot) }
      try await group.waitForAll()
    }
    let order = log.accounts.withLock { $0 }
    #expect(order.count == 120)
    let last = try #require(order.lastIndex(of: "one"))
    // 20 of the one, and about as many of the other for each slot.
    #expect(last <= 20 * (1 + capacity) + 2 * capacity * capacity, "\(order)")
    #expect(log.running.withLock { $0.most } <= capacity)
    #expect(turns.load == (0, 0))
  }

  /// Calls that take time on a test's clock, in the order in which they ran.
  private final class TimedCalls: Sendable {
    let clock = TestClock(0)
    let list = Mutex<[(account: String, number: Int)]>([])

    func run(_ account: String, _ number: Int, seconds: Double, in turns: Turns) async throws {
      try await turns.run(account) {
        list.withLock { $0.append((account, number)) }
        clock.seconds += seconds
      }
    }
  }

  @Test("are shared by time: slow calls get no more of it than quick ones, in their order")
  func time() async throws {
    let calls = TimedCalls()
    let turns = Turns(capacity: 1, places: 1000) { calls.clock.seconds }
    let seconds = ["slow": 1, "quick": 0.1]
    let gate = try await turns.enter("gate")
    try await withThrowingTaskGroup(of: Void.self) { group in
      func add(_ account: String, _ number: Int) {
        group.addTask {
          try await calls.run(account, number, seconds: seconds[account] ?? 0, in: turns)
        }
      }
      for number in 0..<120 {
        add(number < 20 ? "slow" : "quick", number)
        try await waiting(turns, number + 1)
      }
      turns.leave(gate)
      try await group.waitForAll()
    }
    var used = ["slow": 0.0, "quick": 0.0]
    for account in ["slow", "quick"] {
      let numbers = calls.list.withLock { $0.filter { $0.account == account }.map(\.number) }
      #expect(numbers == numbers.sorted() && numbers.count == (account == "slow" ? 20 : 100))
    }
    for call in calls.list.withLock({ $0 }) {
      used[call.account, default: 0] += seconds[call.account] ?? 0
      let (slow, quick) = (used["slow"] ?? 0, used["quick"] ?? 0)
      // After ten seconds each, only the slow ones are left.
      if quick < 9.95 { #expect(abs(slow - quick) < 1.15, "\(slow) s and \(quick) s") }
    }
  }

  @Test("of a new account begin beside those of the others, neither before nor behind them")
  func newAccount() async throws {
    let calls = TimedCalls()
    let turns = Turns(capacity: 1, places: 1000) { calls.clock.seconds }
    // The old one always has a call that waits, so that its time counts.
    var slot = try await turns.enter("old")
    for _ in 0..<3 {
      let next = Task { try await turns.enter("old") }
      try await waiting(turns, 1)
      calls.clock.seconds += 1
      turns.leave(slot)
      slot = try await next.value
    }
    try await withThrowingTaskGroup(of: Void.self) { [slot] group in
      for number in 1...4 {
        group.addTask { try await calls.run("old", number, seconds: 1, in: turns) }
        try await waiting(turns, number)
      }
      for number in 5...8 {
        group.addTask { try await calls.run("new", number, seconds: 1, in: turns) }
        try await waiting(turns, number)
      }
      calls.clock.seconds += 1
      turns.leave(slot)
      try await group.waitForAll()
    }
    let first = calls.list.withLock { $0.prefix(6).map(\.account) }
    #expect((2...4).contains(first.count { $0 == "new" }), "\(first)")
  }

  @Test("of large calls leave a slot to the others, unless there is only one")
  func large() async throws {
    let turns = Turns(capacity: 2)
    let first = try await turns.enter("one", isLarge: true)
    let second = Task { try await turns.enter("two", isLarge: true) }
    try await waiting(turns, 1)
    // More than a call may be overtaken by others that need less memory.
    for _ in 0..<40 { try await turns.run("three") { #expect(turns.load == (2, 1)) } }
    turns.leave(first)
    turns.leave(try await second.value)
    #expect(turns.load == (0, 0))
    let single = Turns(capacity: 1)
    single.leave(try await single.enter("one", isLarge: true))
  }

  private func hold(_ turns: Turns, _ count: Int) async throws -> [Turns.Slot] {
    var slots: [Turns.Slot] = []
    for _ in 0..<count { slots.append(try await turns.enter("gate")) }
    return slots
  }

  /// Waits until this many calls wait.
  private func waiting(_ turns: Turns, _ count: Int) async throws {
    _ = try await eventually { turns.load.waiting == count ? true : nil }
  }

  @Test("never exceed the capacity, whoever comes, is cancelled or hangs up")
  func capacity() async throws {
    let turns = Turns(capacity: 3, places: 1000)
    let log = Log()
    await withTaskGroup(of: Void.self) { group in
      for number in 0..<600 {
        group.addTask {
          let call = Task {
            try await turns.run("account \(number % 7)") { await log.run("") }
          }
          if number % 5 == 0 { call.cancel() }
          _ = try? await call.value
        }
      }
    }
    #expect(log.running.withLock { $0.most } <= 3)
    #expect(turns.load == (0, 0))
  }

  @Test("refuse a call at once if its account or all have too many waiting, with a time to wait")
  func bounds() async throws {
    let turns = Turns(capacity: 1, places: 2)
    let slot = try await turns.enter("a")
    var calls: [Task<Void, any Error>] = []
    func add(_ account: String) { calls.append(Task { try await turns.run(account) {} }) }
    func expectRefusal(_ account: String) async {
      let refusal = await #expect(throws: APIError.self) { try await turns.run(account) {} }
      #expect(refusal?.fault == .tooManyRequests)
      #expect(refusal?.retryAfter.map { (1...60).contains($0) } == true)
    }
    for count in 1...2 {
      add("a")
      try await waiting(turns, count)
    }
    await expectRefusal("a")
    for count in 3...8 {
      add("b\(count / 2)")
      try await waiting(turns, count)
    }
    await expectRefusal("c")
    turns.leave(slot)
    for call in calls { try await call.value }
    try await turns.run("c") {}
  }

  @Test("that do not come in time are 1202")
  func timeout() async throws {
    let turns = Turns(capacity: 1, seconds: 0.05)
    let slot = try await turns.enter("a")
    let refusal = await #expect(throws: APIError.self) { try await turns.run("b") {} }
    #expect(refusal?.fault == .tooManyRequests)
    turns.leave(slot)
    try await turns.run("b") {}
  }

  @Test("of a cancelled call go to the next")
  func cancellation() async throws {
    let turns = Turns(capacity: 1)
    let slot = try await turns.enter("a")
    let cancelled = Task { try await turns.run("b") {} }
    try await waiting(turns, 1)
    let next = Task { try await turns.run("c") {} }
    try await waiting(turns, 2)
    cancelled.cancel()
    await #expect(throws: CancellationError.self) { try await cancelled.value }
    turns.leave(slot)
    try await next.value
  }

  @Test("follow a new capacity; what runs already counts")
  func resizing() async throws {
    let turns = Turns(capacity: 1)
    let slots = [turns.occupy("a"), turns.occupy("b")]
    let call = Task { try await turns.enter("a", isBounded: false) }
    try await waiting(turns, 1)
    #expect(turns.fullness == 3)
    turns.setCapacity(3)
    let slot = try await call.value
    #expect(turns.load == (3, 0) && turns.fullness == 1)
    for slot in slots + [slot] { turns.leave(slot) }
    #expect(turns.load == (0, 0))
  }

  @Test("that may wait for any time are not refused, however many wait")
  func unbounded() async throws {
    let turns = Turns(capacity: 1, places: 1, seconds: 0.05)
    let slot = try await turns.enter("a")
    let job = Task { try await turns.enter("a", isBounded: false) }
    try await waiting(turns, 1)
    await #expect(throws: APIError.self) { try await turns.enter("a") }
    await #expect(throws: APIError.self) { try await turns.enter("b") }
    turns.leave(slot)
    turns.leave(try await job.value)
  }
}

extension Turns {
  /// Does work in a slot.
  fileprivate func run(_ account: String, _ work: () async throws -> Void) async throws {
    let slot = try await enter(account)
    defer { leave(slot) }
    try await work()
  }
}
