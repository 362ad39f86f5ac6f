import ImagineCore
import ImagineSystem

#if canImport(Glibc)
  import Glibc
  private let systemWrite = Glibc.write
#elseif canImport(Musl)
  import Musl
  private let systemWrite = Musl.write
#elseif canImport(Darwin)
  import Darwin
  private let systemWrite = Darwin.write
#endif

/// Holds a run for this process: a lock on a file, which the system lets go when the process dies.
///
/// `@unchecked Sendable`: the descriptor is only closed, and only by `deinit`.
final class RunLock: @unchecked Sendable {
  private let descriptor: Int32

  /// Takes the lock of a run; nil where another process has it.
  ///
  /// - Parameter path: of the lock file; made with its folder.
  init?(_ path: String) throws(ImagineError) {
    try WholeFile.makeFolder(WholeFile.parent(of: path), mode: 0o700)
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw .system("cannot open \(path)") }
    // Who asks whether a run is held has a share in its lock for that moment. Where a share is to
    // be had, nobody holds the run.
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { throw .system("cannot lock \(path)") }
      guard flock(descriptor, LOCK_SH | LOCK_NB) == 0 else { return nil }
    }
    let text = Array("\(getpid())\n".utf8)
    ftruncate(descriptor, 0)
    _ = systemWrite(descriptor, text, text.count)
  }

  deinit { close(descriptor) }

  /// Whether a process has the lock of a run.
  static func isHeld(_ path: String) -> Bool {
    let descriptor = open(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  /// The process that took the lock last.
  static func holder(_ path: String) -> Int32? {
    guard let file = fopen(path, "re") else { return nil }
    defer { fclose(file) }
    var text = [CChar](repeating: 0, count: 32)
    guard fgets(&text, Int32(text.count), file) != nil else { return nil }
    let process = Int32(atoi(text))
    return process > 0 ? process : nil
  }
}
