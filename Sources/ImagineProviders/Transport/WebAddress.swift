import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The origin of an address: scheme, host and port. Equal origins are one party.
///
/// Every address is parsed here before the HTTP library sees it, which aborts the process for an
/// invalid port.
struct Origin: Hashable {
  let scheme: String
  /// Host and port; for a Unix socket its path, percent-encoded.
  let authority: String

  /// - Returns: nil for an invalid address: without `scheme://host`, with user and password, or
  ///   with a port outside 1 … 65535.
  init?(_ address: String) {
    guard let colon = address.firstIndex(of: ":"), address[colon...].hasPrefix("://") else {
      return nil
    }
    let scheme = address[..<colon].lowercased()
    let rest = address[colon...].dropFirst(3)
    var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // The part before an @ is user and password, never the host.
    guard !authority.isEmpty, !authority.contains("@") else { return nil }
    if scheme == "http" || scheme == "https" {
      guard let host = Self.host(of: authority) else { return nil }
      let standardPort = scheme == "https" ? ":443" : ":80"
      if authority.hasSuffix(standardPort) { authority = host }
    }
    self.scheme = scheme
    self.authority = scheme == "http+unix" ? String(authority) : authority.lowercased()
  }

  /// The host of a web address, including brackets; nil if host or port are invalid.
  private static func host(of authority: Substring) -> Substring? {
    let host: Substring
    if authority.hasPrefix("[") {
      guard let end = authority.firstIndex(of: "]") else { return nil }
      host = authority[...end]
      let isNumeric = host.dropFirst().dropLast().allSatisfy {
        $0.isASCII && ($0.isHexDigit || $0 == ":" || $0 == ".")
      }
      guard host.count > 2, isNumeric else { return nil }
    } else {
      host = authority.prefix { $0 != ":" }
      let isName = host.allSatisfy {
        $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "." || $0 == "_")
      }
      guard !host.isEmpty, isName else { return nil }
    }
    let rest = authority[host.endIndex...]
    guard rest.isEmpty || isPort(rest) else { return nil }
    return host
  }

  private static func isPort(_ text: Substring) -> Bool {
    let digits = text.dropFirst()
    guard text.first == ":", (1...5).contains(digits.count),
      digits.allSatisfy({ ("0"..."9").contains($0) }), let port = Int(digits)
    else { return false }
    return (1...65535).contains(port)
  }

  /// The host without brackets, and the port.
  var hostAndPort: (host: String, port: Int) {
    let end = authority.hasPrefix("[") ? authority.firstIndex(of: "]") : nil
    let host = end.map { authority[authority.index(after: authority.startIndex)..<$0] }
    let rest = end.map { authority[$0...].dropFirst() } ?? authority.drop { $0 != ":" }
    let port = Int(rest.dropFirst()) ?? (scheme == "https" ? 443 : 80)
    return (String(host ?? authority.prefix { $0 != ":" }), port)
  }

  var isUnixSocket: Bool { scheme == "http+unix" }
  var isEncrypted: Bool { scheme == "https" }

  /// Whether the host is this machine: by name, or by an address in any form that a resolver reads,
  /// such as `127.1` and `::ffff:127.0.0.1`.
  var isLoopback: Bool {
    var host = hostAndPort.host
    if host.hasSuffix(".") { host.removeLast() }
    if host == "localhost" || host.hasSuffix(".localhost") { return true }
    // All ones is the answer for a text that is no address.
    let short = inet_addr(host)
    if short != .max { return withUnsafeBytes(of: short) { Self.isThisMachine($0[0]) } }
    var bytes = [UInt8](repeating: 0, count: 16)
    guard inet_pton(AF_INET6, host, &bytes) == 1, bytes[..<10].allSatisfy({ $0 == 0 }) else {
      return false
    }
    if bytes[10] == 0xFF, bytes[11] == 0xFF { return Self.isThisMachine(bytes[12]) }
    return bytes[10..<15].allSatisfy { $0 == 0 } && bytes[15] <= 1
  }

  /// Whether IPv4 addresses that begin with a number are this machine; a connection to 0.0.0.0 is
  /// one to 127.0.0.1.
  private static func isThisMachine(_ first: UInt8) -> Bool { first == 127 || first == 0 }

  var isWeb: Bool { scheme == "http" || scheme == "https" }
}

enum WebAddress {
  /// The valid form of an address, in words.
  static let expectation =
    "an http or https address, with a port from 1 to 65535 where it names one"

  /// - Throws: ``ImagineError`` of kind `validation` if the HTTP library cannot call the address.
  static func check(_ address: String, endpoint: String) throws(ImagineError) {
    guard let origin = Origin(address), origin.isWeb || origin.isUnixSocket,
      let url = URL(string: address), url.host?.isEmpty == false
    else {
      throw ImagineError(
        .validation,
        "\(shown(address)) cannot be called (expected \(expectation))", field: "address",
        endpoint: endpoint)
    }
  }

  /// Resolves a reference (RFC 3986) relative to an address: `Location`, or the address of an
  /// image.
  ///
  /// - Returns: nil for an invalid or empty reference.
  static func resolve(_ reference: String, at base: String) -> String? {
    let reference = reference.trimmingWhitespace()
    guard !reference.isEmpty, let base = URL(string: base),
      let url = URL(string: reference, relativeTo: base)
    else { return nil }
    return url.absoluteString
  }

  /// Checks an id that becomes part of a path: it may come from a script, and must not lead
  /// elsewhere.
  static func pathComponent(_ id: String) throws(ImagineError) -> String {
    let isPlain = id.unicodeScalars.allSatisfy {
      ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
        || "-_.:~=@+,".unicodeScalars.contains($0)
    }
    guard isPlain, !id.isEmpty, !id.allSatisfy({ $0 == "." }) else {
      throw .invalid(
        field: "id", given: "\"\(id)\"",
        expected: "letters, digits, and any of - _ . : ~ = @ + ,")
    }
    return id
  }

  /// A text as a value of a query: anything but letters, digits and - . _ ~ is percent-encoded.
  static func encoded(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      let scalar = Unicode.Scalar(byte)
      let isPlain =
        scalar.isASCII
        && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar)
          || "-._~".unicodeScalars.contains(scalar))
      if isPlain {
        encoded.unicodeScalars.append(scalar)
      } else {
        encoded += "%\(byte < 16 ? "0" : "")\(String(byte, radix: 16, uppercase: true))"
      }
    }
    return encoded
  }

  /// The address in messages and logs: in one line, without its query, since a signed address gives
  /// access, and without user and password.
  static func shown(_ address: String) -> String {
    var shown = address
    // Only an invalid address has user and password, and any character may be in them.
    if Origin(address) == nil, let at = address.lastIndex(of: "@") {
      let scheme = address[..<at].firstRange(of: "://").map { address[..<$0.upperBound] } ?? ""
      shown = String(scheme + address[address.index(after: at)...])
    }
    return withoutQuery(shown).inOneLine
  }

  static func withoutQuery(_ address: String) -> String {
    String(address.prefix { $0 != "?" && $0 != "#" })
  }
}
