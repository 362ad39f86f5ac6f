/// The key of a bucket. Its secrets are in no description.
public struct S3Credentials: Sendable, CustomStringConvertible, CustomReflectable {
  public var accessKey: String
  let secretKey: String
  /// Of credentials that expire.
  let sessionToken: String?

  public init(accessKey: String, secretKey: String, sessionToken: String? = nil) {
    self.accessKey = accessKey
    self.secretKey = secretKey
    self.sessionToken = sessionToken
  }

  public var description: String { "S3Credentials" }
  public var customMirror: Mirror { Mirror(self, children: []) }

  /// A text in which neither part of the key is left: a service may repeat what it was sent.
  func redacted(_ text: String) -> String {
    [secretKey, sessionToken, accessKey].compactMap { $0 }.filter { $0.count >= 4 }
      .reduce(text) { $0.replacing($1, with: "…") }
  }
}
