import Foundation
import GRDB
import ImagineAPI
public import ImagineSystem

/// Jobs and balances in one SQLite database, shared by all servers on a data directory.
///
/// The database is in WAL mode and fsynced at every commit. A writer waits up to five seconds for
/// writers of other processes.
public struct SQLiteServiceStore: JobStore {
  private let pool: DatabasePool
  private let presence: DatabasePresence
  /// Seconds since 1970.
  let now: @Sendable () -> Double
  /// The clock of leases.
  let clock: BootClock

  /// Opens the database; creates or migrates it if necessary.
  ///
  /// - Parameters:
  ///   - path: the database's file; its folder must exist.
  ///   - now: seconds since 1970; nil for the system's clock.
  ///   - clock: the clock of leases.
  /// - Throws: ``StoreUnreachable`` if the file cannot be opened or a newer version wrote it.
  public init(
    path: String, now: (@Sendable () -> Double)? = nil, clock: BootClock = .system
  ) throws {
    var configuration = Configuration()
    configuration.busyMode = .timeout(5)
    configuration.maximumReaderCount = 4
    configuration.label = "jobs"
    do {
      pool = try MigrationLock.hold(for: path) {
        let pool = try DatabasePool(path: path, configuration: configuration)
        guard try !pool.read(Self.migrator.hasBeenSuperseded) else {
          throw StoreUnreachable(
            "\(path) was written by a newer version of the server: run that version, or choose "
              + "another folder with --home")
        }
        try Self.migrator.migrate(pool)
        return pool
      }
      // GRDB opens WAL databases with NORMAL, which can lose the last commits in a power cut.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    } catch let error as DatabaseError {
      throw StoreUnreachable("\(path) cannot be opened: \(error)")
    }
    presence = DatabasePresence(path)
    self.now = now ?? { Date().timeIntervalSince1970 }
    self.clock = clock
  }

  /// Reads in one transaction.
  func reading<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await reaching { try await pool.read(body) }
  }

  /// Writes in one transaction.
  func writing<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await reaching { try await pool.write(body) }
  }

  /// Turns an SQLite error into ``StoreUnreachable``, unless the statement itself is wrong.
  private func reaching<Value>(_ query: () async throws -> Value) async throws -> Value {
    try presence.check()
    do {
      return try await query()
    } catch let error as DatabaseError {
      switch error.resultCode {
      case .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_MISUSE, .SQLITE_RANGE,
        .SQLITE_TOOBIG:
        throw error
      default:
        throw StoreUnreachable("\(error)")
      }
    }
  }

  public func probe() async throws {
    _ = try await reading {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM account WHERE id = ''")
    }
  }

  public func checkPresence() throws { try presence.check() }

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
    migrator.registerMigration("job-endings") { database in
      try database.execute(
        sql: """
          ALTER TABLE job ADD COLUMN faults INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE job ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE job ADD COLUMN lacks INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE job ADD COLUMN lease_boot TEXT;
          ALTER TABLE job ADD COLUMN ended_at REAL;
          CREATE INDEX job_ended ON job(ended_at) WHERE state IN ('finished', 'failed');
          UPDATE job SET ended_at = created_at WHERE state IN ('finished', 'failed');
          CREATE INDEX charge_purpose ON charge(purpose);
          """)
    }
    return migrator
  }

  public func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance {
    let work = String(decoding: try JSONEncoder().encode(job.work), as: UTF8.self)
    let time = now()
    return try await writing { database in
      let waiting = try Row.fetchOne(
        database,
        sql: """
          SELECT count(*) AS total, count(*) FILTER (WHERE owner = ?) AS own
          FROM job WHERE state IN ('queued', 'processing')
          """,
        arguments: [job.owner])
      guard (waiting?["own"] ?? 0) < limits.perOwner else { return .ownerQueueFull }
      guard (waiting?["total"] ?? 0) < limits.all else { return .queueFull }
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
    try await reading { database in
      try Row.fetchOne(
        database, sql: "SELECT * FROM job WHERE id = ? AND owner = ?", arguments: [id, owner]
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

  public func delete(id: String, owner: String) async throws -> Bool {
    let time = now()
    return try await writing { database in
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

extension SQLiteServiceStore {
  public func deleteEnded(before time: Double, limit: Int) async throws -> [String] {
    try await writing { database in
      try String.fetchAll(
        database,
        sql: """
          DELETE FROM job WHERE number IN (
            SELECT number FROM job WHERE state IN ('finished', 'failed') AND ended_at < ? LIMIT ?)
          RETURNING id
          """,
        arguments: [time, limit])
    }
  }
}

extension StoredJob {
  /// - Throws: ``StoreUnreachable`` for a state that this version does not know.
  init(row: Row) throws {
    let work: String = row["work"]
    let word: String = row["state"]
    guard let state = JobState(rawValue: word) else {
      throw StoreUnreachable("a job has the state '\(word)', which a newer version wrote")
    }
    self.init(
      id: row["id"], owner: row["owner"],
      work: try JSONDecoder().decode(Work.self, from: Data(work.utf8)), price: row["price"],
      state: state, createdAt: row["created_at"], progress: row["progress"],
      attempts: row["attempts"], faults: row["faults"], failure: row["failure"],
      videoFolder: row["film"])
  }
}
