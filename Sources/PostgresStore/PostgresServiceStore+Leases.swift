import ImagineAPI
public import ServerStore

extension PostgresServiceStore {
  public func lease(
    by lease: String, for seconds: Double, maxCrashes: Int, atUpstream isAtUpstream: Bool
  ) async throws -> StoredJob? {
    while true {
      let row = try await searches.perform(atUpstream: isAtUpstream) { isWhole in
        // Not synced: what a worker records under its lease is, and everything before it too.
        try await query(
          "SELECT *, NULL AS lease_progress FROM lease_next_job($1, $2, $3, $4, $5)",
          [lease, seconds, maxCrashes, isAtUpstream, isWhole], isSynced: false
        ).first
      }
      guard let row else { return nil }
      let job = try StoredJob(row: row)
      // A job that was given up: there may be another one.
      if job.state == .processing { return job }
    }
  }

  public func renew(
    id: String, by lease: String, for seconds: Double, progress: Double
  ) async throws -> Bool {
    try await !query(
      """
      UPDATE lease SET until = store_time() + $3::float8,
        progress = greatest(progress, $4::float8)
      WHERE id = $2 AND job = (SELECT number FROM job WHERE id = $1) RETURNING job
      """, [id, lease, seconds, progress], isSynced: false
    ).isEmpty
  }

  public func recordTicket(
    id: String, by lease: String, upstream: String, ticket: String?
  ) async throws -> Bool {
    try await answer("record_ticket($1, $2, $3, $4)", [id, lease, upstream, ticket])
  }

  public func release(id: String, by lease: String, after reason: JobRelease) async throws {
    let isFault = reason == .fault ? 1 : 0
    try await query(
      "SELECT release_job($1, $2, $3, $4, $5)",
      [id, lease, isFault, isFault, reason == .resourceMissing ? 1 : 0])
    notices.notify(.addedJobs)
  }

  public func finish(
    id: String, by lease: String, as outcome: JobOutcome
  ) async throws -> Bool {
    let (film, failure): (String?, String?) =
      switch outcome {
      case .finished(let folder): (folder, nil)
      case .failed(let reason), .uncertain(let reason): (nil, reason)
      }
    return try await answer("finish_job($1, $2, $3, $4)", [id, lease, film, failure])
  }
}
