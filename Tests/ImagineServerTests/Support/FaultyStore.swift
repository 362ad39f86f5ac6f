import ImagineAPI
import ServerStore
import Synchronization

/// The faults of a store, set by a test.
final class StoreFaults: Sendable {
  /// How a query fails.
  enum Kind {
    /// The query is not executed.
    case unreachable
    /// The query is executed, but its answer is lost.
    case lostAnswer
  }

  private let kinds = Mutex<[String: Kind]>([:])

  /// From now on, every call of a function (or of all) fails.
  func begin(_ kind: Kind, in function: String = "") { kinds.withLock { $0[function] = kind } }

  func end() { kinds.withLock { $0 = [:] } }

  fileprivate func kind(_ function: String) -> Kind? {
    kinds.withLock { $0[function] ?? $0[""] }
  }
}

/// A store that fails as a test requires.
struct FaultyStore: JobStore, AccountStore {
  private let base: SQLiteServiceStore
  private let faults: StoreFaults

  init(_ base: SQLiteServiceStore, _ faults: StoreFaults) {
    self.base = base
    self.faults = faults
  }

  private func meet<Answer>(
    _ function: String, _ question: () async throws -> Answer
  ) async throws -> Answer {
    switch faults.kind(function) {
    case nil: return try await question()
    case .unreachable?: throw StoreUnreachable("rehearsed")
    case .lostAnswer?:
      _ = try await question()
      throw StoreUnreachable("rehearsed")
    }
  }

  func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance {
    try await meet("add") { try await base.add(job, limits: limits) }
  }

  func job(id: String, owner: String) async throws -> StoredJob? {
    try await meet("job") { try await base.job(id: id, owner: owner) }
  }

  func videoFolder(of id: String) async throws -> String? {
    try await meet("videoFolder") { try await base.videoFolder(of: id) }
  }

  func lease(by worker: String, for seconds: Double, maxCrashes: Int) async throws -> StoredJob? {
    try await meet("lease") {
      try await base.lease(by: worker, for: seconds, maxCrashes: maxCrashes)
    }
  }

  func renew(
    id: String, by worker: String, for seconds: Double, progress: Double
  ) async throws -> Bool {
    try await meet("renew") {
      try await base.renew(id: id, by: worker, for: seconds, progress: progress)
    }
  }

  func release(id: String, by worker: String, after reason: JobRelease) async throws {
    try await meet("release") { try await base.release(id: id, by: worker, after: reason) }
  }

  func finish(id: String, by worker: String, as outcome: JobOutcome) async throws -> Bool {
    try await meet("finish") { try await base.finish(id: id, by: worker, as: outcome) }
  }

  func delete(id: String, owner: String) async throws -> Bool {
    try await meet("delete") { try await base.delete(id: id, owner: owner) }
  }

  func existing(among ids: Set<String>) async throws -> Set<String> {
    try await meet("known") { try await base.existing(among: ids) }
  }

  func deleteEnded(before time: Double, limit: Int) async throws -> [String] {
    try await meet("forget") { try await base.deleteEnded(before: time, limit: limit) }
  }

  func probe() async throws { try await meet("probe") { try await base.probe() } }

  func open(grants: [String: Int64]) async throws {
    try await meet("open") { try await base.open(grants: grants) }
  }

  func balance(of account: String) async throws -> Int64? {
    try await meet("balance") { try await base.balance(of: account) }
  }

  func charge(_ amount: Int64, to account: String, for purpose: String) async throws -> Bool {
    try await meet("charge") { try await base.charge(amount, to: account, for: purpose) }
  }
}
