import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Scheme, host and port of an address: two addresses with the same are one party.
///
/// Every address is read by this before the HTTP library sees it, which ends the process for a port
/// that is none.
struct Origin: Hashable {
  let scheme: String
  /// Host and port; for a Unix socket its path, percent-encoded.
  let authority: String

  /// - Returns: nil for what is no address: without `scheme://host`, with a name and a password, or
  ///   with a port outside 1 … 65535.
  init?(_ address: String) {
    guard let colon = address.firstIndex(of: ":"), address[colon...].hasPrefix("://") else {
      return nil
    }
    let scheme = address[..<colon].lowercased()
    let rest = address[colon...].dropFirst(3)
    var authority = rest.prefix { $0 != "/" && $0 != "?" && $0 != "#" }
    // What stands before an @ is a name and a password, never the host.
    guard !authority.isEmpty, !authority.contains("@") else { return nil }
    if scheme == "http" || scheme == "https" {
      guard let host = Self.host(of: authority) else { return nil }
      let standardPort = scheme == "https" ? ":443" : ":80"
      if authority.hasSuffix(standardPort) { authority = host }
    }
    self.scheme = scheme
    self.authority = scheme == "http+unix" ? String(authority) : authority.lowercased()
  }

  /// The host of a web address, its brackets included; nil where it or the port cannot be right.
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

enum WebAddress {
  /// What an address may be, in words.
  static let expectation =
    "an http or https address, with a port from 1 to 65535 where it names one"

  /// - Throws: ``ImagineError`` of kind `validation` for what the HTTP library cannot call.
  static func check(_ address: String, endpoint: String) throws(ImagineError) {
    guard let origin = Origin(address), origin.isWeb || origin.isUnixSocket,
      let url = URL(string: address), url.host?.isEmpty == false
    else {
      throw ImagineError(
        .validation,
        "\(withoutQuery(address)) cannot be called (expected \(expectation))", field: "address",
        endpoint: endpoint)
    }
  }

  /// Where a reference leads that stands at an address (RFC 3986): `Location`, or the address of a
  /// picture, which may be relative.
  ///
  /// - Returns: nil for a reference that is none, or is empty.
  static func resolve(_ reference: String, at base: String) -> String? {
    let reference = reference.trimmingWhitespace()
    guard !reference.isEmpty, let base = URL(string: base),
      let url = URL(string: reference, relativeTo: base)
    else { return nil }
    return url.absoluteString
  }

  /// Without the query: a signed address is a key to what it names.
  static func withoutQuery(_ address: String) -> String {
    String(address.prefix { $0 != "?" && $0 != "#" })
  }
}
