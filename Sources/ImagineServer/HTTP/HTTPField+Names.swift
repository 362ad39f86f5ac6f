import HTTPTypes
import ImagineAPI

/// Header fields that HTTPTypes has no constants for.
extension HTTPField.Name {
  static let requestID = constant("x-request-id")
  static let imagineEngine = constant("x-imagine-engine")
  static let imagineSeed = constant("x-imagine-seed")
  static let imagineConfidence = constant(Output.confidenceHeader)
  static let imagineDrift = constant(CompositeField.driftHeader)
  static let rateLimitLimit = constant("x-ratelimit-limit")
  static let rateLimitRemaining = constant("x-ratelimit-remaining")
  static let idempotencyKey = constant("idempotency-key")
  /// Of an answer that an earlier attempt got.
  static let idempotentReplayed = constant("idempotent-replayed")
  static let forwarded = constant("forwarded")
  static let xForwardedFor = constant("x-forwarded-for")
  static let xForwardedHost = constant("x-forwarded-host")
  static let xForwardedProto = constant("x-forwarded-proto")
  static let referrerPolicy = constant("referrer-policy")

  private static func constant(_ name: String) -> HTTPField.Name {
    guard let name = HTTPField.Name(name) else { preconditionFailure("\(name) is no token") }
    return name
  }
}
