import ImagineCore

/// Keeps web pages from using a server that asks for no particular token.
///
/// Such a server listens on this machine alone, but a page in a browser here reaches it: by a name
/// of its own that it lets lead to this machine (DNS rebinding), or across origins. Both show in
/// fields that a page cannot set.
struct CallerCheck: Sendable {
  private let isNeeded: Bool
  /// Public names that the server answers to.
  private let names: Set<String>

  init(_ configuration: ServiceConfiguration) {
    if case .anyToken = configuration.callers { isNeeded = true } else { isNeeded = false }
    var names: Set<String> = []
    if case .tcp(let host, _) = configuration.address { names.insert(host.lowercased()) }
    if let name = configuration.publicAddress.flatMap(Authority.init(ofTarget:))?.host {
      names.insert(name)
    }
    self.names = names
  }

  /// - Throws: ``Failure`` 1100 with the status 421 or 403.
  func check(host: String?, origin: String?) throws(Failure) {
    guard isNeeded else { return }
    if let host = host.flatMap({ Authority($0) }), !allows(host) {
      throw Failure(
        .requestInvalid,
        "this server is not '\(host.host.prefix(80))' (if it is, start it with --public-address)",
        status: 421)
    }
    guard let origin, Authority(ofTarget: origin).map(allows) != true else { return }
    throw Failure(
      .requestInvalid, "web pages of '\(origin.prefix(80))' may not use this server", status: 403)
  }

  private func allows(_ authority: Authority) -> Bool {
    authority.isNoPublicName || names.contains(authority.host)
  }
}
