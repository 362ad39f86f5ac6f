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
  /// password (which would be shown wherever the address is), without a query, and of printable
  /// ASCII alone.
  public static func isBase(_ address: String) -> Bool {
    let address = address.trimmingWhitespace()
    return Origin(address)?.isWeb == true
      && address.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) }
      && !address.contains { $0 == "?" || $0 == "#" }
  }

  /// Whether an address leads to this machine: its loopback, or a Unix socket. Whatever is no address
  /// is here too: the name of a provider that is.
  public static func isOnThisMachine(_ address: String) -> Bool {
    Origin(address).map { $0.isUnixSocket || $0.isLoopback } ?? true
  }

  /// An address below the base.
  func address(_ path: String) -> String { baseURL + path }

  /// The address that a service means, which may be relative to the base; nil for what is none.
  func resolve(_ reference: String) -> String? {
    WebAddress.resolve(reference, at: baseURL + "/")
  }

  /// The value of the `Authorization` header for an address; nil for any other origin.
  func authorization(for address: String) -> String? {
    guard let token, let origin = Origin(address), origin == Origin(baseURL) else { return nil }
    return "Bearer \(token.value)"
  }
}
