import GRDB
import ImagineAPI
import ImagineSystem

extension SQLiteServiceStore {
  public func lease(
    by worker: String, for seconds: Double, maxCrashes: Int
  ) async throws -> StoredJob? {
    let (lease, time) = (Lease(seconds: seconds, on: clock), now())
    // Idle servers ask often. A read neither waits for a writer nor makes one wait.
    guard try await reading({ try $0.nextFree(for: lease) != nil }) else { return nil }
    return try await writing { database in
      while let row = try database.nextFree(for: lease) {
        let state: String = row["state"]
        let crashes: Int = row["deaths"] + (state == JobState.processing.rawValue ? 1 : 0)
        var job = try StoredJob(row: row)
        guard crashes < maxCrashes else {
          let reason = "given up: \(crashes) servers ended while they worked on it"
          try database.end(job, by: worker, as: .failed(reason: reason), at: time)
          continue
        }
        job.attempts += 1
        job.state = .processing
        try database.execute(
          sql: """
            UPDATE job SET state = 'processing', worker = ?, lease_boot = ?, lease_until = ?,
            attempts = ?, deaths = ? WHERE id = ?
            """,
          arguments: [worker, lease.boot, lease.until, job.attempts, crashes, job.id])
        return job
      }
      return nil
    }
  }

  public func renew(
    id: String, by worker: String, for seconds: Double, progress: Double
  ) async throws -> Bool {
    let lease = Lease(seconds: seconds, on: clock)
    return try await writing { database in
      try database.execute(
        sql: """
          UPDATE job SET lease_boot = ?, lease_until = ?, progress = max(progress, ?)
          WHERE id = ? AND worker = ? AND state = 'processing'
          """,
        arguments: [lease.boot, lease.until, progress, id, worker])
      return database.changesCount == 1
    }
  }

  public func release(id: String, by worker: String, after reason: JobRelease) async throws {
    let counts =
      switch reason {
      case .shutdown: "attempts = attempts - 1"
      case .resourceMissing: "attempts = attempts - 1, lacks = lacks + 1"
      case .fault: "faults = faults + 1"
      }
    try await writing { database in
      try database.execute(
        sql: """
          UPDATE job SET state = 'queued', worker = NULL, lease_boot = NULL, lease_until = NULL,
          \(counts) WHERE id = ? AND worker = ? AND state = 'processing'
          """,
        arguments: [id, worker])
    }
  }

  public func finish(
    id: String, by worker: String, as outcome: JobOutcome
  ) async throws -> Bool {
    let time = now()
    return try await writing { database in
      guard
        let row = try Row.fetchOne(
          database, sql: "SELECT * FROM job WHERE id = ? AND worker = ?", arguments: [id, worker])
      else { return false }
      let job = try StoredJob(row: row)
      guard job.state == .processing else { return job.outcome == outcome }
      try database.end(job, by: worker, as: outcome, at: time)
      return true
    }
  }
}

/// A lease as stored: times on the boot clock of its machine.
private struct Lease: Sendable {
  let boot: String
  let start: Double
  let until: Double

  init(seconds: Double, on clock: BootClock) {
    boot = clock.boot
    start = clock.seconds()
    until = start + seconds
  }
}

extension StoredJob {
  /// The outcome of an ended job.
  fileprivate var outcome: JobOutcome? {
    switch state {
    case .finished: videoFolder.map { .finished(videoFolder: $0) }
    case .failed: failure.map { .failed(reason: $0) }
    default: nil
    }
  }
}

extension Database {
  /// The next job without a valid lease.
  ///
  /// A lease from another boot, or one that ends later than any valid lease, counts as expired.
  fileprivate func nextFree(for lease: Lease) throws -> Row? {
    try Row.fetchOne(
      self,
      sql: """
        SELECT * FROM job WHERE state IN ('queued', 'processing') AND (
          state = 'queued' OR lease_boot IS NOT :boot OR lease_until IS NULL
          OR lease_until < :start OR lease_until > :latest)
        ORDER BY number + 8 * (deaths + lacks) LIMIT 1
        """,
      arguments: [
        "boot": lease.boot, "start": lease.start,
        "latest": lease.start + 2 * (lease.until - lease.start),
      ])
  }

  /// Ends a job. The worker's name is kept so that a retry gets the same answer.
  fileprivate func end(
    _ job: StoredJob, by worker: String, as outcome: JobOutcome, at time: Double
  ) throws {
    switch outcome {
    case .finished(let folder):
      try execute(
        sql: """
          UPDATE job SET state = 'finished', film = ?, progress = 1, worker = ?,
          lease_boot = NULL, lease_until = NULL, ended_at = ? WHERE id = ?
          """,
        arguments: [folder, worker, time, job.id])
    case .failed(let reason):
      try execute(
        sql: """
          UPDATE job SET state = 'failed', failure = ?, worker = ?,
          lease_boot = NULL, lease_until = NULL, ended_at = ? WHERE id = ?
          """,
        arguments: [reason, worker, time, job.id])
      try refund(job, at: time)
    }
  }
}
