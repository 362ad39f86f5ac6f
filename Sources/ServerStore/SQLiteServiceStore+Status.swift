import GRDB
package import ImagineAPI

extension SQLiteServiceStore {
  public func summary(id: String, owner: String) async throws -> JobSummary? {
    try lookingUp { database in
      let statement = try database.cachedStatement(
        sql: """
          SELECT job.state, job.created_at, coalesce(lease.progress, job.progress), job.failure,
            job.upstream
          FROM job LEFT JOIN lease ON lease.job = job.number WHERE job.id = ? AND job.owner = ?
          """)
      guard let row = try Row.fetchOne(statement, arguments: [id, owner]) else { return nil }
      return JobSummary(
        state: try JobState(stored: row[0]), createdAt: row[1], progress: row[2], failure: row[3],
        upstream: row[4])
    }
  }
}

extension JobState {
  /// - Throws: ``StoreUnreachable`` for a state that this version does not know.
  package init(stored word: String) throws {
    guard let state = JobState(rawValue: word) else {
      throw StoreUnreachable("a job has the state '\(word)', which a newer version wrote")
    }
    self = state
  }
}
