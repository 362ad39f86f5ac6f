import GRDB
import ImagineAPI

extension SQLiteServiceStore {
  public func lease(
    by id: String, for seconds: Double, maxCrashes: Int, atUpstream isAtUpstream: Bool
  ) async throws -> StoredJob? {
    let (lease, time) = (Lease(seconds: seconds, on: clock), now())
    // Idle servers ask often. A read neither waits for a writer nor makes one wait.
    guard
      try await reading({ database in
        try database.nextFree(for: lease, atUpstream: isAtUpstream) != nil
          || database.leased(by: id) != nil
      })
    else { return nil }
    return try await writing { database in
      if let job = try database.leased(by: id) {
        try database.execute(
          sql: "UPDATE lease SET boot = ?, until = ? WHERE id = ?",
          arguments: [lease.boot, lease.until, id])
        return job
      }
      while let row = try database.nextFree(for: lease, atUpstream: isAtUpstream) {
        let state: String = row["state"]
        let isCrash = state == JobState.processing.rawValue
        let crashes: Int = row["deaths"] + (isCrash ? 1 : 0)
        var job = try StoredJob(row: row)
        guard crashes < maxCrashes else {
          let reason = "given up: \(crashes) servers ended while they worked on it"
          try database.end(job, by: id, as: .failed(reason: reason), at: time)
          continue
        }
        job.attempts += 1
        job.state = .processing
        try database.endLease(ofJob: job.id)
        try database.execute(
          sql: """
            UPDATE job SET state = 'processing', lease = :lease, attempts = :attempts,
              deaths = :crashes, turn = turn + :later WHERE id = :id
            """,
          arguments: [
            "lease": id, "attempts": job.attempts, "crashes": crashes,
            "later": isCrash ? Self.turnsLater : 0, "id": job.id,
          ])
        try database.execute(
          sql: """
            INSERT INTO lease (id, job, boot, until, progress)
            SELECT ?, number, ?, ?, progress FROM job WHERE id = ?
            """, arguments: [id, lease.boot, lease.until, job.id])
        return job
      }
      return nil
    }
  }

  /// How many turns later a job comes that crashed a server or lacked something.
  private static let turnsLater = 8

  public func renew(
    id: String, by lease: String, for seconds: Double, progress: Double
  ) async throws -> Bool {
    let time = Lease(seconds: seconds, on: clock)
    return try await writingUnsynced { database in
      try database.cachedStatement(
        sql: """
          UPDATE lease SET boot = ?, until = ?, progress = max(progress, ?)
          WHERE id = ? AND job = (SELECT number FROM job WHERE id = ?)
          """
      ).execute(arguments: [time.boot, time.until, progress, lease, id])
      return database.changesCount == 1
    }
  }

  public func recordTicket(
    id: String, by lease: String, upstream: String, ticket: String?
  ) async throws -> Bool {
    try await writing { database in
      try database.execute(
        sql: """
          UPDATE job SET upstream = ?, ticket = ?
          WHERE id = ? AND lease = ? AND state = 'processing'
          """, arguments: [upstream, ticket, id, lease])
      return database.changesCount == 1
    }
  }

  public func release(id: String, by lease: String, after reason: JobRelease) async throws {
    let counts =
      switch reason {
      case .shutdown: "attempts = attempts - 1"
      case .resourceMissing:
        "attempts = attempts - 1, lacks = lacks + 1, turn = turn + \(Self.turnsLater)"
      case .fault: "faults = faults + 1"
      }
    try await writing { database in
      try database.execute(
        sql: """
          UPDATE job SET state = 'queued', lease = NULL,
            progress = (SELECT progress FROM lease WHERE lease.job = job.number), \(counts)
          WHERE id = ? AND lease = ? AND state = 'processing'
          """,
        arguments: [id, lease])
      if database.changesCount == 1 { try database.endLease(ofJob: id) }
    }
  }

  public func finish(
    id: String, by lease: String, as outcome: JobOutcome
  ) async throws -> Bool {
    let time = now()
    return try await writing { database in
      guard
        let row = try Row.fetchOne(
          database, sql: "SELECT * FROM job WHERE id = ? AND lease = ?", arguments: [id, lease])
      else { return false }
      let job = try StoredJob(row: row)
      guard job.state == .processing else { return job.ended(as: outcome) }
      try database.end(job, by: lease, as: outcome, at: time)
      return true
    }
  }
}

extension StoredJob {
  fileprivate func ended(as outcome: JobOutcome) -> Bool {
    switch outcome {
    case .finished(let folder): state == .finished && videoFolder == folder
    case .failed(let reason), .uncertain(let reason): state == .failed && failure == reason
    }
  }
}

extension Database {
  /// The job that a lease holds.
  fileprivate func leased(by id: String) throws -> StoredJob? {
    try Row.fetchOne(
      cachedStatement(
        sql: "SELECT job.* FROM lease JOIN job ON job.number = lease.job WHERE lease.id = ?"),
      arguments: [id]
    ).map(StoredJob.init(row:))
  }

  /// The next job without a valid lease: the first of the queue or of the expired leases, of which
  /// there are only few.
  ///
  /// A lease from another boot, or one that ends later than any valid lease, counts as expired.
  fileprivate func nextFree(for lease: Lease, atUpstream isAtUpstream: Bool) throws -> Row? {
    let kind = isAtUpstream ? "upstream IS NOT NULL" : "upstream IS NULL"
    let queued = try Row.fetchOne(
      cachedStatement(
        sql: """
          SELECT * FROM job WHERE state = 'queued' AND \(kind) ORDER BY turn, number LIMIT 1
          """))
    let expired = try Row.fetchOne(
      cachedStatement(
        sql: """
          SELECT job.* FROM lease JOIN job ON job.number = lease.job
          WHERE \(kind) AND (lease.boot IS NOT :boot OR lease.until IS NULL
            OR lease.until < :start OR lease.until > :latest)
          ORDER BY job.turn, job.number LIMIT 1
          """),
      arguments: ["boot": lease.boot, "start": lease.start, "latest": lease.latest])
    guard let queued, let expired else { return queued ?? expired }
    let order = { (row: Row) -> (Int64, Int64) in (row["turn"], row["number"]) }
    return order(expired) < order(queued) ? expired : queued
  }
}
