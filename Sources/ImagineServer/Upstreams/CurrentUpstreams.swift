import ImagineAPI
import ImagineProviders
import Logging
import Synchronization

/// The upstreams of a service, which can be replaced while it runs.
final class CurrentUpstreams: Sendable {
  private let upstreams = Mutex<[Upstream]>([])
  private let transport: HTTPTransport
  private let limits: Limits
  private let environment: [String: String]
  private let home: String
  private let keeper: TurnKeeper?
  /// Environment variables of the server's own secrets.
  private let secretVariables: [String]

  /// - Parameters:
  ///   - secretVariables: environment variables that no program sees.
  ///   - keeper: of the turns that all servers share, if there are several.
  /// - Throws: `ImagineError` about the first upstream that cannot be used.
  init(
    _ descriptions: [UpstreamDescription], limits: Limits, environment: [String: String],
    secretVariables: [String] = [], home: String, keeper: TurnKeeper? = nil, logger: Logger
  ) throws(ImagineError) {
    self.limits = limits
    self.keeper = keeper
    self.secretVariables = secretVariables
    self.environment = environment
    self.home = home
    transport = HTTPTransport(
      trustedCertificates: environment["SSL_CERT_FILE"].flatMap { $0.isEmpty ? nil : $0 },
      proxies: ProxySettings(environment), userAgent: "imagine-server", logger: logger)
    replace(try made(of: descriptions))
  }

  var all: [Upstream] { upstreams.withLock { $0 } }

  func named(_ name: String) -> Upstream? { all.first { $0.name == name } }

  /// Replaces the upstreams. Calls in flight go on with the old ones, and count against the capacity
  /// of the new ones of their names.
  func replace(_ new: [Upstream]) {
    for upstream in new { upstream.turns.setCapacity(upstream.description.capacity) }
    upstreams.withLock { $0 = new }
  }

  /// Makes upstreams that can take the place of the current ones. One whose description is the same
  /// is kept.
  ///
  /// - Throws: `ImagineError` about the first that cannot be used.
  func made(of descriptions: [UpstreamDescription]) throws(ImagineError) -> [Upstream] {
    let old = all
    var new: [Upstream] = []
    for description in descriptions {
      let kept = old.first { $0.name == description.name }
      if let kept, kept.description == description {
        new.append(kept)
        continue
      }
      // Programs have no use for the keys of services, the database and the bucket.
      let keys = secretVariables + descriptions.flatMap(\.provider.secretVariables)
      let visible =
        description.provider.kind == .command
        ? environment.filter { !keys.contains($0.key) } : environment
      new.append(
        try Upstream(
          description, turns: kept?.turns, keeper: keeper, limits: limits, transport: transport,
          environment: visible, home: home))
    }
    return new
  }

  /// An upstream that takes a call, and the call in its terms.
  struct Candidate: Sendable {
    let upstream: Upstream
    let request: UpstreamRequest
  }

  /// The upstreams that a call is for; none for the built-in engine.
  ///
  /// - Parameter sentTo: the identity of the only one that may get it; nil for any.
  /// - Throws: ``APIError`` if none of them can do what the call asks for.
  func candidates(
    for call: ImageCall, sentTo: String? = nil
  ) throws(APIError) -> [Candidate] {
    let possible = all.filter { sentTo == nil || $0.identity == sentTo }
    let matches = possible.compactMap { upstream in
      upstream.match(call).map { (upstream: upstream, match: $0) }
    }
    guard let best = matches.map(\.match).max() else { return [] }
    var candidates: [Candidate] = []
    var refusal: APIError?
    for (upstream, match) in matches where match == best {
      do throws(APIError) {
        candidates.append(
          Candidate(upstream: upstream, request: try UpstreamRequest(call, at: upstream)))
      } catch {
        refusal = refusal ?? error
      }
    }
    if candidates.isEmpty, let refusal { throw refusal }
    return candidates
  }

  /// The most seconds that a call at an upstream may take: its turn, an attempt that comes to
  /// nothing, another one, and the conversion of its images.
  var longestCall: Double {
    guard let timeout = all.map(\.description.timeout).max() else { return 0 }
    return 2 * timeout + limits.turnSeconds + limits.imageSeconds
  }

  /// Calls that all upstreams take at once.
  var capacity: Int { all.reduce(0) { $0 + $1.description.capacity } }

  /// The models of `/v1` and `/sdapi`, sorted.
  var models: [String] { Set(all.flatMap(\.description.models)).sorted() }

  /// Whether an upstream does an operation for some style.
  func offer(_ operation: MediaOperation) -> Bool {
    all.contains { $0.operation(operation.name) != nil }
  }

  /// The operation with the styles of the upstreams that do it.
  func extend(_ operation: MediaOperation) -> MediaOperation {
    operation.taking(styles: all.flatMap { $0.styles(of: operation) })
  }
}
