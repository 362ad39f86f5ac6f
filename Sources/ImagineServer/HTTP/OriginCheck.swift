import ImagineAPI

/// Prevents web pages from using a server that accepts any token.
///
/// Such a server listens on loopback only, but a page in a browser on this machine can reach it by
/// DNS rebinding or a cross-origin request. A page cannot forge the `Host` and `Origin` headers that
/// reveal both.
struct OriginCheck: Sendable {
  private let isNeeded: Bool
  /// The server's own public names.
  private let names: Set<String>

  init(_ configuration: ServiceConfiguration) {
    if case .anyToken = configuration.authentication { isNeeded = true } else { isNeeded = false }
    var names: Set<String> = []
    if case .tcp(let host, _) = configuration.address { names.insert(host.lowercased()) }
    if let name = configuration.publicAddress.flatMap(Authority.init(ofTarget:))?.host {
      names.insert(name)
    }
    self.names = names
  }

  /// - Throws: ``APIError`` 1100 with the status 421 or 403.
  func check(host: String?, origin: String?) throws(APIError) {
    guard isNeeded else { return }
    if let host = host.flatMap({ Authority($0) }), !allows(host) {
      throw APIError(
        .requestInvalid,
        "this server is not '\(host.host.prefix(80))' (if it is, start it with --public-address)",
        status: 421)
    }
    guard let origin, Authority(ofTarget: origin).map(allows) != true else { return }
    throw APIError(
      .requestInvalid, "web pages of '\(origin.prefix(80))' may not use this server", status: 403)
  }

  private func allows(_ authority: Authority) -> Bool {
    names.contains(authority.host) || authority.isLocalName
  }
}
