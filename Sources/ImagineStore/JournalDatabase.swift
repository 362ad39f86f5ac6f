import GRDB
import ImagineCore
import ImagineSystem
import Synchronization

/// `journal.sqlite`: one database for every run on a home. Opened when it is first asked.
///
/// It is in WAL mode; writers of other processes are waited for, up to ten seconds.
public final class JournalDatabase: Sendable {
  let path: String
  private let opened = Mutex<DatabaseQueue?>(nil)

  /// - Parameter path: the database's file; made with its folder when it is first asked.
  public init(path: String) {
    self.path = path
  }

  /// - Throws: ``ImagineError`` of kind `io` where the file cannot be opened.
  func queue() throws -> DatabaseQueue {
    try opened.withLock { opened in
      if let opened { return opened }
      let queue = try open()
      opened = queue
      return queue
    }
  }

  /// Whether anything was ever written.
  var isThere: Bool { WholeFile.exists(path) }

  /// - Throws: ``ImagineError`` of kind `io` where the file fails, and what `body` throws.
  func read<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do {
      return try queue().read(body)
    } catch let error as DatabaseError {
      throw fault(error, "read")
    }
  }

  /// - Throws: ``ImagineError`` of kind `io` where the file fails, and what `body` throws.
  func write<Value>(_ body: (Database) throws -> Value) throws -> Value {
    do {
      return try queue().write(body)
    } catch let error as DatabaseError {
      throw fault(error, "write")
    }
  }

  /// What a fault of SQLite means to a user. The statement at fault is nothing to them, and holds
  /// what they asked for.
  func fault(_ error: any Error, _ deed: String) -> ImagineError {
    guard let error = error as? DatabaseError else {
      return ImagineError(.io, "cannot \(deed) \(path): \(error)")
    }
    let advice =
      switch error.resultCode {
      case .SQLITE_CORRUPT, .SQLITE_NOTADB:
        "; it is damaged: move it away to begin a new one, or bring back a copy of it"
      case .SQLITE_BUSY, .SQLITE_LOCKED: "; another program keeps it locked"
      default: ""
      }
    return ImagineError(
      .io, "cannot \(deed) \(path): \(error.message ?? error.resultCode.description)\(advice)")
  }

  private func open() throws -> DatabaseQueue {
    try WholeFile.makeFolder(WholeFile.parent(of: path), mode: 0o700)
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    configuration.journalMode = .wal
    configuration.prepareDatabase { try $0.execute(sql: "PRAGMA synchronous = FULL") }
    do {
      return try OpeningLock.hold(for: path) {
        let queue = try DatabaseQueue(path: path, configuration: configuration)
        try Self.migrator.migrate(queue)
        return queue
      }
    } catch {
      throw fault(error, "open")
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
    return migrator
  }
}
