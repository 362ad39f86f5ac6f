import Dispatch
public import ImagineAPI
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Syncs finished files (fsync) and gives them their names, on its own threads.
///
/// A sync waits for the disk however little it writes, and the system merges concurrent syncs: 32
/// files synced at once take as long as six synced one after the other. So each sync has a thread,
/// and callers wait without blocking one.
public final class FileSyncPool: Sendable {
  /// Shared by the process.
  public static let shared = FileSyncPool()

  /// A file with complete content.
  struct File: Sendable {
    /// Open for writing; the pool closes it.
    let descriptor: Int32
    /// Nil if the file has no name yet.
    let temporaryPath: FilePath?
    let path: FilePath
    /// Whether to replace an existing file. If not, an exclusive link takes the name, so that no
    /// file is lost in a race.
    let replacing: Bool
  }

  /// Each queue has a thread while it has work.
  private let queues = (0..<32).map { DispatchQueue(label: "imagine.sync.\($0)") }
  private let nextQueue = Atomic(0)

  /// Syncs the file and gives it its name. When this returns, name and content survive a power
  /// failure.
  ///
  /// - Throws: ``ImagineError`` of kind `io`; then the path is unchanged and the temporary file is
  ///   removed.
  func syncAndRename(_ file: File) async throws(ImagineError) {
    try await onNextQueue { Self.rename(file, syncing: true) }
  }

  /// Syncs a file that has its name, and its folder.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  public func sync(_ path: FilePath) async throws(ImagineError) {
    try await onNextQueue {
      let descriptor = open(path.cString, O_RDONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return .system("cannot read \(path)") }
      defer { close(descriptor) }
      guard fsync(descriptor) == 0 else { return .system("cannot write \(path)") }
      Self.syncFolder(path.parent)
      return nil
    }
  }

  private func onNextQueue(
    _ work: @escaping @Sendable () -> ImagineError?
  ) async throws(ImagineError) {
    let number = nextQueue.wrappingAdd(1, ordering: .relaxed).newValue
    let queue = queues[Int(UInt(bitPattern: number) % UInt(queues.count))]
    let fault: ImagineError? = await withCheckedContinuation { continuation in
      queue.async { continuation.resume(returning: work()) }
    }
    if let fault { throw fault }
  }

  /// Gives a file its name, on the calling thread.
  ///
  /// - Parameter syncing: whether to fsync the file and its folder.
  static func rename(_ file: File, syncing: Bool) -> ImagineError? {
    defer { close(file.descriptor) }
    guard !syncing || fsync(file.descriptor) == 0 else { return failed(file) }
    // Replace the target of a symbolic link, not the link.
    let path = file.replacing ? file.path.linkTarget : file.path
    guard file.replacing ? replaceOrLink(file, at: path) : link(file, to: path) else {
      return failed(file)
    }
    if syncing { syncFolder(path.parent) }
    return nil
  }

  /// Removes the temporary file and returns the error of `errno`.
  private static func failed(_ file: File) -> ImagineError {
    let isTaken = errno == EEXIST && !file.replacing
    let error: ImagineError =
      isTaken ? .fileExists(file.path) : .system("cannot write \(file.path)")
    if let path = file.temporaryPath { unlink(path.cString) }
    return error
  }

  /// Gives the file its name, replacing an existing file.
  private static func replaceOrLink(_ file: File, at target: FilePath) -> Bool {
    guard let former = FileStatus(target) else {
      // Usually the name is free; another program may take it meanwhile.
      if link(file, to: target) { return true }
      return errno == EEXIST && replace(file, at: target)
    }
    guard former.isFile else {
      errno = former.isFolder ? EISDIR : ENXIO
      return false
    }
    if copyOwnerAndMode(of: former, to: file.descriptor) { return replace(file, at: target) }
    // Another user's file keeps its owner only if it is overwritten in place.
    return errno == EPERM && overwrite(file, at: target)
  }

  /// Writes the content into the existing file. Concurrent readers may see part of it.
  private static func overwrite(_ file: File, at target: FilePath) -> Bool {
    let descriptor = open(target.cString, O_WRONLY | O_TRUNC | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var offset = 0
    while true {
      guard let piece = try? pread(file.descriptor, at: offset, count: 1 << 18, target) else {
        return false
      }
      if piece.isEmpty { break }
      let isWritten: Void? = piece.withUnsafeBytes {
        try? writeAll($0, to: descriptor, "cannot write \(target)")
      }
      guard isWritten != nil else { return false }
      offset += piece.count
    }
    if let path = file.temporaryPath { unlink(path.cString) }
    return fsync(descriptor) == 0
  }

  /// Copies owner and mode of the replaced file. The owner first: chown clears mode bits.
  private static func copyOwnerAndMode(of former: FileStatus, to descriptor: Int32) -> Bool {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { return false }
    if status.st_uid != former.user || status.st_gid != former.group {
      guard fchown(descriptor, former.user, former.group) == 0 else { return false }
    }
    return fchmod(descriptor, former.mode & 0o777) == 0
  }

  /// Replaces by renaming, which needs a temporary name.
  private static func replace(_ file: File, at target: FilePath) -> Bool {
    let path = file.temporaryPath ?? AtomicFile.temporaryPath(in: target.parent)
    if file.temporaryPath == nil, !link(file, to: path) { return false }
    if systemRename(path.cString, target.cString) == 0 { return true }
    let fault = errno
    unlink(path.cString)
    errno = fault
    return false
  }

  /// Gives the file its name unless the name is taken.
  private static func link(_ file: File, to path: FilePath) -> Bool {
    guard let temporaryPath = file.temporaryPath else {
      return linkat(
        AT_FDCWD, "/proc/self/fd/\(file.descriptor)", AT_FDCWD, path.cString, AT_SYMLINK_FOLLOW)
        == 0
    }
    guard systemLink(temporaryPath.cString, path.cString) == 0 else { return false }
    unlink(temporaryPath.cString)
    return true
  }

  /// Syncs the folder, which has the names of its files. Errors are ignored: some file systems
  /// cannot sync folders.
  static func syncFolder(_ path: FilePath) {
    let descriptor = open(path.cString, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
