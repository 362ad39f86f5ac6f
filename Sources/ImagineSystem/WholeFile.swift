public import ImagineCore

#if canImport(Glibc)
  public import Glibc
#elseif canImport(Musl)
  public import Musl
#elseif canImport(Darwin)
  public import Darwin
#endif

/// A file that appears under its name whole, or not at all.
///
/// What is written goes to a file without a name in the same folder; ``commit(to:replacing:)`` syncs
/// it and names it, on a thread of its own. A process that dies between leaves nothing. Where the
/// file system knows no files without names, it leaves a `.imagine-part-…` file, never half a picture.
///
/// A file that is replaced keeps its mode and its owner, and a link goes on leading to it. A device
/// or a pipe is written to, since no file may take its place.
public final class WholeFile {
  /// Nil where the file has no name yet.
  private let temporaryPath: FilePath?
  private let folder: FilePath
  private var descriptor: Int32

  /// Begins a file in a folder that exists.
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

  /// -1 where that cannot be had.
  private static func openNameless(in folder: FilePath) -> Int32 {
    #if os(Linux)
      // The header's O_TMPFILE is a macro that Swift does not import.
      let withoutName = 0o20_000_000 | O_DIRECTORY
      // A name is given by way of /proc, which some containers lack.
      guard access("/proc/self/fd", X_OK) == 0 else { return -1 }
      return open(folder.cString, O_RDWR | withoutName | O_CLOEXEC, 0o666)
    #else
      return -1
    #endif
  }

  /// A name that nobody else uses.
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

  /// What has been written, by its places.
  public func bytes(from offset: Int, count: Int) throws(ImagineError) -> [UInt8] {
    try pread(descriptor, at: offset, count: count, folder)
  }

  /// Syncs the file and gives it its name. The writer is used up.
  ///
  /// - Parameter replacing: whether a file of that name is replaced.
  /// - Throws: ``ImagineError`` of kind `io`; then nothing has the name that did not have it before.
  public func commit(to path: FilePath, replacing: Bool) async throws(ImagineError) {
    try await SyncQueue.shared.place(finished(path, replacing), syncing: true)
  }

  public func commit(to path: String, replacing: Bool) async throws(ImagineError) {
    try await commit(to: FilePath(path), replacing: replacing)
  }

  /// As ``commit(to:replacing:)``, but returns before the disk has it.
  public func place(at path: FilePath, replacing: Bool) throws(ImagineError) {
    if let fault = SyncQueue.place(finished(path, replacing), syncing: false) { throw fault }
  }

  private func finished(_ path: FilePath, _ replacing: Bool) -> SyncQueue.File {
    let file = SyncQueue.File(
      descriptor: descriptor, temporaryPath: temporaryPath, path: path, replacing: replacing)
    descriptor = -1
    return file
  }

  /// Removes what was written. Does nothing after a commit.
  public func discard() {
    guard descriptor >= 0 else { return }
    close(descriptor)
    descriptor = -1
    if let temporaryPath { unlink(temporaryPath.cString) }
  }

  /// Syncs a file that something else has written whole, and gives it its name.
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

  /// Whether there is anything of that name.
  public static func exists(_ path: String) -> Bool {
    access(path, F_OK) == 0
  }

  /// Makes a folder and those above it; one that is there is left as it is.
  public static func makeFolder(_ path: FilePath, mode: mode_t = 0o777) throws(ImagineError) {
    guard !path.bytes.isEmpty else { return }
    var isMade = mkdir(path.cString, mode) == 0
    if !isMade, errno == ENOENT, path.parent != path {
      try makeFolder(path.parent, mode: mode)
      isMade = mkdir(path.cString, mode) == 0
    }
    // A file that is synced in it would be lost with the folder's own name.
    if isMade { return SyncQueue.syncFolder(path.parent) }
    if errno == EEXIST {
      if FileFacts(path)?.isFolder == true { return }
      errno = EEXIST
    }
    throw .system("cannot make the folder \(path)")
  }

  public static func makeFolder(_ path: String, mode: mode_t = 0o777) throws(ImagineError) {
    try makeFolder(FilePath(path), mode: mode)
  }

  /// The folder that a path is in; `.` for a bare name.
  public static func parent(of path: String) -> String {
    guard let slash = path.lastIndex(of: "/") else { return "." }
    return slash == path.startIndex ? "/" : String(path[..<slash])
  }
}

/// Writes all of it, however the system parts it.
func writeAll(
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
