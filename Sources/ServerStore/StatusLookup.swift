import Foundation
import GRDB
import GRDBSQLite
import ImagineAPI
import Synchronization

/// Reads what the status of a job shows: a row by its id, with one statement, on the caller's thread.
///
/// Clients ask for it all the time. The statement takes microseconds; GRDB's queues and rows take
/// several times as long, and on one connection callers wait for each other.
final class StatusLookup: Sendable {
  private let connections: [Connection]

  /// - Parameter path: of a database that exists.
  /// - Throws: GRDB's `DatabaseError` if it cannot be opened.
  init(path: String) throws {
    let count = min(4, ProcessInfo.processInfo.activeProcessorCount)
    connections = try (0..<max(1, count)).map { _ in try Connection(path: path) }
  }

  /// - Throws: GRDB's `DatabaseError`; ``StoreUnreachable`` for a state that this version does not
  ///   know.
  func summary(id: String, owner: String) throws -> JobSummary? {
    for connection in connections {
      let found = try connection.statement.withLockIfAvailable { statement in
        try statement.summary(id: id, owner: owner)
      }
      if let found { return found }
    }
    return try connections[0].statement.withLock { try $0.summary(id: id, owner: owner) }
  }

  private final class Connection: Sendable {
    /// Used by one thread at a time, with its connection.
    let statement: Mutex<Statement>

    init(path: String) throws { statement = Mutex(try Statement(path: path)) }

    deinit { statement.withLock { $0.close() } }
  }

  /// A statement on a connection of its own.
  private struct Statement {
    private let database: OpaquePointer?
    private let statement: OpaquePointer?

    private static let sql = """
      SELECT job.state, job.created_at, coalesce(lease.progress, job.progress), job.failure,
        job.upstream
      FROM job LEFT JOIN lease ON lease.job = job.number WHERE job.id = ? AND job.owner = ?
      """

    init(path: String) throws {
      var (database, statement): (OpaquePointer?, OpaquePointer?)
      var code = sqlite3_open_v2(
        path, &database, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, nil)
      if code == SQLITE_OK {
        // Only an opener or the last closer of a database in WAL mode makes a reader wait.
        sqlite3_busy_timeout(database, 5000)
        code = sqlite3_prepare_v3(
          database, Self.sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &statement, nil)
      }
      (self.database, self.statement) = (database, statement)
      guard code == SQLITE_OK else {
        let error = failure(code)
        close()
        throw error
      }
    }

    func close() {
      sqlite3_finalize(statement)
      sqlite3_close(database)
    }

    func summary(id: String, owner: String) throws -> JobSummary? {
      var (id, owner) = (id, owner)
      return try id.withUTF8 { id in
        try owner.withUTF8 { owner in
          // The text is not copied, so it must not stay bound.
          defer {
            sqlite3_reset(statement)
            sqlite3_clear_bindings(statement)
          }
          for (index, text) in [id, owner].enumerated() {
            let code = text.withMemoryRebound(to: CChar.self) {
              sqlite3_bind_text(
                statement, Int32(index + 1), $0.baseAddress, Int32(clamping: $0.count), nil)
            }
            guard code == SQLITE_OK else { throw failure(code) }
          }
          return try row()
        }
      }
    }

    private func row() throws -> JobSummary? {
      switch sqlite3_step(statement) {
      case SQLITE_DONE: return nil
      case SQLITE_ROW:
        return JobSummary(
          state: try JobState(stored: text(0) ?? ""),
          createdAt: sqlite3_column_double(statement, 1),
          progress: sqlite3_column_double(statement, 2), failure: text(3), upstream: text(4))
      case let code: throw failure(code)
      }
    }

    private func text(_ column: Int32) -> String? {
      sqlite3_column_text(statement, column).map { String(cString: $0) }
    }

    private func failure(_ code: Int32) -> DatabaseError {
      DatabaseError(
        resultCode: ResultCode(rawValue: code), message: String(cString: sqlite3_errmsg(database)))
    }
  }
}
