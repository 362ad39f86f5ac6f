import GRDB
import ImagineAPI
import ImagineSystem
import Synchronization

/// `journal.sqlite`: one database for all runs of a home. Opened on first use.
///
/// It is in WAL mode; this process waits for writers of other processes, up to ten seconds.
public final class JournalDatabase: Sendable {
  let path: String
  private let opened = Mutex<Opened?>(nil)

  private struct Opened {
    var queue: DatabaseQueue
    /// Device and inode of the opened file.
    var identity: FileStatus.Identity?
  }

  /// How long to wait for another process's transaction, in seconds.
  private let busyTimeout: Double

  /// - Parameters:
  ///   - path: the database file; created with its folder on first use.
  ///   - busyTimeout: how long to wait for another process's transaction, in seconds.
  public init(path: String, busyTimeout: Double = 10) {
    self.path = path
    self.busyTimeout = busyTimeout
  }

  /// - Throws: ``ImagineError`` of kind `io` if the file cannot be opened.
  func queue() throws -> DatabaseQueue {
    try opened.withLock { opened in
      if let opened { return opened.queue }
      let queue = try open()
      opened = Opened(queue: queue, identity: FileStatus.Identity(path))
      return queue
    }
  }

  /// - Throws: ``ImagineError`` of kind `io` if the file was removed or replaced after it was
  ///   opened: writes to it would be lost.
  func checkNotReplaced() throws(ImagineError) {
    guard FileStatus.Identity(path) != opened.withLock({ $0?.identity }) else { return }
    throw ImagineError(.io, "cannot write \(path): it was removed or replaced while it was in use")
  }

  /// Whether the database file exists.
  var exists: Bool { AtomicFile.exists(path) }

  /// - Throws: ``ImagineError`` of kind `io` if the database fails; what `body` throws.
  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do {
      return try queue().read(body)
    } catch let error as DatabaseError {
      throw fault(error, "read")
    }
  }

  /// - Throws: ``ImagineError`` of kind `io` if the database fails; what `body` throws.
  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do {
      return try queue().write(body)
    } catch let error as DatabaseError {
      throw fault(error, "write")
    }
  }

  /// Converts an error of SQLite to one for the user. The failed statement is left out: it may
  /// contain the user's data.
  func fault(_ error: any Error, _ action: String) -> ImagineError {
    guard let error = error as? DatabaseError else {
      return ImagineError(.io, "cannot \(action) \(path): \(error)")
    }
    let advice =
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        "; it is damaged: move it away to begin a new one, or bring back a copy of it"
      case .SQLITE_BUSY, .SQLITE_LOCKED: "; another program keeps it locked"
      default: ""
      }
    return ImagineError(
      .io, "cannot \(action) \(path): \(error.message ?? error.resultCode.description)\(advice)")
  }

  private func open() throws -> DatabaseQueue {
    try AtomicFile.makeFolder(AtomicFile.parent(of: path), mode: 0o700)
    var configuration = Configuration()
    configuration.busyMode = .timeout(busyTimeout)
    configuration.journalMode = .wal
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    do {
      return try MigrationLock.hold(for: path) {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try checkVersion(of: queue)
        try Self.migrator.migrate(queue)
        return queue
      }
    } catch let error as ImagineError {
      throw error
    } catch {
      throw fault(error, "open")
    }
  }

  /// - Throws: ``ImagineError`` if a newer program has migrated the database: this program would
  ///   lose data.
  private func checkVersion(of queue: DatabaseQueue) throws {
    guard try queue.read(Self.migrator.hasBeenSuperseded) else { return }
    throw ImagineError(
      .io,
      "cannot open \(path): a newer version of imagine has written it; use that version, or another"
        + " IMAGINE_HOME")
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
    migrator.registerMigration("run") { database in
      try database.execute(
        sql: """
          CREATE TABLE run (
            id TEXT PRIMARY KEY,
            script TEXT,
            arguments TEXT NOT NULL,
            folder TEXT NOT NULL,
            sha256 TEXT,
            seed_first INTEGER NOT NULL,
            seed_second INTEGER NOT NULL,
            started_at REAL NOT NULL,
            ended_at REAL,
            state TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            process INTEGER NOT NULL,
            has_progressed INTEGER NOT NULL DEFAULT 0
          ) WITHOUT ROWID;
          CREATE INDEX run_script ON run(script, arguments, started_at);
          CREATE TABLE call (
            run TEXT NOT NULL,
            request TEXT NOT NULL,
            occurrence INTEGER NOT NULL,
            part INTEGER NOT NULL,
            provider TEXT NOT NULL,
            description TEXT NOT NULL,
            state TEXT NOT NULL,
            charged TEXT NOT NULL,
            price INTEGER,
            unit TEXT,
            began_at REAL NOT NULL,
            ended_at REAL,
            job TEXT,
            is_deleted INTEGER NOT NULL,
            results TEXT NOT NULL,
            error TEXT,
            attempt INTEGER NOT NULL,
            deaths INTEGER NOT NULL,
            reserved INTEGER,
            reserved_on TEXT,
            PRIMARY KEY (run, request, occurrence, part)
          ) WITHOUT ROWID;
          CREATE INDEX call_began ON call(began_at);
          -- What was spent in a day, by every process on the home.
          CREATE TABLE spending (
            day TEXT NOT NULL,
            unit TEXT NOT NULL,
            amount INTEGER NOT NULL,
            PRIMARY KEY (day, unit)
          ) WITHOUT ROWID;
          CREATE TABLE cached_answer (
            key TEXT PRIMARY KEY,
            results TEXT NOT NULL,
            stored_at REAL NOT NULL,
            used_at REAL NOT NULL
          ) WITHOUT ROWID;
          """)
    }
    migrator.registerMigration("addresses") { database in
      try database.execute(
        sql: "ALTER TABLE call ADD COLUMN addresses TEXT NOT NULL DEFAULT '[]'")
    }
    migrator.registerMigration("sends") { database in
      try database.execute(
        sql: """
          -- Each send of a call that was billed or may have been; NULL in rows of older programs,
          -- of which `charged`, `price` and `began_at` tell the last. `reserved` and `reserved_on`
          -- are no longer written.
          ALTER TABLE call ADD COLUMN sends TEXT;
          -- The form of the keys of its calls.
          ALTER TABLE run ADD COLUMN key_version INTEGER NOT NULL DEFAULT 1;
          -- The order of the runs, whatever the clock said.
          ALTER TABLE run ADD COLUMN number INTEGER;
          UPDATE run SET number = (
            SELECT count(*) FROM run AS other
            WHERE (other.started_at, other.id) <= (run.started_at, run.id)
          );
          DROP INDEX run_script;
          CREATE INDEX run_script ON run(script, arguments, number);
          CREATE INDEX run_number ON run(number);
          """)
    }
    migrator.registerMigration("job_provider") { database in
      try database.execute(
        sql: """
          -- A job's id is unique at its provider alone.
          CREATE TABLE job (
            provider TEXT NOT NULL,
            id TEXT NOT NULL,
            operation TEXT NOT NULL,
            prompt TEXT NOT NULL,
            submitted_at REAL NOT NULL,
            state TEXT NOT NULL,
            PRIMARY KEY (provider, id)
          ) WITHOUT ROWID;
          CREATE INDEX job_id ON job(id);
          INSERT INTO job SELECT provider, id, operation, prompt, submitted_at, state
            FROM submitted_job;
          DROP TABLE submitted_job;
          """)
    }
    migrator.registerMigration("earlier_jobs") { database in
      try database.execute(
        sql: "ALTER TABLE call ADD COLUMN earlier_jobs TEXT NOT NULL DEFAULT '[]'")
    }
    migrator.registerMigration("derived") { database in
      // The bytes that stand for images which a run derives again when it is resumed.
      try database.execute(
        sql: "ALTER TABLE call ADD COLUMN derived TEXT NOT NULL DEFAULT '[]'")
    }
    migrator.registerMigration("is_kept") { database in
      // Whether pruning leaves the run, because its script runs once.
      try database.execute(
        sql: "ALTER TABLE run ADD COLUMN is_kept INTEGER NOT NULL DEFAULT 0")
    }
    migrator.registerMigration("promised_until") { database in
      // Until when the service does a call once, however often it is sent.
      try database.execute(sql: "ALTER TABLE call ADD COLUMN promised_until REAL")
    }
    return migrator
  }
}
