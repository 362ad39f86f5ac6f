/// Where a service is, and the key that belongs to it.
///
/// The key goes to this origin and nowhere else: that rule is ``authorization(for:)``, the only
/// place that gives it out.
public struct Endpoint: Sendable, Hashable {
  /// Without a slash at its end, such as `https://api.vyro.ai/v2`.
  public let baseURL: String
  public let token: Token?

  public init(baseURL: String, token: Token?) {
    var base = baseURL.trimmingWhitespace()
    while base.hasSuffix("/") { base.removeLast() }
    self.baseURL = base
    self.token = token
  }

  /// Whether an address can be the base of others: on the web, with a host, without a name and a
  /// password (which would be shown wherever the address is), and without a query.
  public static func isBase(_ address: String) -> Bool {
    let address = address.trimmingWhitespace()
    return Origin(address)?.isWeb == true
      && !address.contains { $0 == "?" || $0 == "#" || $0.isWhitespace }
  }

  /// An address below the base.
  func address(_ path: String) -> String { baseURL + path }

  /// The value of the `Authorization` header for an address; nil for any other origin.
  func authorization(for address: String) -> String? {
    guard let token, let origin = Origin(address), origin == Origin(baseURL) else { return nil }
    return "Bearer \(token.value)"
  }
}

/// Scheme, host and port of an address: two addresses with the same are one party.
struct Origin: Hashable {
  let scheme: String
  /// Host and port; for a Unix socket its path, percent-encoded.
  let authority: String

  init?(_ address: String) {
    guard let colon = address.firstIndex(of: ":"), address[colon...].hasPrefix("://") else {
      return nil
    }
    let scheme = address[..<colon].lowercased()
    let rest = address[colon...].dropFirst(3)
    var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // What stands before an @ is a name and a password, never the host.
    guard !authority.isEmpty, !authority.contains("@") else { return nil }
    let standardPort = scheme == "https" ? ":443" : ":80"
    if authority.hasSuffix(standardPort) { authority.removeLast(standardPort.count) }
    self.scheme = scheme
    self.authority = scheme == "http+unix" ? String(authority) : authority.lowercased()
  }

  var isUnixSocket: Bool { scheme == "http+unix" }
  var isEncrypted: Bool { scheme == "https" }

  /// Whether the host is this machine, by its name or an address that is only ever its own.
  var isLoopback: Bool {
    let host =
      authority.hasPrefix("[")
      ? authority.prefix { $0 != "]" }.dropFirst() : authority.prefix { $0 != ":" }
    if host == "localhost" || host == "::1" { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    return numbers.count == 4 && numbers[0] == 127 && !numbers.contains(nil)
  }
  var isWeb: Bool { scheme == "http" || scheme == "https" }
}
