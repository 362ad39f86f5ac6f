public import ImagineAPI
public import ServerStore
import Synchronization

/// How a query to a store fails.
public enum StoreFault: Sendable {
  /// The query is not executed.
  case unreachable
  /// The query is executed, but its answer is lost.
  case lostAnswer
}

/// The faults of a store, set by a test.
public final class StoreFaults: Sendable {
  private let faults = Mutex<[String: (fault: StoreFault, left: Int)]>([:])

  public init() {}

  /// From now on, every call of a function (or of all) fails, or the next few.
  public func begin(_ fault: StoreFault, in function: String = "", times: Int = .max) {
    faults.withLock { $0[function] = (fault, times) }
  }

  public func end() { faults.withLock { $0 = [:] } }

  func fault(_ function: String) -> StoreFault? {
    faults.withLock { faults in
      guard let name = [function, ""].first(where: { faults[$0] != nil }),
        let (fault, left) = faults[name]
      else { return nil }
      faults[name] = left > 1 ? (fault, left - 1) : nil
      return fault
    }
  }
}

/// A store that fails as a test requires.
public struct FaultyStore: ServiceStore, TurnStore {
  private let base: any ServiceStore
  /// The fault of a call of a function.
  private let fault: @Sendable (String) -> StoreFault?

  public init(_ base: any ServiceStore, fault: @escaping @Sendable (String) -> StoreFault?) {
    self.base = base
    self.fault = fault
  }

  public init(_ base: any ServiceStore, _ faults: StoreFaults) {
    self.init(base) { faults.fault($0) }
  }

  private func meet<Answer>(
    _ function: String = #function, _ query: () async throws -> Answer
  ) async throws -> Answer {
    switch fault(String(function.prefix { $0 != "(" })) {
    case nil: return try await query()
    case .unreachable?: throw StoreUnreachable("rehearsed")
    case .lostAnswer?:
      _ = try await query()
      throw StoreUnreachable("rehearsed")
    }
  }

  public func probe() async throws { try await meet { try await base.probe() } }

  public func checkPresence() throws { try base.checkPresence() }

  public func removeExpired(chargesBefore time: Double, limit: Int) async throws -> Bool {
    try await meet { try await base.removeExpired(chargesBefore: time, limit: limit) }
  }
}

extension FaultyStore {
  public func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance {
    try await meet { try await base.add(job, limits: limits) }
  }

  public func job(id: String, owner: String) async throws -> StoredJob? {
    try await meet { try await base.job(id: id, owner: owner) }
  }

  public func jobs(
    of owner: String?, in states: Set<JobState>, limit: Int
  ) async throws -> [StoredJob] {
    try await meet { try await base.jobs(of: owner, in: states, limit: limit) }
  }

  public func list(
    owner: String, after: String?, limit: Int, isAscending: Bool
  ) async throws -> [StoredJob]? {
    try await meet {
      try await base.list(owner: owner, after: after, limit: limit, isAscending: isAscending)
    }
  }

  public func videoFolder(of id: String) async throws -> String? {
    try await meet { try await base.videoFolder(of: id) }
  }

  public func lease(
    by lease: String, for seconds: Double, maxCrashes: Int, atUpstream isAtUpstream: Bool
  ) async throws -> StoredJob? {
    try await meet {
      try await base.lease(
        by: lease, for: seconds, maxCrashes: maxCrashes, atUpstream: isAtUpstream)
    }
  }

  public func renew(
    id: String, by lease: String, for seconds: Double, progress: Double
  ) async throws -> Bool {
    try await meet {
      try await base.renew(id: id, by: lease, for: seconds, progress: progress)
    }
  }

  public func recordTicket(
    id: String, by lease: String, upstream: String, ticket: String?
  ) async throws -> Bool {
    try await meet {
      try await base.recordTicket(id: id, by: lease, upstream: upstream, ticket: ticket)
    }
  }

  public func release(id: String, by lease: String, after reason: JobRelease) async throws {
    try await meet { try await base.release(id: id, by: lease, after: reason) }
  }

  public func finish(
    id: String, by lease: String, as outcome: JobOutcome
  ) async throws -> Bool {
    try await meet { try await base.finish(id: id, by: lease, as: outcome) }
  }

  public func cancel(id: String, reason: String) async throws -> Bool {
    try await meet { try await base.cancel(id: id, reason: reason) }
  }

  public func requeue(id: String) async throws -> Bool {
    try await meet { try await base.requeue(id: id) }
  }

  public func delete(id: String, owner: String) async throws -> Bool {
    try await meet { try await base.delete(id: id, owner: owner) }
  }

  public func existing(among ids: Set<String>) async throws -> Set<String> {
    try await meet { try await base.existing(among: ids) }
  }

  public func deleteEnded(before time: Double, limit: Int) async throws -> [String] {
    try await meet { try await base.deleteEnded(before: time, limit: limit) }
  }

  public func summary(id: String, owner: String) async throws -> JobSummary? {
    try await meet("job") { try await base.summary(id: id, owner: owner) }
  }

  public func jobCounts() async throws -> JobCounts {
    try await meet { try await base.jobCounts() }
  }
}

extension FaultyStore {
  public func open(grants: [String: Int64]) async throws {
    try await meet { try await base.open(grants: grants) }
  }

  public func balance(of account: String) async throws -> Int64? {
    try await meet { try await base.balance(of: account) }
  }

  public func statement(of account: String) async throws -> AccountStatement? {
    try await meet { try await base.statement(of: account) }
  }

  public func hold(_ hold: Hold, for seconds: Double) async throws -> HoldResult {
    try await meet { try await base.hold(hold, for: seconds) }
  }

  public func settle(_ hold: Hold, for purpose: String) async throws -> Bool {
    try await meet { try await base.settle(hold, for: purpose) }
  }

  /// Named `releaseHold` for ``StoreFaults``.
  public func release(_ hold: Hold) async throws {
    try await meet("releaseHold") { try await base.release(hold) }
  }

  public func holdCount() async throws -> Int {
    try await meet { try await base.holdCount() }
  }

  public func addToken(_ token: StoredToken) async throws -> Bool {
    try await meet { try await base.addToken(token) }
  }

  public func token(digest: String) async throws -> StoredToken? {
    try await meet { try await base.token(digest: digest) }
  }

  public func tokens() async throws -> [StoredToken] {
    try await meet { try await base.tokens() }
  }

  public func grant(_ amount: Int64, toToken name: String) async throws -> Bool {
    try await meet { try await base.grant(amount, toToken: name) }
  }

  public func revokeToken(_ name: String) async throws -> Bool {
    try await meet { try await base.revokeToken(name) }
  }
}

extension FaultyStore {
  public func begin(
    _ key: IdempotencyKey, _ call: IdempotentCall, by attempt: String, for seconds: Double,
    retention: Double
  ) async throws -> IdempotencyState {
    try await meet {
      try await base.begin(key, call, by: attempt, for: seconds, retention: retention)
    }
  }

  public func renew(
    _ key: IdempotencyKey, by attempt: String, for seconds: Double
  ) async throws -> Bool {
    try await meet { try await base.renew(key, by: attempt, for: seconds) }
  }

  public func recordSend(
    _ key: IdempotencyKey, by attempt: String, promise: KeyPromise?
  ) async throws -> Bool {
    try await meet { try await base.recordSend(key, by: attempt, promise: promise) }
  }

  public func record(
    _ answer: RecordedAnswer, of key: IdempotencyKey, by attempt: String
  ) async throws -> Bool {
    try await meet { try await base.record(answer, of: key, by: attempt) }
  }

  public func free(_ key: IdempotencyKey, by attempt: String) async throws {
    try await meet { try await base.free(key, by: attempt) }
  }
}

extension FaultyStore {
  /// Faulty too.
  public var turns: (any TurnStore)? { base.turns.map { _ in self } }

  private func baseTurns() throws -> any TurnStore {
    guard let turns = base.turns else { throw StoreUnreachable("the store has no turns") }
    return turns
  }

  public func enter(_ ticket: TurnTicket, limits: TurnLimits) async throws -> TurnState {
    try await meet { try await baseTurns().enter(ticket, limits: limits) }
  }

  public func leave(_ ticket: TurnTicket, limits: TurnLimits) async throws {
    try await meet { try await baseTurns().leave(ticket, limits: limits) }
  }

  public func keepTurns(of server: String, for seconds: Double) async throws {
    try await meet { try await baseTurns().keepTurns(of: server, for: seconds) }
  }

  public func grantedTurns() -> AsyncStream<Void>? { base.turns?.grantedTurns() }

  public func addedJobs() -> AsyncStream<Void>? { base.addedJobs() }

  public func linkKeys() async throws -> [LinkKey] {
    try await meet { try await base.linkKeys() }
  }

  public func addLinkKey(id: String, bytes: [UInt8], onlyIfNone isFirst: Bool) async throws {
    try await meet { try await base.addLinkKey(id: id, bytes: bytes, onlyIfNone: isFirst) }
  }

  public func removeLinkKey(id: String) async throws {
    try await meet { try await base.removeLinkKey(id: id) }
  }

  public func scheduleRemoval(of prefix: String, after seconds: Double) async throws {
    try await meet { try await base.scheduleRemoval(of: prefix, after: seconds) }
  }

  public func dueRemovals(limit: Int) async throws -> [String] {
    try await meet { try await base.dueRemovals(limit: limit) }
  }

  public func recordRemoval(of prefixes: [String]) async throws {
    try await meet { try await base.recordRemoval(of: prefixes) }
  }

  public func identity(ifNone id: String) async throws -> String {
    try await meet { try await base.identity(ifNone: id) }
  }

  public func lead(_ task: String, by server: String, for seconds: Double) async throws -> Bool {
    try await meet { try await base.lead(task, by: server, for: seconds) }
  }
}

extension JobStore {
  /// Leases a job for the server's own engine.
  public func lease(
    by lease: String, for seconds: Double, maxCrashes: Int
  ) async throws -> StoredJob? {
    try await self.lease(by: lease, for: seconds, maxCrashes: maxCrashes, atUpstream: false)
  }
}
