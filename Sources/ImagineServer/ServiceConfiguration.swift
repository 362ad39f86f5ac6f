/// How a service runs.
public struct ServiceConfiguration: Sendable {
  public var address: ServiceAddress
  public var authentication: Authentication
  public var limits: Limits
  /// The base of video addresses, such as `https://images.example.org`, if clients reach the service
  /// by another address than the one in their `Host` header.
  public var publicAddress: String?
  /// Model aliases under `/v1`: alias to model.
  public var modelAliases: [String: String] = [:]

  /// Faults to inject, for tests of clients.
  public var faultPlan: FaultPlan?

  public init(address: ServiceAddress, authentication: Authentication, limits: Limits) {
    self.address = address
    self.authentication = authentication
    self.limits = limits
  }

  /// The models under `/v1` that an alias can stand for.
  public static let models = [OpenAIModel.id]

  /// Whether a text is a valid ``publicAddress``: a scheme, a host, and optionally a port and path.
  public static func isPublicAddress(_ text: String) -> Bool {
    (text.hasPrefix("http://") || text.hasPrefix("https://")) && !text.hasSuffix("/")
      && Authority(ofTarget: text) != nil && !text.contains { $0 == "?" || $0 == "#" }
  }
}
