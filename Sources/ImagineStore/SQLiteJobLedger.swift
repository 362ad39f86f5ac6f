import GRDB
public import ImagineCore
import Synchronization

/// The job ledger in SQLite, shared by every run on a home. Opened when it is first asked.
public final class SQLiteJobLedger: JobLedger {
  private let path: String
  private let opened = Mutex<DatabaseQueue?>(nil)

  /// - Parameter path: the database's file; made with its folder when a job is first recorded.
  public init(path: String) {
    self.path = path
  }

  public func record(_ job: SubmittedJob) throws {
    try database().write { database in
      try database.execute(
        sql: """
          INSERT INTO submitted_job (id, provider, operation, prompt, submitted_at, state)
          VALUES (?, ?, ?, ?, ?, ?)
          ON CONFLICT (id) DO UPDATE SET state = excluded.state
          """,
        arguments: [
          job.id, job.provider, job.operation, job.prompt, job.submittedAt, job.state,
        ])
    }
  }

  public func job(id: String) throws -> SubmittedJob? {
    try database().read { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM submitted_job WHERE id = ?", arguments: [id]
      ).map(SubmittedJob.init(row:))
    }
  }

  public func jobs() throws -> [SubmittedJob] {
    try database().read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM submitted_job ORDER BY submitted_at DESC, id")
        .map(SubmittedJob.init(row:))
    }
  }

  public func forget(id: String) throws {
    try database().write { database in
      try database.execute(sql: "DELETE FROM submitted_job WHERE id = ?", arguments: [id])
    }
  }

  /// - Throws: ``ImagineError`` of kind `io` where the file cannot be opened.
  private func database() throws -> DatabaseQueue {
    try opened.withLock { opened in
      if let opened { return opened }
      let queue = try open()
      opened = queue
      return queue
    }
  }

  private func open() throws -> DatabaseQueue {
    try WholeFile.makeFolder(WholeFile.parent(of: path), mode: 0o700)
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.journalMode = .wal
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    do {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      try Self.migrator.migrate(queue)
      return queue
    } catch {
      throw ImagineError(.io, "cannot open \(path): \(error)")
    }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("submitted_job") { database in
      try database.execute(
        sql: """
          CREATE TABLE submitted_job (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            operation TEXT NOT NULL,
            prompt TEXT NOT NULL,
            submitted_at REAL NOT NULL,
            state TEXT NOT NULL
          ) WITHOUT ROWID
          """)
    }
    return migrator
  }
}

extension SubmittedJob {
  fileprivate init(row: Row) {
    self.init(
      id: row["id"], provider: row["provider"], operation: row["operation"],
      prompt: row["prompt"], submittedAt: row["submitted_at"], state: row["state"])
  }
}
