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
    let temporaryPath: String?
    let path: String
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
  func place(_ file: File) async throws(ImagineError) {
    let number = nextLane.wrappingAdd(1, ordering: .relaxed).newValue
    let lane = lanes[Int(UInt(bitPattern: number) % UInt(lanes.count))]
    let fault: ImagineError? = await withCheckedContinuation { continuation in
      lane.async { continuation.resume(returning: Self.place(file)) }
    }
    if let fault { throw fault }
  }

  private static func place(_ file: File) -> ImagineError? {
    defer { close(file.descriptor) }
    guard fsync(file.descriptor) == 0 else { return failed(file) }
    if file.replacing ? takeName(file) : link(file, to: file.path) {
      syncFolder(WholeFile.parent(of: file.path))
      return nil
    }
    return failed(file)
  }

  /// What `errno` says; the temporary file goes.
  private static func failed(_ file: File) -> ImagineError {
    let isTaken = errno == EEXIST && !file.replacing
    let error: ImagineError =
      isTaken
      ? ImagineError(.io, "\(file.path) exists and may not be overwritten")
      : .system("cannot write \(file.path)")
    if let path = file.temporaryPath { unlink(path) }
    return error
  }

  /// Names the file, in place of what had that name before.
  private static func takeName(_ file: File) -> Bool {
    if let path = file.temporaryPath { return systemRename(path, file.path) == 0 }
    // Only what has a name can take another's place, and most names are free.
    if link(file, to: file.path) { return true }
    guard errno == EEXIST else { return false }
    let path = WholeFile.temporaryPath(in: WholeFile.parent(of: file.path))
    guard link(file, to: path) else { return false }
    if systemRename(path, file.path) == 0 { return true }
    let fault = errno
    unlink(path)
    errno = fault
    return false
  }

  /// Names the file where nothing has that name.
  private static func link(_ file: File, to path: String) -> Bool {
    guard let temporaryPath = file.temporaryPath else {
      return linkat(
        AT_FDCWD, "/proc/self/fd/\(file.descriptor)", AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0
    }
    guard systemLink(temporaryPath, path) == 0 else { return false }
    unlink(temporaryPath)
    return true
  }

  /// The name is in the folder. A file system that cannot sync one keeps names in its own way.
  private static func syncFolder(_ path: String) {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  #if canImport(Glibc)
    private static let systemRename = Glibc.rename
    private static let systemLink = Glibc.link
  #elseif canImport(Musl)
    private static let systemRename = Musl.rename
    private static let systemLink = Musl.link
  #elseif canImport(Darwin)
    private static let systemRename = Darwin.rename
    private static let systemLink = Darwin.link
  #endif
}
