import ImagineAPI
import ImagineSystem

/// The path of the private server's Unix socket.
///
/// The socket needs no folder of its own, so nothing else can be left behind. The server creates it
/// for its user only (umask), under a random name, and removes it when it ends. If host and server
/// are both killed it stays, and the next start removes it.
struct LocalSocket: Sendable {
  let path: String

  private static let prefix = "imagine-"
  private static let suffix = ".socket"
  /// The minimum age in seconds of a socket that is removed: on a new one the server may not listen
  /// yet.
  private static let minAge = 60

  /// - Throws: ``ImagineError`` of kind `io` if no folder is writable.
  init(_ environment: [String: String]) throws(ImagineError) {
    let candidates = [environment["XDG_RUNTIME_DIR"], environment["TMPDIR"], "/tmp"]
    // The path of a socket may have 104 bytes on macOS.
    let folder = candidates.lazy.compactMap(\.self).first { candidate in
      candidate.hasPrefix("/") && candidate.utf8.count < 70
        && candidate.utf8.allSatisfy(Self.isPlain) && FilePath(candidate).isWritableFolder
    }
    guard let folder else {
      throw ImagineError(
        .io, "no folder for the local server's socket: neither TMPDIR nor /tmp is writable")
    }
    Self.removeAbandoned(in: folder)
    var generator = SystemRandomNumberGenerator()
    path = "\(folder)/\(Self.prefix)\(String(generator.next(), radix: 36))\(Self.suffix)"
  }

  /// The address for HTTP over the socket.
  var address: String {
    "http+unix://" + path.map { $0 == "/" ? "%2F" : String($0) }.joined()
  }

  /// Removes the socket of a server that was killed.
  func remove() { Self.remove(path) }

  private static func remove(_ path: String) {
    _ = try? FilePath(path).remove(recursively: false)
  }

  /// Removes this user's sockets that no server listens on.
  private static func removeAbandoned(in folder: String) {
    for name in (try? FilePath(folder).names(recursively: false)) ?? [] {
      guard let name = name.text, name.hasPrefix(prefix), name.hasSuffix(suffix) else { continue }
      let path = "\(folder)/\(name)"
      if UnixSocket.isAbandoned(path, minAge: minAge) { remove(path) }
    }
  }

  /// Whether a byte may be in the host part of an address without an escape.
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
