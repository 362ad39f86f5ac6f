import Hummingbird
import HummingbirdCore
public import ImagineCore
public import Logging
import NIOCore
import ServiceLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Where a service listens.
public enum ServiceAddress: Sendable, Hashable, CustomStringConvertible {
  /// Port 0 lets the system choose.
  case tcp(host: String, port: Int)
  case socket(path: String)

  /// As a client writes it: `http://127.0.0.1:8080`, `http+unix://%2Ftmp%2Fs`.
  public var description: String {
    switch self {
    case .tcp(let host, let port):
      "http://\(host.contains(":") ? "[\(host)]" : host):\(port)"
    case .socket(let path):
      "http+unix://\(Array(path.utf8).percentEncoded)"
    }
  }

  /// Whether only this machine can reach it.
  public var isLocal: Bool {
    switch self {
    case .socket: true
    case .tcp(let host, _):
      host == "localhost" || host == "::1" || host.hasPrefix("127.") && !host.contains { $0 > "9" }
    }
  }
}

/// What a service is to be.
public struct ServiceConfiguration: Sendable {
  public var address: ServiceAddress
  public var callers: Callers
  public var limits: Limits
  /// Stands before the paths of videos where clients reach the service by another address than
  /// they name in `Host`, such as `https://images.example.org`.
  public var publicAddress: String?
  /// Other names of models under `/v1`, and the models that they stand for.
  public var modelAliases: [String: String] = [:]

  /// How the service misbehaves on purpose, for its clients' tests.
  public var rehearsal: RehearsalPlan?

  public init(address: ServiceAddress, callers: Callers, limits: Limits) {
    self.address = address
    self.callers = callers
    self.limits = limits
  }

  /// The models under `/v1` that an alias can stand for.
  public static let models = [OpenAIModel.id]

  /// Whether a text can be a ``publicAddress``: a scheme, a host, and perhaps a port and a path.
  public static func isPublicAddress(_ text: String) -> Bool {
    (text.hasPrefix("http://") || text.hasPrefix("https://")) && !text.hasSuffix("/")
      && Authority(ofTarget: text) != nil && !text.contains { $0 == "?" || $0 == "#" }
  }
}

/// The service: both HTTP APIs over one engine, and the jobs of a home.
///
/// For example:
///
/// ```swift
/// let service = try ImagineService(
///   configuration, home: home, engine: engine, jobs: store, accounts: store, logger: logger)
/// try await service.run { address in print(address) }
/// ```
public struct ImagineService: Sendable {
  let configuration: ServiceConfiguration
  let home: Home
  let engine: any Engine
  let jobs: any JobStore
  let till: Till
  let queue: EngineQueue
  let worker: JobWorker
  let links: MediaLinks
  let shelf: PictureShelf
  let bodies: BodyReader
  let rates = RateLimit()
  let rehearsal: Rehearsal?
  let callers: CurrentCallers
  private let socket: SocketFile?
  let logger: Logger

  /// - Throws: ``HomeError`` where the home's key cannot be read or made; ``SettingsFault`` where a
  ///   fault of the rehearsal is for a route that there is not.
  public init(
    _ configuration: ServiceConfiguration, home: Home, engine: any Engine, jobs: any JobStore,
    accounts: any AccountStore, logger: Logger
  ) throws {
    let limits = configuration.limits
    self.configuration = configuration
    self.home = home
    self.engine =
      configuration.rehearsal?.paint == .card ? CardEngine(base: engine) : engine
    rehearsal = configuration.rehearsal.map(Rehearsal.init)
    self.jobs = jobs
    self.logger = logger
    callers = CurrentCallers(configuration.callers)
    socket = configuration.address.socketFile
    till = Till(accounts: accounts, logger: logger)
    queue = EngineQueue(limits)
    worker = JobWorker(
      home: home, store: jobs, engine: self.engine, limits: limits, logger: logger)
    links = try MediaLinks(home: home, lifetime: limits.linkSeconds)
    shelf = PictureShelf(home: home, links: links, limit: limits.pictureBytes)
    bodies = BodyReader(limits)
    try configuration.rehearsal?.check(against: routes)
  }

  /// Accepts other tokens from now on, without an interruption.
  ///
  /// - Throws: ``StoreUnreachable`` where their balances cannot be opened; then nothing changes.
  public func replace(_ tokens: TokenList) async throws {
    try await till.open(tokens)
    callers.replace(.listed(tokens))
  }

  /// Serves until the task is cancelled or its service group shuts down; then answers what is in
  /// flight and gives up the leases.
  ///
  /// - Parameter onReady: called once, when connections are accepted, with the address that the
  ///   system gave.
  /// - Throws: where the address cannot be bound, or the store cannot be reached.
  public func run(onReady: @escaping @Sendable (ServiceAddress) async -> Void) async throws {
    if case .listed(let list) = configuration.callers { try await till.open(list) }
    try socket?.claim()
    let limits = configuration.limits
    let connections = Connections(
      limit: Descriptors.connections(
        atMost: limits.connections,
        besideWork: 16 + 8 * limits.films + limits.imageThreads))
    let application = Application(
      responder: Front(
        routes: RouteTable(routes), callers: callers, check: CallerCheck(configuration),
        allowance: allowance(of:), rehearsal: rehearsal, engine: engine.version,
        now: { Date().timeIntervalSince1970 }, logger: logger),
      server: .http1(
        configuration: .init(
          additionalChannelHandlers: [ConnectionGuard(limits, connections)],
          idleTimeout: .seconds(limits.idleSeconds))),
      configuration: ApplicationConfiguration(
        address: configuration.address.bindAddress,
        availableConnectionsDelegate: ConnectionRoom(connections: connections)),
      services: [worker],
      onServerRunning: { channel in
        socket?.wasMade()
        await onReady(configuration.address.bound(to: channel.localAddress))
      },
      logger: logger)
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await withGracefulShutdownHandler {
          try await application.run()
        } onGracefulShutdown: {
          queue.hurry(seconds: limits.shutdownSeconds)
        })
    } catch {
      result = .failure(ListenFault(error, configuration.address) ?? error)
    }
    socket?.remove()
    try await queue.stop()
    try result.get()
  }

  /// Makes ready for the end of the process while the service still shuts down: films and their
  /// encoders get a moment to stop, and the file of the socket is removed.
  public func abandon() async {
    for _ in 0..<40 where !worker.isIdle { try? await Task.sleep(for: .milliseconds(50)) }
    socket?.remove()
  }

  var routes: [Route] {
    healthRoutes + imageRoutes + jobRoutes + mediaRoutes + conversionRoutes + modelRoutes
      + rehearsalRoutes
  }

  private var healthRoutes: [Route] {
    [
      // Whether a new start would help.
      Route(.get, "/healthz", access: .open) { _ in
        try jobs.checkPresence()
        return .ok
      },
      // Whether work can be taken on.
      Route(.get, "/readyz", access: .open) { _ in
        try await jobs.probe()
        guard home.hasRoom else {
          throw Failure(.storeUnreachable, "the server's disk is full", retryAfter: 60)
        }
        return .ok
      },
    ]
  }

  /// What a token was charged, where the service rehearses.
  private var rehearsalRoutes: [Route] {
    guard let rehearsal else { return [] }
    return [Route(.get, "/x/rehearsal") { .json(rehearsal.charges(of: $0.account)) }]
  }
}

extension Response {
  fileprivate static var ok: Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: #"{"status":"ok"}"#)))
  }
}

extension ServiceAddress {
  fileprivate var bindAddress: BindAddress {
    switch self {
    case .tcp(let host, let port): .hostname(host, port: port)
    case .socket(let path): .unixDomainSocket(path: path)
    }
  }

  fileprivate var socketFile: SocketFile? {
    if case .socket(let path) = self { SocketFile(path: path) } else { nil }
  }

  /// The same address with the port that the system chose.
  func bound(to address: SocketAddress?) -> ServiceAddress {
    if case .tcp(let host, _) = self, let port = address?.port {
      return .tcp(host: host, port: port)
    }
    return self
  }
}

extension [UInt8] {
  /// Percent-encoded, but for what is unreserved in RFC 3986.
  var percentEncoded: String {
    map { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
        UInt8(ascii: "_"), UInt8(ascii: "~"):
        String(UnicodeScalar(byte))
      default:
        "%" + [byte].hexadecimal.uppercased()
      }
    }.joined()
  }
}
