#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The address of a service, and its key. Its description has neither the key nor the query.
///
/// The key is sent to this origin only: ``authorization(for:)`` is the only function that reveals
/// it.
public struct Endpoint: Sendable, Hashable {
  /// Without a trailing slash and a query, such as `https://api.vyro.ai/v2`.
  public let baseURL: String
  /// With its question mark, such as `?api-version=2026-04-01`; empty without one. It may have a
  /// key, so it is not shown.
  private let query: String
  public let token: Token?
  /// Whether a token such as `user:password` is sent as one (RFC 7617).
  private let takesPasswords: Bool

  /// - Parameters:
  ///   - baseURL: may have a query, which each of its routes gets.
  ///   - takesPasswords: whether a token with a colon is a user and a password.
  public init(baseURL: String, token: Token?, takesPasswords: Bool = false) {
    self.takesPasswords = takesPasswords
    let address = baseURL.trimmingWhitespace()
    var base = WebAddress.withoutQuery(address)
    query = String(address.dropFirst(base.count))
    while base.hasSuffix("/") { base.removeLast() }
    self.baseURL = base
    self.token = token
  }

  /// Whether an address can be a base URL: a web address with a host, without user and password
  /// (which would be shown with the address), and in printable ASCII.
  public static func isBase(_ address: String) -> Bool {
    let address = address.trimmingWhitespace()
    return Origin(address)?.isWeb == true
      && address.unicodeScalars.allSatisfy { (0x21...0x7E).contains($0.value) }
      && !address.contains("#")
  }

  /// Whether an address is on this machine: its loopback, or a Unix socket. Anything that is no
  /// address counts as on this machine, such as the name of a local provider.
  public static func isOnThisMachine(_ address: String) -> Bool {
    Origin(address).map { $0.isUnixSocket || $0.isLoopback } ?? true
  }

  /// The address of a path below the base.
  func address(_ path: String) -> String { baseURL + path + query }

  /// The address of a path below the base, with parameters of a query.
  func address(_ path: String, _ parameters: [(String, String)]) -> String {
    guard !parameters.isEmpty else { return address(path) }
    let texts = parameters.map { name, value in "\(name)=\(WebAddress.encoded(value))" }
    return baseURL + path + (query.isEmpty ? "?" : "\(query)&") + texts.joined(separator: "&")
  }

  /// Resolves an address that may be relative to the base; nil if it is invalid.
  func resolve(_ reference: String) -> String? {
    WebAddress.resolve(reference, at: baseURL + "/")
  }

  /// The `Authorization` header for an address; nil for any other origin.
  func authorization(for address: String) -> String? {
    guard let token, let origin = Origin(address), origin == Origin(baseURL) else { return nil }
    if takesPasswords, token.value.contains(":") {
      return "Basic \(Data(token.value.utf8).base64EncodedString())"
    }
    return "Bearer \(token.value)"
  }
}

extension Endpoint: CustomStringConvertible, CustomDebugStringConvertible {
  public var description: String { baseURL }
  public var debugDescription: String { description }
}
