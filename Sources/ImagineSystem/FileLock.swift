package import ImagineAPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// An exclusive lock on a file (`flock`). The system releases it when the last reference to this
/// object goes, or when the process dies.
package final class FileLock: Sendable {
  private let descriptor: Int32

  private init(_ descriptor: Int32) { self.descriptor = descriptor }

  deinit { close(descriptor) }

  /// Waits for the lock. The file is created if it is missing, and stays.
  ///
  /// - Returns: nil if the file cannot be opened.
  package static func wait(for path: String) -> FileLock? {
    guard let lock = open(path) else { return nil }
    while flock(lock.descriptor, LOCK_EX) != 0, errno == EINTR {}
    return lock
  }

  /// Takes the lock without waiting. The file is created if it is missing, and stays.
  ///
  /// - Returns: nil if another process holds the lock.
  /// - Throws: ``ImagineError`` of kind `io`.
  package static func take(_ path: String) throws(ImagineError) -> FileLock? {
    guard let lock = open(path) else { throw .system("cannot open \(path)") }
    // `isHeld` briefly takes a shared lock. If a shared lock succeeds no one holds the exclusive one,
    // so try again.
    while flock(lock.descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK else { throw .system("cannot lock \(path)") }
      guard flock(lock.descriptor, LOCK_SH | LOCK_NB) == 0 else { return nil }
    }
    return lock
  }

  /// Whether a process holds the lock.
  package static func isHeld(_ path: String) -> Bool {
    let descriptor = systemOpen(path, O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }

  /// Replaces the content of the file.
  package func write(_ text: String) {
    let bytes = Array(text.utf8)
    ftruncate(descriptor, 0)
    _ = systemWrite(descriptor, bytes, bytes.count)
  }

  private static func open(_ path: String) -> FileLock? {
    let descriptor = systemOpen(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    return descriptor < 0 ? nil : FileLock(descriptor)
  }
}

/// `open`, which the functions of ``FileLock`` shadow.
private func systemOpen(_ path: String, _ flags: Int32, _ mode: mode_t = 0) -> Int32 {
  open(path, flags, mode)
}
