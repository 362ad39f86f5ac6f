/// The address that a service listens on.
public enum ServiceAddress: Sendable, Hashable, CustomStringConvertible {
  /// Port 0 lets the system choose.
  case tcp(host: String, port: Int)
  case socket(path: String)

  /// The address as a URL: `http://127.0.0.1:8080`, `http+unix://%2Ftmp%2Fs`.
  public var description: String { text(isSecure: false) }

  /// The address as a URL.
  ///
  /// - Parameter isSecure: whether the service speaks TLS there.
  public func text(isSecure: Bool) -> String {
    switch self {
    case .tcp(let host, let port):
      "\(isSecure ? "https" : "http")://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .socket(let path):
      "http+unix://\(Array(path.utf8).percentEncoded)"
    }
  }

  /// Whether only this machine can reach it.
  public var isLocal: Bool {
    switch self {
    case .socket: true
    case .tcp(let host, _):
      host == "localhost" || host == "::1" || host.hasPrefix("127.") && !host.contains { $0 > "9" }
    }
  }
}
