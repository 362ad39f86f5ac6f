import ImagineAPI

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
  /// The files of the certificate, if the service speaks TLS.
  public var tls: CertificateFiles?
  /// Proxies whose `X-Forwarded-*` and `Forwarded` count.
  public var trustedProxies: [AddressRange] = []
  /// Who may read the metrics.
  public var administrators = AdministratorAccess.local
  /// Who gets the page on which people can try the service.
  public var page = PageAccess.local

  public var role = ServiceRole.both

  /// Who makes images and videos in place of the built-in engine.
  public var upstreams: [UpstreamDescription] = []
  /// The bucket of videos and images; nil to keep them in the data directory.
  public var objects: ObjectSettings?
  /// Whether media are removed that no row of the database refers to; else they are only reported.
  public var removesOrphans = false

  /// The environment variables of this process: keys of upstreams and of the bucket, proxies,
  /// certificates.
  public var environment: [String: String] = [:]
  /// Those of them with secrets of the service itself, beside the keys of its upstreams.
  var secretVariables: [String] {
    ["IMAGINE_DATABASE", "PGPASSWORD"] + (objects == nil ? [] : ObjectSettings.keyVariables)
  }

  /// Faults to inject, for tests of clients.
  public var faultPlan: FaultPlan?

  public init(address: ServiceAddress, authentication: Authentication, limits: Limits) {
    self.address = address
    self.authentication = authentication
    self.limits = limits
  }

  /// The models under `/v1` that an alias can stand for.
  public var models: [String] {
    [OpenAIModel.id, VideoStyle.standard] + upstreams.flatMap(\.models)
  }

  /// An alias that stands for no model.
  public var unknownAlias: (name: String, model: String)? {
    modelAliases.sorted { $0.key < $1.key }.first { !models.contains($0.value) }
      .map { ($0.key, $0.value) }
  }

  /// Whether a text is a valid ``publicAddress``: a scheme, a host, and optionally a port and path.
  public static func isPublicAddress(_ text: String) -> Bool {
    (text.hasPrefix("http://") || text.hasPrefix("https://")) && !text.hasSuffix("/")
      && Authority(ofTarget: text) != nil && !text.contains { $0 == "?" || $0 == "#" }
  }
}
