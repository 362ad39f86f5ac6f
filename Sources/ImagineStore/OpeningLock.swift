#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lets one process after the other open a database and bring it up to date.
///
/// SQLite does not wait while a database becomes a WAL database, and what is left to migrate is
/// asked before the step's transaction: of two programs that began a home together one failed.
enum OpeningLock {
  /// - Parameter path: of the database; the lock is a file beside it, which stays.
  static func hold<Value>(for path: String, _ body: () throws -> Value) rethrows -> Value {
    // Where there can be no lock there can be no database either, and opening that says why.
    let descriptor = open("\(path).lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    defer { if descriptor >= 0 { close(descriptor) } }
    while descriptor >= 0, flock(descriptor, LOCK_EX) != 0, errno == EINTR {}
    return try body()
  }
}
