/// Serializes opening and migrating a database between processes.
///
/// SQLite does not wait while a database is switched to WAL mode, and a migrator reads the list of
/// pending migrations before it starts a transaction: without a lock, one of two processes that
/// create a database together fails.
package enum MigrationLock {
  /// Runs `body` while holding the lock.
  ///
  /// - Parameter path: of the database. The lock file `path.lock` is created beside it and stays.
  package static func hold<Value>(for path: String, _ body: () throws -> Value) rethrows -> Value {
    // If the lock file cannot be created, opening the database fails too and reports the reason.
    let lock = FileLock.wait(for: "\(path).lock")
    defer { withExtendedLifetime(lock) {} }
    return try body()
  }
}
