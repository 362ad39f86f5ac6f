import GRDB
import ImagineAPI
public import ImagineRuns

/// The job ledger in SQLite, shared by all runs of a home.
public struct SQLiteJobLedger: JobLedger {
  private let database: JournalDatabase

  public init(database: JournalDatabase) {
    self.database = database
  }

  public func record(_ job: SubmittedJob) throws {
    try database.write { database in
      try database.execute(
        sql: """
          INSERT INTO job (id, provider, operation, prompt, submitted_at, state)
          VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (provider, id) DO UPDATE SET state = excluded.state
          """,
        arguments: [
          job.id, job.provider, job.operation, job.prompt, job.submittedAt, job.state,
        ])
    }
  }

  public func jobs(id: String) throws -> [SubmittedJob] {
    try database.read { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM job WHERE id = ? ORDER BY provider", arguments: [id]
      ).map(SubmittedJob.init(row:))
    }
  }

  public func jobs() throws -> [SubmittedJob] {
    try database.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM job ORDER BY submitted_at DESC, provider, id")
        .map(SubmittedJob.init(row:))
    }
  }

  public func forget(_ job: SubmittedJob.Key) throws {
    try database.write { database in
      try database.execute(
        sql: "DELETE FROM job WHERE provider = ? AND id = ?", arguments: [job.provider, job.id])
    }
  }
}

extension SubmittedJob {
  fileprivate init(row: Row) {
    self.init(
      id: row["id"], provider: row["provider"], operation: row["operation"],
      prompt: row["prompt"], submittedAt: row["submitted_at"], state: row["state"])
  }
}
