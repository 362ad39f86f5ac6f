import Foundation
import GRDB
public import ImagineAPI

extension SQLiteServiceStore {
  public func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance {
    let work = String(decoding: try JSONEncoder().encode(job.work), as: UTF8.self)
    let time = now()
    return try await writing { database in
      let known = try String.fetchOne(
        database, sql: "SELECT owner FROM job WHERE id = ?", arguments: [job.id])
      if known == job.owner { return .accepted }
      guard try database.liveJobs(of: job.owner, atMost: limits.perOwner) < limits.perOwner
      else { return .ownerQueueFull }
      guard try database.liveJobs(of: nil, atMost: limits.all) < limits.all
      else { return .queueFull }
      let paid = try database.take(
        job.price, from: job.owner, key: "job \(job.id)", for: "\(job.work.operation) \(job.id)",
        at: time)
      guard paid else { return .balanceTooLow }
      try database.execute(
        sql: """
          INSERT INTO job (id, owner, work, price, upstream, state, created_at, turn)
          VALUES (:id, :owner, :work, :price, :upstream, 'queued', :created_at, max(
            1 + coalesce((SELECT max(turn) FROM job
              WHERE owner = :owner AND state IN ('queued', 'processing')), 0),
            coalesce((SELECT turn FROM job
              WHERE state = 'queued' AND upstream IS \(job.upstream == nil ? "" : "NOT ")NULL
              ORDER BY turn, number LIMIT 1), 0)))
          """,
        arguments: [
          "id": job.id, "owner": job.owner, "work": work, "price": job.price,
          "upstream": job.upstream, "created_at": job.createdAt,
        ])
      return .accepted
    }
  }

  public func job(id: String, owner: String) async throws -> StoredJob? {
    try await reading { database in
      let row = try Row.fetchOne(
        database.cachedStatement(
          sql: """
            SELECT job.*, lease.progress AS lease_progress
            FROM job LEFT JOIN lease ON lease.job = job.number
            WHERE job.id = ? AND job.owner = ?
            """), arguments: [id, owner])
      return try row.map(StoredJob.init(row:))
    }
  }

  public func jobs(
    of owner: String?, in states: Set<JobState>, limit: Int
  ) async throws -> [StoredJob] {
    let names = states.map { "'\($0.rawValue)'" }.sorted().joined(separator: ", ")
    return try await reading { database in
      try Row.fetchAll(
        database,
        sql: """
          SELECT job.*, lease.progress AS lease_progress
          FROM job LEFT JOIN lease ON lease.job = job.number
          WHERE state IN (\(names)) AND (:owner IS NULL OR owner = :owner)
          ORDER BY number DESC LIMIT :limit
          """, arguments: ["owner": owner, "limit": limit]
      ).map(StoredJob.init(row:)).reversed()
    }
  }

  public func list(
    owner: String, after: String?, limit: Int, isAscending: Bool
  ) async throws -> [StoredJob]? {
    try await reading { database in
      var position = isAscending ? Int64.min : .max
      if let after {
        guard
          let number = try Int64.fetchOne(
            database, sql: "SELECT number FROM job WHERE id = ? AND owner = ?",
            arguments: [after, owner])
        else { return nil }
        position = number
      }
      return try Row.fetchAll(
        database,
        sql: """
          SELECT job.*, lease.progress AS lease_progress
          FROM job LEFT JOIN lease ON lease.job = job.number
          WHERE owner = ? AND number \(isAscending ? ">" : "<") ?
          ORDER BY number \(isAscending ? "ASC" : "DESC") LIMIT ?
          """,
        arguments: [owner, position, limit]
      ).map(StoredJob.init(row:))
    }
  }

  public func videoFolder(of id: String) async throws -> String? {
    try await reading { database in
      try String.fetchOne(
        database, sql: "SELECT film FROM job WHERE id = ? AND state = 'finished'",
        arguments: [id])
    }
  }

  public func existing(among ids: Set<String>) async throws -> Set<String> {
    try await reading { database in
      let statement = try database.cachedStatement(sql: "SELECT id FROM job WHERE id = ?")
      return try ids.filter { try String.fetchOne(statement, arguments: [$0]) != nil }
    }
  }

  public func cancel(id: String, reason: String) async throws -> Bool {
    let time = now()
    return try await writing { database in
      guard let job = try database.job(id) else { return false }
      guard job.state.isFinal else {
        try database.end(job, by: nil, as: .failed(reason: reason), at: time)
        return true
      }
      return job.failure == reason
    }
  }

  public func requeue(id: String) async throws -> Bool {
    try await writing { database in
      guard let job = try database.job(id), job.state != .finished else { return false }
      guard job.state != .queued else { return true }
      try database.execute(
        sql: """
          UPDATE job SET state = 'queued', lease = NULL, failure = NULL, ended_at = NULL,
            progress = 0, faults = 0, deaths = 0,
            ticket = CASE state WHEN 'failed' THEN NULL ELSE ticket END,
            price = CASE state WHEN 'failed' THEN 0 ELSE price END
          WHERE id = ?
          """, arguments: [id])
      try database.endLease(ofJob: id)
      return true
    }
  }

  public func delete(id: String, owner: String) async throws -> Bool {
    let time = now()
    return try await writing { database in
      guard let job = try database.job(id), job.owner == owner else { return false }
      if !job.state.isFinal { try database.refund(job, at: time) }
      try database.endLease(ofJob: id)
      try database.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id])
      try database.scheduleRemoval(of: MediaName.folder(ofJob: id), at: time)
      return true
    }
  }

  public func deleteEnded(before time: Double, limit: Int) async throws -> [String] {
    let now = now()
    return try await writing { database in
      let ids = try String.fetchAll(
        database,
        sql: """
          DELETE FROM job WHERE number IN (
            SELECT number FROM job WHERE state IN ('finished', 'failed') AND ended_at < ? LIMIT ?)
          RETURNING id
          """,
        arguments: [time, limit])
      for id in ids { try database.scheduleRemoval(of: MediaName.folder(ofJob: id), at: now) }
      return ids
    }
  }

  public func jobCounts() async throws -> JobCounts {
    let time = now()
    return try await reading { database in
      var counts = JobCounts()
      let queued = try Row.fetchOne(
        database,
        sql: "SELECT count(*) AS jobs, min(created_at) AS oldest FROM job WHERE state = 'queued'")
      counts.queued = queued?["jobs"] ?? 0
      let oldest: Double? = queued?["oldest"]
      counts.oldestQueuedAge = oldest.map { max(0, time - $0) }
      counts.processing = try Int.fetchOne(database, sql: "SELECT count(*) FROM lease") ?? 0
      counts.endedRecently =
        try Int.fetchOne(
          database,
          sql: """
            SELECT count(*) FROM job WHERE state IN ('finished', 'failed')
              AND ended_at BETWEEN ? AND ?
            """, arguments: [time - JobCounts.recentSeconds, time]) ?? 0
      return counts
    }
  }
}

extension StoredJob {
  /// - Throws: ``StoreUnreachable`` for a state that this version does not know.
  init(row: Row) throws {
    let work: String = row["work"]
    let leaseProgress: Double? = row.hasColumn("lease_progress") ? row["lease_progress"] : nil
    self.init(
      id: row["id"], owner: row["owner"],
      work: try JSONDecoder().decode(Work.self, from: Data(work.utf8)), price: row["price"],
      state: try JobState(stored: row["state"]), createdAt: row["created_at"],
      progress: leaseProgress ?? row["progress"],
      attempts: row["attempts"], faults: row["faults"], failure: row["failure"],
      videoFolder: row["film"], upstream: row["upstream"], ticket: row["ticket"])
    endedAt = row["ended_at"]
  }
}

extension Database {
  func job(_ id: String) throws -> StoredJob? {
    try Row.fetchOne(self, sql: "SELECT * FROM job WHERE id = ?", arguments: [id])
      .map(StoredJob.init(row:))
  }

  /// The number of queued and processing jobs of an owner or of all, counted up to `most`.
  fileprivate func liveJobs(of owner: String?, atMost most: Int) throws -> Int {
    let live = "state IN ('queued', 'processing') LIMIT :most"
    var arguments: StatementArguments = ["most": most]
    if let owner { arguments += ["owner": owner] }
    return try Int.fetchOne(
      cachedStatement(
        sql: """
          SELECT count(*) FROM (
            SELECT 1 FROM job WHERE \(owner == nil ? "" : "owner = :owner AND") \(live))
          """), arguments: arguments) ?? 0
  }

  /// Ends a job, and refunds its price unless it is finished. The lease's id is kept, so that a
  /// repetition gets the same answer.
  func end(_ job: StoredJob, by lease: String?, as outcome: JobOutcome, at time: Double) throws {
    switch outcome {
    case .finished(let folder):
      try execute(
        sql: """
          UPDATE job SET state = 'finished', film = ?, progress = 1, lease = ?, ended_at = ?
          WHERE id = ?
          """, arguments: [folder, lease, time, job.id])
    case .failed(let reason), .uncertain(let reason):
      try execute(
        sql: """
          UPDATE job SET state = 'failed', failure = ?, lease = ?, ended_at = ? WHERE id = ?
          """, arguments: [reason, lease, time, job.id])
      try refund(job, at: time)
    }
    try endLease(ofJob: job.id)
  }

  func endLease(ofJob id: String) throws {
    try execute(
      sql: "DELETE FROM lease WHERE job = (SELECT number FROM job WHERE id = ?)", arguments: [id])
  }
}
