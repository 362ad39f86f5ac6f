import ImagineAPI
import ImagineSystem

/// The lock of a run: held by one process, and released by the system when the process dies.
final class RunLock: Sendable {
  private let lock: FileLock

  /// Takes the lock of a run; nil if another process holds it.
  ///
  /// - Parameter path: path of the lock file; created with its folder.
  init?(_ path: String) throws(ImagineError) {
    try AtomicFile.makeFolder(AtomicFile.parent(of: path), mode: 0o700)
    guard let lock = try FileLock.take(path) else { return nil }
    lock.write("\(ProcessState.id)\n")
    self.lock = lock
  }

  /// Whether a process holds the lock of a run.
  static func isHeld(_ path: String) -> Bool { FileLock.isHeld(path) }

  /// The id of the process that took the lock last.
  static func holder(_ path: String) -> Int32? {
    guard let bytes = try? FileReader(path).next(upTo: 32) else { return nil }
    let digits = bytes.prefix { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    return Int32(String(decoding: digits, as: UTF8.self)).flatMap { $0 > 0 ? $0 : nil }
  }
}
