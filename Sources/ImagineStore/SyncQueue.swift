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
    let temporaryPath: String
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
    if let fault = sync(file) ?? rename(file) {
      unlink(file.temporaryPath)
      return fault
    }
    syncFolder(WholeFile.parent(of: file.path))
    return nil
  }

  private static func sync(_ file: File) -> ImagineError? {
    defer { close(file.descriptor) }
    return fsync(file.descriptor) == 0 ? nil : .system("cannot write \(file.path)")
  }

  private static func rename(_ file: File) -> ImagineError? {
    if file.replacing {
      return systemRename(file.temporaryPath, file.path) == 0
        ? nil : .system("cannot write \(file.path)")
    }
    guard link(file.temporaryPath, file.path) == 0 else {
      return errno == EEXIST
        ? ImagineError(.io, "\(file.path) exists and may not be overwritten")
        : .system("cannot write \(file.path)")
    }
    unlink(file.temporaryPath)
    return nil
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
  #elseif canImport(Musl)
    private static let systemRename = Musl.rename
  #elseif canImport(Darwin)
    private static let systemRename = Darwin.rename
  #endif
}
