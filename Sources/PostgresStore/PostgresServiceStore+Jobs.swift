import Foundation
public import ImagineAPI
public import ServerStore

/// A job as it is added.
struct AddedJob: Sendable {
  /// Jobs of one owner that are added in one transaction have the same limits.
  struct Queue: Hashable, Sendable {
    let owner: String
    let limits: JobLimits
  }

  let job: StoredJob
  /// The request as JSON.
  let work: String
}

extension PostgresServiceStore {
  public func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance {
    let work = String(decoding: try JSONEncoder().encode(job.work), as: UTF8.self)
    let acceptance = try await add(AddedJob(job: job, work: work), limits)
    if acceptance == .accepted { notices.notify(.addedJobs) }
    return acceptance
  }

  /// Adds a job in one transaction with the waiting jobs of all owners. If the account of one of them
  /// stays locked, each owner's jobs are added in a transaction of their own.
  private func add(_ added: AddedJob, _ limits: JobLimits) async throws -> JobAcceptance {
    let queue = AddedJob.Queue(owner: added.job.owner, limits: limits)
    if !addsOfOwner.isBusy(queue) {
      let acceptance = try await adds.perform(added, of: limits) { limits, added in
        try await self.add(added, limits) ?? added.map { _ in nil }
      }
      if let acceptance { return acceptance }
    }
    return try await addsOfOwner.perform(added, of: queue) { queue, added in
      try await self.add(added, queue.limits) ?? []
    }
  }

  /// - Returns: nil if one of several owners is locked, and so nothing was added.
  private func add(_ added: [AddedJob], _ limits: JobLimits) async throws -> [JobAcceptance]? {
    let live = try await live.count {
      try await self.query(
        """
        SELECT count(*) FROM (
          SELECT FROM job WHERE state IN ('queued', 'processing') LIMIT $1::bigint) AS jobs
        """, [limits.all]
      ).first?.value("count") ?? 0
    }
    let jobs = added.map(\.job)
    let rows = try await query(
      "SELECT add_jobs_together($1, $2, $3, $4, $5, $6, $7, $8, $9) AS acceptance",
      [
        limits.perOwner, limits.all - live, PostgresArray(jobs.map(\.owner)),
        PostgresArray(jobs.map(\.id)), PostgresArray(added.map(\.work)),
        PostgresArray(jobs.map(\.work.operation)), PostgresArray(jobs.map(\.price)),
        PostgresArray(jobs.map(\.upstream)), PostgresArray(jobs.map(\.createdAt)),
      ])
    guard !rows.isEmpty else { return nil }
    let acceptances = try rows.map { try JobAcceptance(stored: $0.text("acceptance")) }
    self.live.added(acceptances.count { $0 == .accepted })
    return acceptances
  }

  private static let selectJobs = """
    SELECT job.*, lease.progress AS lease_progress
    FROM job LEFT JOIN lease ON lease.job = job.number
    """

  public func job(id: String, owner: String) async throws -> StoredJob? {
    try await query("\(Self.selectJobs) WHERE job.id = $1 AND job.owner = $2", [id, owner])
      .first.map(StoredJob.init(row:))
  }

  public func summary(id: String, owner: String) async throws -> JobSummary? {
    try await query(
      """
      SELECT state, created_at, coalesce(lease.progress, job.progress) AS progress, failure, upstream
      FROM job LEFT JOIN lease ON lease.job = job.number WHERE job.id = $1 AND job.owner = $2
      """, [id, owner]
    ).first.map { row in
      JobSummary(
        state: try JobState(stored: row.text("state")), createdAt: try row.value("created_at"),
        progress: try row.value("progress"), failure: try row.optional("failure"),
        upstream: try row.optional("upstream"))
    }
  }

  public func jobs(
    of owner: String?, in states: Set<JobState>, limit: Int
  ) async throws -> [StoredJob] {
    var parameters: [any PostgresValue] = [PostgresArray(states.map(\.rawValue)), limit]
    if let owner { parameters.append(owner) }
    return try await query(
      """
      \(Self.selectJobs) WHERE state = ANY ($1::text[]) \(owner == nil ? "" : "AND owner = $3")
      ORDER BY number DESC LIMIT $2::bigint
      """, parameters
    ).map(StoredJob.init(row:)).reversed()
  }

  public func list(
    owner: String, after: String?, limit: Int, isAscending: Bool
  ) async throws -> [StoredJob]? {
    let order = isAscending ? "ASC" : "DESC"
    // The first row tells whether there is a job `after`; the others may be none.
    let rows = try await query(
      """
      WITH start AS (SELECT number FROM job WHERE id = $2::text AND owner = $1)
      SELECT $2::text IS NULL OR EXISTS (SELECT FROM start) AS is_known, listed.*
      FROM (SELECT) AS one LEFT JOIN (
        \(Self.selectJobs) WHERE owner = $1 AND ($2::text IS NULL
          OR number \(isAscending ? ">" : "<") (SELECT number FROM start))
        ORDER BY number \(order) LIMIT $3::bigint) AS listed ON true
      ORDER BY number \(order)
      """, [owner, after, limit])
    guard let first = rows.first, try first.bool("is_known") else { return nil }
    return try first.optional("id") == nil ? [] : rows.map(StoredJob.init(row:))
  }

  public func videoFolder(of id: String) async throws -> String? {
    try await query("SELECT film FROM job WHERE id = $1 AND state = 'finished'", [id])
      .first?.optional("film")
  }

  public func existing(among ids: Set<String>) async throws -> Set<String> {
    Set(
      try await query("SELECT id FROM job WHERE id = ANY ($1::text[])", [PostgresArray(ids)])
        .map { try $0.text("id") })
  }

  public func cancel(id: String, reason: String) async throws -> Bool {
    try await answer("cancel_job($1, $2)", [id, reason])
  }

  public func requeue(id: String) async throws -> Bool {
    let isQueued = try await answer("requeue_job($1)", [id])
    if isQueued { notices.notify(.addedJobs) }
    return isQueued
  }

  public func delete(id: String, owner: String) async throws -> Bool {
    try await answer("delete_job($1, $2, $3)", [id, owner, MediaName.folder(ofJob: id)])
  }

  public func deleteEnded(before time: Double, limit: Int) async throws -> [String] {
    try await query(
      """
      WITH ended AS (
        SELECT number FROM job WHERE state IN ('finished', 'failed') AND ended_at < $1
        ORDER BY ended_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED
      ), deleted AS (
        DELETE FROM job USING ended WHERE job.number = ended.number RETURNING id
      ) SELECT id, schedule_removal(\(MediaName.folderOfJob), 0) FROM deleted
      """, [time, limit]
    ).map { try $0.text("id") }
  }

  public func jobCounts() async throws -> JobCounts {
    let row = try await query(
      """
      SELECT (SELECT count(*) FROM job WHERE state = 'queued') AS queued,
        (SELECT count(*) FROM lease) AS processing,
        (SELECT greatest(0, time - min(created_at)) FROM job WHERE state = 'queued') AS age,
        (SELECT count(*) FROM job WHERE state IN ('finished', 'failed')
          AND ended_at BETWEEN time - $1 AND time) AS ended
      FROM store_time() AS time
      """, [JobCounts.recentSeconds]
    ).first
    var counts = JobCounts()
    guard let row else { return counts }
    counts.queued = try row.value("queued")
    counts.processing = try row.value("processing")
    counts.oldestQueuedAge = counts.queued == 0 ? nil : try row.optionalValue("age")
    counts.endedRecently = try row.value("ended")
    return counts
  }
}

extension MediaName {
  /// ``folder(ofJob:)`` of the column `id`.
  fileprivate static let folderOfJob = "'\(folder(ofJob: "' || id || '"))'"
}

extension JobAcceptance {
  fileprivate init(stored word: String) throws {
    switch word {
    case "accepted": self = .accepted
    case "ownerQueueFull": self = .ownerQueueFull
    case "queueFull": self = .queueFull
    case "balanceTooLow": self = .balanceTooLow
    default: throw StoreUnreachable("the database answered '\(word)', which is of a newer version")
    }
  }
}

extension StoredJob {
  /// - Throws: ``StoreUnreachable`` for a state that this version does not know.
  init(row: PostgresRow) throws {
    self.init(
      id: try row.text("id"), owner: try row.text("owner"),
      work: try JSONDecoder().decode(Work.self, from: Data(row.text("work").utf8)),
      price: try row.value("price"), state: try JobState(stored: row.text("state")),
      createdAt: try row.value("created_at"),
      progress: try row.optionalValue("lease_progress") ?? row.value("progress"),
      attempts: try row.value("attempts"), faults: try row.value("faults"),
      failure: try row.optional("failure"), videoFolder: try row.optional("film"),
      upstream: try row.optional("upstream"), ticket: try row.optional("ticket"))
    endedAt = try row.optionalValue("ended_at")
  }
}
