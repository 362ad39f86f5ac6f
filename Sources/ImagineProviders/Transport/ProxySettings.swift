public import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The proxies of the environment: `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, in lower
/// case or in capitals. This machine is never reached through one.
public struct ProxySettings: Sendable, Hashable {
  private var variables: [String: String] = [:]

  /// - Parameter environment: other variables are ignored.
  public init(_ environment: [String: String] = [:]) {
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
      // A server that runs a program for a request (CGI) sets HTTP_PROXY from a header of it.
      let isForged = name == "http_proxy" && environment["REQUEST_METHOD"] != nil
      let names = isForged ? [name] : [name, name.uppercased()]
      guard let found = names.first(where: { environment[$0]?.isEmpty == false }) else { continue }
      variables[name] = environment[found]?.trimmingWhitespace()
    }
  }

  /// The proxy for an address; nil if it is reached directly.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` that names the variable, without its value,
  ///   which may have a password.
  func proxy(for address: String) throws(ImagineError) -> Proxy? {
    guard !variables.isEmpty, let origin = Origin(address), origin.isWeb, !origin.isLoopback,
      !isExcluded(origin)
    else { return nil }
    if let proxy = try proxy(named: "\(origin.scheme)_proxy") { return proxy }
    return try proxy(named: "all_proxy")
  }

  private func proxy(named name: String) throws(ImagineError) -> Proxy? {
    guard let text = variables[name] else { return nil }
    if let proxy = Proxy(text, from: name) { return proxy }
    throw .invalid(
      field: name, given: Proxy.description(ofUnusable: text),
      expected: "http://host:port, with user:password@ if needed, or socks5://host:port without one"
    )
  }

  /// What is set, in words, such as `http://127.0.0.1:3128 (https_proxy)`.
  ///
  /// - Throws: ``ImagineError`` of kind `validation` for what is no proxy.
  public func descriptions() throws(ImagineError) -> [String] {
    var descriptions: [String] = []
    for name in ["http_proxy", "https_proxy", "all_proxy"] where variables[name] != nil {
      try proxy(named: name).map { descriptions.append($0.description) }
    }
    return descriptions + (variables["no_proxy"].map { ["none for \($0) (no_proxy)"] } ?? [])
  }

  /// Whether `no_proxy` has the host: itself, a domain above it, a network of IPv4, or `*`; each may
  /// have a port.
  private func isExcluded(_ origin: Origin) -> Bool {
    let (host, port) = origin.hostAndPort
    let entries = variables["no_proxy"]?.lowercased().split { $0 == "," || $0 == " " } ?? []
    return entries.contains { entry in
      if entry == "*" { return true }
      if let network = IPv4Network(entry) { return network.contains(host) }
      var name = entry.drop { $0 == "." || $0 == "*" }
      if !name.hasPrefix("["), name.count(where: { $0 == ":" }) == 1,
        let colon = name.lastIndex(of: ":")
      {
        guard Int(name[name.index(after: colon)...]) == port else { return false }
        name = name[..<colon]
      }
      let bare = name.hasPrefix("[") ? name.dropFirst().dropLast() : name
      return !bare.isEmpty && (host == bare || host.hasSuffix(".\(bare)"))
    }
  }
}

/// A proxy of the environment.
struct Proxy: Sendable, Hashable {
  enum Kind: Sendable, Hashable {
    case http
    case socks5
  }

  let kind: Kind
  let host: String
  let port: Int
  /// The value of `Proxy-Authorization`.
  let authorization: String?
  /// The variable that names it.
  let variable: String

  /// - Returns: nil for what is no proxy that can be used.
  init?(_ text: String, from variable: String) {
    let address = text.contains("://") ? text : "http://\(text)"
    guard let url = URL(string: address), let host = url.host, !host.isEmpty,
      (1...65535).contains(url.port ?? 1080)
    else { return nil }
    switch url.scheme?.lowercased() {
    case "http":
      kind = .http
      port = url.port ?? 80
    case "socks5", "socks5h":
      kind = .socks5
      port = url.port ?? 1080
    default: return nil
    }
    self.host = host.trimmingBrackets
    self.variable = variable
    guard let user = url.user(percentEncoded: false) else {
      authorization = nil
      return
    }
    // The library's SOCKS has no passwords.
    guard kind == .http else { return nil }
    let password = url.password(percentEncoded: false) ?? ""
    authorization = "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())"
  }

  /// What an address is that is no proxy that can be used; without its password.
  static func description(ofUnusable text: String) -> String {
    let address = text.lowercased()
    if address.hasPrefix("https://") { return "a proxy that is itself reached over TLS (https://)" }
    if address.hasPrefix("socks5"), address.contains("@") {
      return "a SOCKS proxy with a user and a password"
    }
    return "this address"
  }

  /// Without the password.
  var description: String {
    let host = host.contains(":") ? "[\(host)]" : host
    return "\(kind == .http ? "http" : "socks5")://\(host):\(port) (\(variable))"
  }
}

/// A network such as `10.0.0.0/8`.
private struct IPv4Network {
  private let address: UInt32
  private let mask: UInt32

  init?(_ text: Substring) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = Self.address(parts[0]), let bits = Int(parts[1]),
      (0...32).contains(bits)
    else { return nil }
    mask = bits == 0 ? 0 : .max << UInt32(32 - bits)
    self.address = address & mask
  }

  func contains(_ host: String) -> Bool { Self.address(host[...]).map { $0 & mask } == address }

  private static func address(_ text: Substring) -> UInt32? {
    let bytes = text.split(separator: ".", omittingEmptySubsequences: false).map { UInt8($0) }
    guard bytes.count == 4, !bytes.contains(nil) else { return nil }
    return bytes.reduce(0) { $0 << 8 | UInt32($1 ?? 0) }
  }
}

extension String {
  fileprivate var trimmingBrackets: String {
    hasPrefix("[") && hasSuffix("]") ? String(dropFirst().dropLast()) : self
  }
}
