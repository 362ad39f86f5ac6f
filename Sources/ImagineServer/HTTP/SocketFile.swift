import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The file of a Unix socket that a service listens on.
final class SocketFile: Sendable {
  /// Why a service cannot listen on a socket.
  struct Fault: Error, CustomStringConvertible {
    let description: String
  }

  let path: String
  /// Of the file that this server made.
  private let identity = Mutex<UInt64?>(nil)

  init(path: String) {
    self.path = path
  }

  /// Makes way for a new socket.
  ///
  /// A file that a dead server left is nobody's; one that answers is another server's.
  ///
  /// - Throws: ``Fault`` where a server answers there, or the path is too long for a socket.
  func claim() throws(Fault) {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let capacity = MemoryLayout.size(ofValue: address.sun_path)
    let bytes = Array(path.utf8)
    guard bytes.count < capacity else {
      throw Fault(description: "\(path) is too long for a socket (at most \(capacity - 1) bytes)")
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
      throw Fault(description: "another server listens on \(path)")
    }
  }

  /// The file is there now, and this server's.
  func wasMade() {
    let current = current
    identity.withLock { $0 = current }
  }

  /// Removes the file, unless another server has put its own there since.
  func remove() {
    identity.withLock { identity in
      if let mine = identity, mine == current { unlink(path) }
      identity = nil
    }
  }

  /// What tells one file from another that took its path.
  private var current: UInt64? {
    var info = stat()
    return stat(path, &info) == 0 ? UInt64(info.st_ino) : nil
  }
}
