import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Whether an open database is still the one at its path.
///
/// SQLite writes on into files that were removed or replaced, and nobody will ever read that: what
/// it takes then is lost with the process.
struct DatabasePresence: Sendable {
  private struct File: Equatable {
    let device: UInt64
    let number: UInt64

    init?(_ path: String) {
      var facts = stat()
      guard stat(path, &facts) == 0 else { return nil }
      device = UInt64(truncatingIfNeeded: facts.st_dev)
      number = UInt64(truncatingIfNeeded: facts.st_ino)
    }
  }

  /// The database and its write-ahead log, which stays for as long as somebody has it open.
  private let files: [(path: String, file: File)]

  /// - Parameter path: of a database that was opened just now.
  init(_ path: String) {
    files = [path, "\(path)-wal"].compactMap { path in File(path).map { (path, $0) } }
  }

  /// - Throws: ``StoreUnreachable`` where a file was removed or replaced.
  func check() throws {
    for (path, file) in files where File(path) != file {
      throw StoreUnreachable("\(path) was removed or replaced: start the server again")
    }
  }
}
