import ImagineSystem

/// Whether an open database is still the file at its path.
///
/// SQLite keeps writing to files that were removed or replaced; those writes are lost when the
/// process ends.
struct DatabasePresence: Sendable {
  /// The database and its write-ahead log, which exists as long as any process has it open.
  private let files: [(path: String, identity: FileStatus.Identity)]

  /// - Parameter path: of a database that was just opened.
  init(_ path: String) {
    files = [path, "\(path)-wal"].compactMap { path in
      FileStatus.Identity(path).map { (path, $0) }
    }
  }

  /// - Throws: ``StoreUnreachable`` if a file was removed or replaced.
  func check() throws {
    for (path, identity) in files where FileStatus.Identity(path) != identity {
      throw StoreUnreachable("\(path) was removed or replaced: restart the server")
    }
  }
}
