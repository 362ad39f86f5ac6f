import Foundation
import GRDB
public import ImagineCore

/// Jobs and balances in one SQLite database, shared by every server on a home.
///
/// The database is in WAL mode and synced at every commit, so what a caller was told survives a
/// power cut. Writers of other processes are waited for, up to five seconds.
public struct SQLiteJobStore: JobStore {
  let pool: DatabasePool
  /// Seconds since 1970. Leases compare it across processes, so it is the wall clock: should it
  /// jump, a lease may end early, and the lease check of `finish` still lets one worker win.
  let now: @Sendable () -> Double

  /// Opens the database, creating what is missing.
  ///
  /// - Parameters:
  ///   - path: the database's file; its folder must exist.
  ///   - now: seconds since 1970, where it is not the system's clock.
  /// - Throws: what SQLite says where the file cannot be opened or is of a newer version.
  public init(
    path: String, now: (@Sendable () -> Double)? = nil
  ) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    configuration.label = "jobs"
    pool = try OpeningLock.hold(for: path) {
      let pool = try DatabasePool(path: path, configuration: configuration)
      try Self.migrator.migrate(pool)
      return pool
    }
    self.now = now ?? { Date().timeIntervalSince1970 }
    // GRDB opens WAL databases with NORMAL, which may lose the last commits in a power cut.
    try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("jobs") { database in
      try database.execute(
        sql: """
          CREATE TABLE job (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            work TEXT NOT NULL,
            price INTEGER NOT NULL,
            state TEXT NOT NULL,
            created_at REAL NOT NULL,
            progress REAL NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            failure TEXT,
            film TEXT,
            worker TEXT,
            lease_until REAL
          );
          CREATE INDEX job_unfinished ON job(number) WHERE state IN ('queued', 'processing');
          CREATE TABLE account (
            id TEXT PRIMARY KEY,
            granted INTEGER NOT NULL,
            balance INTEGER NOT NULL CHECK (balance >= 0)
          ) WITHOUT ROWID;
          CREATE TABLE charge (
            number INTEGER PRIMARY KEY,
            account TEXT NOT NULL,
            amount INTEGER NOT NULL,
            purpose TEXT NOT NULL,
            charged_at REAL NOT NULL
          );
          """)
    }
    return migrator
  }

  public func add(_ job: StoredJob, limit: Int) async throws -> JobAcceptance {
    let work = String(decoding: try JSONEncoder().encode(job.work), as: UTF8.self)
    let time = now()
    return try await pool.write { database in
      let waiting = try Int.fetchOne(
        database, sql: "SELECT count(*) FROM job WHERE state IN ('queued', 'processing')")
      guard (waiting ?? 0) < limit else { return .queueFull }
      let paid = try database.take(
        job.price, from: job.owner, for: "\(job.work.operation) \(job.id)", at: time)
      guard paid else { return .balanceTooLow }
      try database.execute(
        sql: """
          INSERT INTO job (id, owner, work, price, state, created_at)
          VALUES (?, ?, ?, ?, 'queued', ?)
          """,
        arguments: [job.id, job.owner, work, job.price, job.createdAt])
      return .accepted
    }
  }

  public func job(id: String, owner: String) async throws -> StoredJob? {
    try await pool.read { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM job WHERE id = ? AND owner = ?", arguments: [id, owner]
      ).map(StoredJob.init(row:))
    }
  }

  public func film(of id: String) async throws -> String? {
    try await pool.read { database in
      try String.fetchOne(
        database, sql: "SELECT film FROM job WHERE id = ? AND state = 'finished'",
        arguments: [id])
    }
  }

  public func known(among ids: Set<String>) async throws -> Set<String> {
    try await pool.read { database in
      let statement = try database.cachedStatement(sql: "SELECT id FROM job WHERE id = ?")
      return try ids.filter { try String.fetchOne(statement, arguments: [$0]) != nil }
    }
  }

  public func delete(id: String, owner: String) async throws -> Bool {
    let time = now()
    return try await pool.write { database in
      guard
        let row = try Row.fetchOne(
          database, sql: "SELECT * FROM job WHERE id = ? AND owner = ?", arguments: [id, owner])
      else { return false }
      let job = try StoredJob(row: row)
      if !job.state.isFinal { try database.refund(job, at: time) }
      try database.execute(sql: "DELETE FROM job WHERE id = ?", arguments: [id])
      return true
    }
  }
}

extension StoredJob {
  init(row: Row) throws {
    let work: String = row["work"]
    let state: String = row["state"]
    self.init(
      id: row["id"], owner: row["owner"],
      work: try JSONDecoder().decode(Work.self, from: Data(work.utf8)), price: row["price"],
      state: JobState(rawValue: state) ?? .failed, createdAt: row["created_at"],
      progress: row["progress"], attempts: row["attempts"], failure: row["failure"],
      film: row["film"])
  }
}
