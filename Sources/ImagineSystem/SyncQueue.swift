import Dispatch
import ImagineCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Syncs finished files and gives them their names, on threads of its own.
///
/// A sync waits for the disk whatever it has to write, and the system lets those that wait at the
/// same time share one: 32 files that are synced at once take as long as six that are synced one
/// after the other. So each has a thread while it waits, and whoever waits for it blocks none.
final class SyncQueue: Sendable {
  /// The files of this process.
  static let shared = SyncQueue()

  /// A file that has its whole content.
  struct File: Sendable {
    /// Open for writing; closed by the queue.
    let descriptor: Int32
    /// Nil where the file has no name yet.
    let temporaryPath: FilePath?
    let path: FilePath
    /// Whether a file of that name is replaced; where it may not be, the name is taken by an
    /// exclusive link, so that nobody's file is lost in a race.
    let replacing: Bool
  }

  /// Each has a thread while it has work.
  private let lanes = (0..<32).map { DispatchQueue(label: "imagine.sync.\($0)") }
  private let nextLane = Atomic(0)

  /// Returns when the file has its name, and would keep name and content through a power cut.
  ///
  /// - Throws: ``ImagineError`` of kind `io`; then nothing has the name that did not have it before,
  ///   and the temporary file is gone.
  func place(_ file: File, syncing: Bool) async throws(ImagineError) {
    let number = nextLane.wrappingAdd(1, ordering: .relaxed).newValue
    let lane = lanes[Int(UInt(bitPattern: number) % UInt(lanes.count))]
    let fault: ImagineError? = await withCheckedContinuation { continuation in
      lane.async { continuation.resume(returning: Self.place(file, syncing: syncing)) }
    }
    if let fault { throw fault }
  }

  /// Gives a file its name on the calling thread.
  ///
  /// - Parameter syncing: whether name and content are on the disk when this returns.
  static func place(_ file: File, syncing: Bool) -> ImagineError? {
    defer { close(file.descriptor) }
    guard !syncing || fsync(file.descriptor) == 0 else { return failed(file) }
    // What is written through a link is written where it leads.
    let path = file.replacing ? file.path.linkTarget : file.path
    guard file.replacing ? takeName(file, at: path) : link(file, to: path) else {
      return failed(file)
    }
    if syncing { syncFolder(path.parent) }
    return nil
  }

  /// What `errno` says; the temporary file goes.
  private static func failed(_ file: File) -> ImagineError {
    let isTaken = errno == EEXIST && !file.replacing
    let error: ImagineError = isTaken ? .exists(file.path) : .system("cannot write \(file.path)")
    if let path = file.temporaryPath { unlink(path.cString) }
    return error
  }

  /// Names the file, in place of what had that name before.
  private static func takeName(_ file: File, at target: FilePath) -> Bool {
    guard let former = FileFacts(target) else {
      // Most names are free. Another program may take one meanwhile.
      if link(file, to: target) { return true }
      return errno == EEXIST && replace(file, at: target)
    }
    guard former.isFile else {
      errno = former.isFolder ? EISDIR : ENXIO
      return false
    }
    if keep(former, of: file.descriptor) { return replace(file, at: target) }
    // Another's file stays another's only where it is written to itself.
    return errno == EPERM && overwrite(file, at: target)
  }

  /// Writes the content into the file that is there. Whoever reads it meanwhile sees a part.
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

  /// Gives a file the owner and the mode of the one whose place it takes. The owner first: a change
  /// of it clears bits of the mode.
  private static func keep(_ former: FileFacts, of descriptor: Int32) -> Bool {
    var facts = stat()
    guard fstat(descriptor, &facts) == 0 else { return false }
    if facts.st_uid != former.user || facts.st_gid != former.group {
      guard fchown(descriptor, former.user, former.group) == 0 else { return false }
    }
    return fchmod(descriptor, former.mode & 0o777) == 0
  }

  /// Only what has a name can take another's place.
  private static func replace(_ file: File, at target: FilePath) -> Bool {
    let path = file.temporaryPath ?? WholeFile.temporaryPath(in: target.parent)
    if file.temporaryPath == nil, !link(file, to: path) { return false }
    if systemRename(path.cString, target.cString) == 0 { return true }
    let fault = errno
    unlink(path.cString)
    errno = fault
    return false
  }

  /// Names the file where nothing has that name.
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

  /// The name is in the folder. A file system that cannot sync one keeps names in its own way.
  static func syncFolder(_ path: FilePath) {
    let descriptor = open(path.cString, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }
}
