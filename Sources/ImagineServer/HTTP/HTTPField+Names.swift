import HTTPTypes

/// Header fields that HTTPTypes has no constants for.
extension HTTPField.Name {
  static let requestID = constant("x-request-id")
  static let imagineEngine = constant("x-imagine-engine")
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
