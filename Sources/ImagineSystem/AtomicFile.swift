public import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that appears under its name complete, or not at all.
///
/// Data goes to a file without a name in the same folder. ``commit(to:replacing:)`` syncs it
/// (fsync) and names it, on a thread of its own. A process that dies before that leaves nothing, or
/// a `.imagine-part-…` file if the file system has no unnamed files (O_TMPFILE).
///
/// A replaced file keeps its mode and owner. For a symbolic link the target is replaced. Devices
/// and pipes are written to directly.
public final class AtomicFile {
  /// Nil if the file has no name yet.
  private let temporaryPath: FilePath?
  private let folder: FilePath
  private var descriptor: Int32

  /// Starts a file in an existing folder.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  public init(in folder: FilePath) throws(ImagineError) {
    self.folder = folder
    descriptor = Self.openNameless(in: folder)
    if descriptor >= 0 {
      temporaryPath = nil
    } else {
      let path = Self.temporaryPath(in: folder)
      temporaryPath = path
      descriptor = open(path.cString, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
      guard descriptor >= 0 else { throw .system("cannot write in \(folder)") }
    }
  }

  public convenience init(in folder: String) throws(ImagineError) {
    try self.init(in: FilePath(folder))
  }

  /// Returns -1 if the system or the file system has no unnamed files.
  private static func openNameless(in folder: FilePath) -> Int32 {
    #if os(Linux)
      // The header's O_TMPFILE is a macro that Swift does not import.
      let withoutName = 0o20_000_000 | O_DIRECTORY
      // linkat needs /proc, which some containers lack.
      guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
      return open(folder.cString, O_RDWR | withoutName | O_CLOEXEC, 0o666)
    #else
      return -1
    #endif
  }

  /// A unique name.
  static func temporaryPath(in folder: FilePath) -> FilePath {
    var name = SystemRandomNumberGenerator()
    return folder.appending(".imagine-part-\(getpid())-\(String(name.next(), radix: 36))")
  }

  public static func temporaryPath(in folder: String) -> String {
    var name = SystemRandomNumberGenerator()
    return "\(folder)/.imagine-part-\(getpid())-\(String(name.next(), radix: 36))"
  }

  deinit { discard() }

  public func write(_ bytes: UnsafeRawBufferPointer) throws(ImagineError) {
    try writeAll(bytes, to: descriptor, "cannot write in \(folder)")
  }

  /// Reads back written data.
  public func bytes(from offset: Int, count: Int) throws(ImagineError) -> [UInt8] {
    try pread(descriptor, at: offset, count: count, folder)
  }

  /// Syncs the file and gives it its name. Do not use the writer afterwards.
  ///
  /// - Parameter replacing: whether to replace an existing file.
  /// - Throws: ``ImagineError`` of kind `io`; then the path is unchanged.
  public func commit(to path: FilePath, replacing: Bool) async throws(ImagineError) {
    try await FileSyncPool.shared.syncAndRename(finished(path, replacing))
  }

  public func commit(to path: String, replacing: Bool) async throws(ImagineError) {
    try await commit(to: FilePath(path), replacing: replacing)
  }

  /// Like ``commit(to:replacing:)``, but without fsync: a power failure may lose the file.
  public func commitWithoutSync(to path: FilePath, replacing: Bool) throws(ImagineError) {
    if let fault = FileSyncPool.rename(finished(path, replacing), syncing: false) { throw fault }
  }

  private func finished(_ path: FilePath, _ replacing: Bool) -> FileSyncPool.File {
    let file = FileSyncPool.File(
      descriptor: descriptor, temporaryPath: temporaryPath, path: path, replacing: replacing)
    descriptor = -1
    return file
  }

  /// Removes the written data. Does nothing after a commit.
  public func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    if let temporaryPath { unlink(temporaryPath.cString) }
  }

  /// Syncs a complete file that other code has written, and renames it.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  public static func move(_ temporaryPath: String, to path: String) throws(ImagineError) {
    let descriptor = open(temporaryPath, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system("cannot write \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0, systemRename(temporaryPath, path) == 0 else {
      throw .system("cannot write \(path)")
    }
  }

  /// Whether a file or folder exists.
  public static func exists(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }

  /// Creates a folder and its parents, unless they exist.
  public static func makeFolder(_ path: FilePath, mode: Int = 0o777) throws(ImagineError) {
    guard !path.bytes.isEmpty else { return }
    var isCreated = mkdir(path.cString, mode_t(mode)) == 0
    if !isCreated, errno == ENOENT, path.parent != path {
      try makeFolder(path.parent, mode: mode)
      isCreated = mkdir(path.cString, mode_t(mode)) == 0
    }
    // Without this, a power failure could lose the folder together with synced files in it.
    if isCreated { return FileSyncPool.syncFolder(path.parent) }
    if errno == EEXIST {
      if FileStatus(path)?.isFolder == true { return }
      errno = EEXIST
    }
    throw .system("cannot make the folder \(path)")
  }

  public static func makeFolder(_ path: String, mode: Int = 0o777) throws(ImagineError) {
    try makeFolder(FilePath(path), mode: mode)
  }

  /// The parent folder of a path; `.` for a bare name.
  public static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// Writes all bytes, with as many calls as it takes.
package func writeAll(
  _ bytes: UnsafeRawBufferPointer, to descriptor: Int32, _ message: String
) throws(ImagineError) {
  var rest = bytes[...]
  while !rest.isEmpty {
    let count = systemWrite(
      descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
    if count < 0 {
      if errno == EINTR { continue }
      throw .system(message)
    }
    rest = rest.dropFirst(count)
  }
}
