import Crypto
import ImagineAPI

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Signatures of AWS, version 4, for S3: of a request's headers, and of an address alone.
///
/// "Authenticating Requests (AWS Signature Version 4)" of the S3 API reference describes both.
struct S3Signature: Sendable {
  /// What is signed of a request.
  struct Request {
    var method: String
    /// Percent-encoded.
    var path: String
    /// Not encoded.
    var query: [(name: String, value: String)] = []
    /// Those that are signed, with `host`.
    var headers: [(name: String, value: String)]
    /// The SHA-256 of the body in hexadecimal.
    var payload: String
  }

  static let emptyPayload = SHA256.hash(data: [UInt8]()).hexadecimal
  /// The payload of a signed address: whoever uses it sends no body.
  static let unsignedPayload = "UNSIGNED-PAYLOAD"
  private static let algorithm = "AWS4-HMAC-SHA256"

  let credentials: S3Credentials
  let region: String
  var service = "s3"

  /// The value of the header `Authorization`. The headers of the request must be sent as they are.
  func authorization(of request: Request, at time: SigningTime) -> String {
    let canonical = Self.canonical(request)
    return Self.algorithm + " Credential=\(credentials.accessKey)/\(scope(time)),"
      + "SignedHeaders=\(Self.signedHeaders(request)),Signature=\(signature(of: canonical, time))"
  }

  /// The query of a signed address, encoded, without the question mark.
  ///
  /// - Parameter seconds: how long it is valid, up to a week.
  func query(for request: Request, at time: SigningTime, seconds: Int) -> String {
    var request = request
    request.query += [
      ("X-Amz-Algorithm", Self.algorithm),
      ("X-Amz-Credential", "\(credentials.accessKey)/\(scope(time))"),
      ("X-Amz-Date", time.text), ("X-Amz-Expires", String(seconds)),
      ("X-Amz-SignedHeaders", Self.signedHeaders(request)),
    ]
    if let token = credentials.sessionToken {
      request.query.append(("X-Amz-Security-Token", token))
    }
    let signature = signature(of: Self.canonical(request), time)
    return "\(Self.canonical(request.query))&X-Amz-Signature=\(signature)"
  }

  /// The canonical request: one line for each part.
  static func canonical(_ request: Request) -> String {
    let headers = sorted(request.headers).map { "\($0.name):\($0.value)\n" }.joined()
    return [
      request.method, request.path, canonical(request.query), headers, signedHeaders(request),
      request.payload,
    ].joined(separator: "\n")
  }

  /// A query, encoded and sorted.
  static func canonical(_ query: [(name: String, value: String)]) -> String {
    query.map { ($0.name.percentEncoded, $0.value.percentEncoded) }
      .sorted { $0 < $1 }.map { "\($0)=\($1)" }.joined(separator: "&")
  }

  private static func signedHeaders(_ request: Request) -> String {
    sorted(request.headers).map(\.name).joined(separator: ";")
  }

  private static func sorted(
    _ headers: [(name: String, value: String)]
  ) -> [(name: String, value: String)] {
    headers.map { header in
      let words = header.value.split(separator: " ").joined(separator: " ")
      return (header.name.lowercased(), words)
    }.sorted { $0.0 < $1.0 }
  }

  private func scope(_ time: SigningTime) -> String {
    "\(time.day)/\(region)/\(service)/aws4_request"
  }

  private func signature(of canonical: String, _ time: SigningTime) -> String {
    let digest = SHA256.hash(data: Array(canonical.utf8)).hexadecimal
    let text = [Self.algorithm, time.text, scope(time), digest].joined(separator: "\n")
    return Self.code(text, SymmetricKey(data: signingKey(day: time.day))).hexadecimal
  }

  /// The key of a day, a region and a service.
  func signingKey(day: String) -> [UInt8] {
    var key = Array("AWS4\(credentials.secretKey)".utf8)
    for part in [day, region, service, "aws4_request"] {
      key = Array(Self.code(part, SymmetricKey(data: key)))
    }
    return key
  }

  private static func code(_ text: String, _ key: SymmetricKey) -> HMAC<SHA256>.MAC {
    HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
  }
}

/// A moment as signatures have it: `20130524T000000Z`.
struct SigningTime: Sendable {
  let text: String
  var day: String { String(text.prefix(8)) }

  /// - Parameter seconds: since 1970.
  init(_ seconds: Double) {
    text = Date(timeIntervalSince1970: seconds)
      .formatted(.iso8601.dateSeparator(.omitted).timeSeparator(.omitted))
  }
}
