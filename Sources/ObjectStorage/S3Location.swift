/// Where a bucket is.
public struct S3Location: Sendable, Hashable {
  public var endpoint: S3Endpoint
  /// The address by which clients reach the same service; nil if it is ``endpoint``.
  public var publicEndpoint: S3Endpoint?
  public var region: String
  public var bucket: String
  /// The beginning of all names, such as `imagine/`; empty for none.
  public var prefix: String
  /// A PEM file of certificates to trust instead of the system's.
  public var trustedCertificates: String?

  public init(
    endpoint: S3Endpoint, region: String = "us-east-1", bucket: String, prefix: String = "",
    publicEndpoint: S3Endpoint? = nil, trustedCertificates: String? = nil
  ) {
    self.endpoint = endpoint
    self.publicEndpoint = publicEndpoint
    self.region = region
    self.bucket = bucket
    self.prefix = prefix
    self.trustedCertificates = trustedCertificates
  }

  /// The path of an object, or of the bucket, in path style.
  func path(_ name: String?) -> String {
    "/" + bucket.percentEncoded
      + (name.map { "/" + (prefix + $0).percentEncoded(keepingSlashes: true) } ?? "")
  }
}

/// The scheme, host and port of a service, such as `https://s3.eu-central-1.amazonaws.com`.
public struct S3Endpoint: Sendable, Hashable, CustomStringConvertible {
  let isSecure: Bool
  /// The value of the header `Host`: with the port, unless it is the scheme's own.
  let host: String

  /// Nil for what is no such address; a path is none.
  public init?(_ text: String) {
    let parts = text.split(separator: "://", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, ["http", "https"].contains(parts[0].lowercased()) else { return nil }
    isSecure = parts[0].lowercased() == "https"
    let rest = parts[1].lowercased()
    let authority = rest.hasSuffix("/") ? rest.dropLast() : rest[...]
    guard let match = authority.wholeMatch(of: /(\[[0-9a-f:.]+\]|[0-9a-z._-]+)(?::([0-9]{1,5}))?/)
    else { return nil }
    let port = match.2.flatMap { Int($0) }
    guard port.map({ (1...65535).contains($0) }) ?? true else { return nil }
    let isUsual = port == nil || port == (isSecure ? 443 : 80)
    host = isUsual ? String(match.1) : "\(match.1):\(port ?? 0)"
  }

  public var description: String { "\(isSecure ? "https" : "http")://\(host)" }
}

extension String {
  /// Every byte but the unreserved characters of RFC 3986 is encoded, as signatures demand.
  var percentEncoded: String { percentEncoded(keepingSlashes: false) }

  func percentEncoded(keepingSlashes: Bool) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var text: [UInt8] = []
    text.reserveCapacity(utf8.count)
    for byte in utf8 {
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: text.append(byte)
      case 0x2F where keepingSlashes: text.append(byte)
      default: text += [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// The text of what ``percentEncoded`` made; `+` is a space. Nil for a stray `%`.
  var percentDecoded: String? {
    var bytes: [UInt8] = []
    var rest = Array(utf8)[...]
    while let byte = rest.popFirst() {
      switch byte {
      case 0x2B: bytes.append(0x20)
      case 0x25:
        guard let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16),
          rest.count >= 2
        else { return nil }
        bytes.append(value)
        rest = rest.dropFirst(2)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }
}
