import ImagineAPI
import ImagineTestSupport
import ServerStore
import Synchronization
import Testing

/// One of the tasks of a schedule, as one thread of a server is: it has its own jobs, leases, holds
/// and attempts.
final class ConformanceTask {
  private let schedule: Conformance
  private let number: Int
  private let random: RandomSource
  private let store: FaultyStore
  private var count = 0
  private var jobs: [(id: String, owner: String)] = []
  private var leases: [(job: String, owner: String, lease: String, isAtUpstream: Bool)] = []
  private var holds: [Hold] = []
  private var turns: ConformanceTurns
  private var attempts: [(key: IdempotencyKey, attempt: String, call: IdempotentCall)] = []

  init(_ schedule: Conformance, number: Int, seed: UInt64) {
    self.schedule = schedule
    self.number = number
    random = RandomSource(seed: seed)
    store = schedule.store(number, RandomSource(seed: ~seed))
    turns = ConformanceTurns(schedule, number: number)
  }

  private var notes: ConformanceNotes { schedule.notes }

  func run(_ operations: Int) async throws {
    for _ in 0..<operations {
      switch random.below(store.turns == nil ? 100 : 112) {
      case 0..<12: try await addJob()
      case 12..<24: try await lease()
      case 24..<32: try await renew()
      case 32..<40: try await finish()
      case 40..<44: try await release()
      case 44..<48: try await endOwnJob()
      case 48..<60: try await hold()
      case 60..<72: try await settle()
      case 72..<76: try await releaseHold()
      case 76..<86: try await begin()
      case 86..<94: try await answer()
      case 94..<96: jump()
      case 96..<97: try await cleanUp()
      case 100...: try await turns.step(store, random)
      default: try await audit()
      }
    }
  }

  /// Does a query again until the store answers, as callers must.
  private func again<Answer>(_ query: () async throws -> Answer) async throws -> Answer {
    while true {
      do { return try await query() } catch is StoreUnreachable {}
    }
  }

  private func newID() -> String {
    count += 1
    return "\(number)-\(count)"
  }

  /// One of those that the task has, and mostly removes it.
  private func pick<Element>(_ list: inout [Element]) -> Element? {
    guard !list.isEmpty else { return nil }
    let index = random.below(list.count)
    return random.unit() < 0.25 ? list[index] : list.remove(at: index)
  }

  // MARK: Jobs

  private func addJob() async throws {
    let owner = Conformance.accounts[random.below(2)]
    let job = StoredJob.sample(
      newID(), owner: owner, price: Int64(random.below(6)), at: schedule.time.seconds,
      upstream: random.unit() < 0.3 ? "one" : nil)
    let limits = JobLimits(all: 10_000, perOwner: Conformance.ownerLimit)
    guard try await again({ try await store.add(job, limits: limits) }) == .accepted else { return }
    notes.state.withLock { $0.accepted[job.id] = .init(owner: owner, price: job.price) }
    jobs.append((job.id, owner))
  }

  private func lease() async throws {
    let lease = newID()
    let isAtUpstream = random.unit() < 0.3
    let job = try await again {
      try await store.lease(by: lease, for: 10, maxCrashes: .max, atUpstream: isAtUpstream)
    }
    guard let job else { return }
    #expect(job.state == .processing)
    #expect((job.upstream != nil) == isAtUpstream)
    leases.append((job.id, job.owner, lease, isAtUpstream))
  }

  private func renew() async throws {
    guard let held = pick(&leases) else { return }
    let progress = random.unit()
    let isHeld = try await again {
      try await store.renew(id: held.job, by: held.lease, for: 10, progress: progress)
    }
    guard isHeld, held.isAtUpstream else { return }
    _ = try await again {
      try await store.recordTicket(
        id: held.job, by: held.lease, upstream: "two", ticket: held.lease)
    }
  }

  private func finish() async throws {
    guard let held = pick(&leases) else { return }
    let outcomes: [JobOutcome] = [
      .finished(videoFolder: held.lease), .finished(videoFolder: held.lease),
      .failed(reason: held.lease), .uncertain(reason: held.lease),
    ]
    let outcome = outcomes[random.below(4)]
    var attempts = 0
    var isRecorded = try await again {
      attempts += 1
      return try await store.finish(id: held.job, by: held.lease, as: outcome)
    }
    let isFailure = if case .finished = outcome { false } else { true }
    if !isRecorded, attempts > 1, isFailure {
      // If the first answer was lost and the job then queued again, the repetition came too late. A
      // failed job that is queued again is free.
      let job = try await again { try await store.job(id: held.job, owner: held.owner) }
      let price = notes.state.withLock { $0.accepted[held.job]?.price }
      if let job, let price { isRecorded = job.price < price }
    }
    guard isRecorded else { return }
    notes.state.withLock { notes in
      if case .finished = outcome {
        notes.finished[held.job, default: []].insert(held.lease)
      } else {
        notes.failed.insert(held.job)
      }
    }
  }

  private func release() async throws {
    guard let held = pick(&leases) else { return }
    let reason = [JobRelease.shutdown, .resourceMissing, .fault][random.below(3)]
    try await again { try await store.release(id: held.job, by: held.lease, after: reason) }
  }

  private func endOwnJob() async throws {
    guard let job = pick(&jobs) else { return }
    switch random.below(3) {
    case 0:
      _ = try await again { try await store.delete(id: job.id, owner: job.owner) }
    case 1:
      let reason = newID()
      if try await again({ try await store.cancel(id: job.id, reason: reason) }) {
        notes.state.withLock { _ = $0.failed.insert(job.id) }
      }
    default:
      // The owner's limit does not bind whoever runs the service; it is checked with the other.
      guard job.owner == "rich" else { return }
      _ = try await again { try await store.requeue(id: job.id) }
    }
  }

  // MARK: Money

  private func hold() async throws {
    let hold = Hold(
      key: newID(), account: Conformance.accounts[random.below(2)],
      amount: Int64(1 + random.below(9)))
    let result = try await again { try await store.hold(hold, for: 20) }
    #expect(result != .settled)
    if result == .held { holds.append(hold) }
  }

  private func settle() async throws {
    guard let hold = pick(&holds) else { return }
    let wasSettled = notes.state.withLock { $0.settled[hold.key] != nil }
    let isPaid = try await again { try await store.settle(hold, for: "call") }
    #expect(isPaid || !wasSettled, "a charge was forgotten")
    guard isPaid else { return }
    notes.state.withLock { $0.settled[hold.key] = hold }
    #expect(try await again { try await store.hold(hold, for: 20) } == .settled)
  }

  private func releaseHold() async throws {
    guard let hold = pick(&holds) else { return }
    try await again { try await store.release(hold) }
  }

  // MARK: Keys

  private func begin() async throws {
    // Few keys, so that tasks meet.
    let key = IdempotencyKey(account: "rich", route: "POST /x", key: "\(random.below(40))")
    let attempt = newID()
    let call = IdempotentCall(
      fingerprint: random.unit() < 0.9 ? "a" : "b", id: newID(), seed: 1, engine: "test")
    // Of sends before this, because another task may send the call as soon as it is begun.
    let recipients = notes.state.withLock { $0.recipients }
    let state = try await again {
      try await store.begin(key, call, by: attempt, for: 10, retention: 500)
    }
    switch state {
    case .begun(let begun):
      #expect(begun.fingerprint == call.fingerprint)
      #expect(recipients[begun.id] == nil, "it was sent before")
      attempts.append((key, attempt, begun))
    case .sent(let begun, let recipient):
      #expect(begun.fingerprint == call.fingerprint)
      #expect(recipients[begun.id, default: [recipient]] == [recipient])
      attempts.append((key, attempt, begun))
    case .answered(let known, let answer):
      // The answer is that of the call, not of another one.
      #expect(answer.headers["call"] == known.id)
    case .running, .uncertain, .otherRequest: break
    }
  }

  private func answer() async throws {
    guard let mine = pick(&attempts) else { return }
    switch random.below(6) {
    case 0: try await again { try await store.free(mine.key, by: mine.attempt) }
    case 1: _ = try await again { try await store.renew(mine.key, by: mine.attempt, for: 10) }
    case 2: try await recordSend(mine.key, mine.attempt, mine.call)
    default:
      let answer = RecordedAnswer(
        status: 200, headers: ["call": mine.call.id, "attempt": mine.attempt],
        isRepeatable: true)
      let isRecorded = try await again {
        try await store.record(answer, of: mine.key, by: mine.attempt)
      }
      guard isRecorded else { return }
      notes.state.withLock { notes in
        _ = notes.answered[mine.call.id, default: []].insert(mine.attempt)
      }
    }
  }

  private func recordSend(
    _ key: IdempotencyKey, _ attempt: String, _ call: IdempotentCall
  ) async throws {
    // Mostly the same one.
    let recipient = random.unit() < 0.8 ? "one" : random.unit() < 0.5 ? "two" : nil
    let promise = recipient.map { KeyPromise(recipient: $0, seconds: 300) }
    let isRecorded = try await again {
      try await store.recordSend(key, by: attempt, promise: promise)
    }
    guard isRecorded else { return }
    notes.state.withLock { _ = $0.recipients[call.id, default: []].insert(recipient ?? "") }
  }

  // MARK: Time and checks

  /// Both clocks jump, each by its own amount, back too.
  private func jump() {
    schedule.time.seconds += Double(random.below(40) - 10)
    schedule.boot.seconds += Double(random.below(20) - 5)
  }

  private func cleanUp() async throws {
    let time = schedule.time.seconds
    _ = try await again { try await store.removeExpired(chargesBefore: time - 500_000, limit: 10) }
    _ = try await again { try await store.deleteEnded(before: time - 900, limit: 10) }
    let due = try await again { try await store.dueRemovals(limit: 10) }
    try await again { try await store.recordRemoval(of: due) }
  }

  /// The books are right at every moment.
  private func audit() async throws {
    let account = Conformance.accounts[random.below(2)]
    let statement = try await again { try await store.statement(of: account) }
    #expect(statement?.isBalanced == true, "\(statement.debugDescription)")
    let live = try await again {
      try await store.jobs(of: "poor", in: [.queued, .processing], limit: .max)
    }
    #expect(live.count <= Conformance.ownerLimit)
  }
}
