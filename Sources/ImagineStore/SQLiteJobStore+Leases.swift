import GRDB
public import ImagineCore

extension SQLiteJobStore {
  public func lease(
    by worker: String, for seconds: Double, attempts: Int
  ) async throws -> StoredJob? {
    let time = now()
    // Idle servers ask often: a read never waits for a writer, nor makes one wait.
    let anything = try await pool.read { try $0.oldestFree(at: time) != nil }
    guard anything else { return nil }
    return try await pool.write { database in
      while let row = try database.oldestFree(at: time) {
        var job = try StoredJob(row: row)
        guard job.attempts < attempts else {
          try database.end(
            job, as: .failed(reason: "begun \(job.attempts) times and never finished"), at: time)
          continue
        }
        job.attempts += 1
        job.state = .processing
        try database.execute(
          sql: """
            UPDATE job SET state = 'processing', worker = ?, lease_until = ?, attempts = ?
            WHERE id = ?
            """,
          arguments: [worker, time + seconds, job.attempts, job.id])
        return job
      }
      return nil
    }
  }

  public func renew(
    id: String, by worker: String, for seconds: Double, progress: Double
  ) async throws -> Bool {
    let time = now()
    return try await pool.write { database in
      try database.execute(
        sql: """
          UPDATE job SET lease_until = ?, progress = max(progress, ?)
          WHERE id = ? AND worker = ? AND state = 'processing'
          """,
        arguments: [time + seconds, progress, id, worker])
      return database.changesCount == 1
    }
  }

  public func release(id: String, by worker: String) async throws {
    try await pool.write { database in
      // What was given up in order is no failed attempt.
      try database.execute(
        sql: """
          UPDATE job
          SET state = 'queued', worker = NULL, lease_until = NULL, attempts = attempts - 1
          WHERE id = ? AND worker = ? AND state = 'processing'
          """,
        arguments: [id, worker])
    }
  }

  public func finish(
    id: String, by worker: String, as outcome: JobOutcome
  ) async throws -> Bool {
    let time = now()
    return try await pool.write { database in
      guard
        let row = try Row.fetchOne(
          database,
          sql: "SELECT * FROM job WHERE id = ? AND worker = ? AND state = 'processing'",
          arguments: [id, worker])
      else { return false }
      try database.end(StoredJob(row: row), as: outcome, at: time)
      return true
    }
  }
}

extension Database {
  /// The oldest job that nobody works on.
  fileprivate func oldestFree(at time: Double) throws -> Row? {
    try Row.fetchOne(
      self,
      sql: """
        SELECT * FROM job WHERE state IN ('queued', 'processing')
        AND (state = 'queued' OR lease_until < ?) ORDER BY number LIMIT 1
        """,
      arguments: [time])
  }

  fileprivate func end(_ job: StoredJob, as outcome: JobOutcome, at time: Double) throws {
    switch outcome {
    case .finished(let film):
      try execute(
        sql: """
          UPDATE job SET state = 'finished', film = ?, progress = 1, worker = NULL,
          lease_until = NULL WHERE id = ?
          """,
        arguments: [film, job.id])
    case .failed(let reason):
      try execute(
        sql: """
          UPDATE job SET state = 'failed', failure = ?, worker = NULL, lease_until = NULL
          WHERE id = ?
          """,
        arguments: [reason, job.id])
      try refund(job, at: time)
    }
  }
}
