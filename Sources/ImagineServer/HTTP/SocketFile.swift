import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file of the Unix socket that the service listens on.
final class SocketFile: Sendable {
  /// Why the service cannot use a socket path.
  struct ClaimError: Error, CustomStringConvertible {
    let description: String
  }

  let path: String
  /// Inode of the file that this server created.
  private let identity = Mutex<UInt64?>(nil)

  init(path: String) {
    self.path = path
  }

  /// Checks that the path is usable. The file of a dead server may be replaced.
  ///
  /// - Throws: ``ClaimError`` if a server answers on the socket, or the path is too long.
  func claim() throws(ClaimError) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    let bytes = Array(path.utf8)
    guard bytes.count < capacity else {
      throw ClaimError(
        description: "\(path) is too long for a socket (at most \(capacity - 1) bytes)")
    }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    #if canImport(Glibc)
      let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
    #else
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let answer = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard answer != 0 else {
      throw ClaimError(description: "another server listens on \(path)")
    }
  }

  /// Records that this server created the file.
  func wasCreated() {
    let current = current
    identity.withLock { $0 = current }
  }

  /// Removes the file, unless another server has replaced it.
  func remove() {
    identity.withLock { identity in
      if let mine = identity, mine == current { unlink(path) }
      identity = nil
    }
  }

  /// Inode of the file at the path.
  private var current: UInt64? {
    var info = stat()
    return stat(path, &info) == 0 ? UInt64(info.st_ino) : nil
  }
}
