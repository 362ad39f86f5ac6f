import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The name of the Unix socket that the private server listens on.
///
/// It is a file without a folder of its own, so nothing else can be left behind; the server creates
/// it for its user alone (umask), under a name that nobody can guess, and removes it when it ends.
/// Only where host and server are both killed does it stay, and then the next start removes it.
struct LocalSocket: Sendable {
  let path: String

  private static let prefix = "imagine-"
  private static let suffix = ".socket"
  /// How old a socket that nobody listens on must be to be removed, in seconds: a new one may not be
  /// listened on yet.
  private static let leastAge = 60

  /// - Throws: ``ImagineError`` of kind `io` where there is no folder for it.
  init(_ environment: [String: String]) throws(ImagineError) {
    let candidates = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"]
    // The whole path of a socket may have 104 bytes on macOS.
    let folder = candidates.lazy.compactMap(\.self).first { candidate in
      candidate.hasPrefix("/") && candidate.utf8.count < 70
        && candidate.utf8.allSatisfy(Self.isPlain) && access(candidate, W_OK | X_OK) == 0
    }
    guard let folder else {
      throw ImagineError(
        .io, "no folder for the local server's socket: neither TMPDIR nor /tmp is writable")
    }
    Self.removeStale(in: folder)
    var generator = SystemRandomNumberGenerator()
    path = "\(folder)/\(Self.prefix)\(String(generator.next(), radix: 36))\(Self.suffix)"
  }

  /// The path as an address of HTTP over the socket.
  var address: String {
    "http+unix://" + path.map { $0 == "/" ? "%2F" : String($0) }.joined()
  }

  /// Removes what a server leaves that was killed.
  func remove() { unlink(path) }

  /// Removes the sockets of this user that no server listens on any more.
  private static func removeStale(in folder: String) {
    guard let entries = opendir(folder) else { return }
    defer { closedir(entries) }
    while let entry = readdir(entries) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard name.hasPrefix(prefix), name.hasSuffix(suffix) else { continue }
      let path = "\(folder)/\(name)"
      if isStale(path) { unlink(path) }
    }
  }

  private static func isStale(_ path: String) -> Bool {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK,
      status.st_uid == geteuid()
    else { return false }
    #if canImport(Darwin)
      let changed = status.st_mtimespec.tv_sec
    #else
      let changed = status.st_mtim.tv_sec
    #endif
    guard time(nil) - changed > leastAge else { return false }
    return isRefused(path)
  }

  /// Whether nobody listens on a socket.
  private static func isRefused(_ path: String) -> Bool {
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let bytes = Array(path.utf8)
    guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else { return false }
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
    #if canImport(Glibc) || canImport(Musl)
      let descriptor = socket(
        AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    #else
      let descriptor = socket(AF_UNIX, SOCK_STREAM, 0)
    #endif
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    return result != 0 && errno == ECONNREFUSED
  }

  /// Whether a byte stands for itself in the host part of an address.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"),
      UInt8(ascii: "."), UInt8(ascii: "/"):
      true
    default: false
    }
  }
}
