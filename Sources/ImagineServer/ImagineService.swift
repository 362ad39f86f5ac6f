import Hummingbird
import HummingbirdCore
import HummingbirdTLS
public import ImagineAPI
public import Logging
import NIOCore
public import ServerStore
import ServiceLifecycle

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The service: both HTTP APIs and the jobs of a data directory, over one engine.
///
/// For example:
///
/// ```swift
/// let service = try ImagineService(
///   configuration, dataDirectory: directory, engine: engine, store: store, logger: logger)
/// try await service.run { address in print(address) }
/// ```
public struct ImagineService: Sendable {
  let configuration: ServiceConfiguration
  let directory: DataDirectory
  let engine: any Engine
  let store: any ServiceStore
  let accountCharges: AccountCharges
  let queue: EngineQueue
  let upstreams: CurrentUpstreams
  let worker: JobWorker
  private let turnKeeper: TurnKeeper?
  let storage: any MediaStorage
  let removal: MediaRemoval
  let linkKeys: LinkKeys
  let temporaryImages: TemporaryImages
  let bodies: BodyReader
  /// Of files that lie on the disk.
  let uploads: ByteBudget
  let answerFiles: AnswerFiles
  let rates = RateLimit()
  let sdapiSessions = SDAPISessions()
  let faultInjection: FaultInjection?
  let authentication: CurrentAuthentication
  let clients: ClientAddresses
  let readiness = Readiness()
  let metrics = ServiceMetrics()
  private let certificate: ServerCertificate?
  private let socket: SocketFile?
  let logger: Logger

  /// - Throws: ``ImagineError`` of kind `io` if the directory's key cannot be read or created;
  ///   ``ImagineError`` about an upstream that cannot be used; ``SettingsError`` if the certificate
  ///   cannot be used or the fault plan names an unknown route.
  public init(
    _ configuration: ServiceConfiguration, dataDirectory directory: DataDirectory,
    engine: any Engine, store: any ServiceStore, logger: Logger
  ) throws {
    let limits = configuration.limits
    self.configuration = configuration
    self.directory = directory
    self.engine =
      configuration.faultPlan?.paint == .card ? PlaceholderEngine(base: engine) : engine
    faultInjection = configuration.faultPlan.map(FaultInjection.init)
    self.store = store
    self.logger = logger
    authentication = CurrentAuthentication(configuration.authentication, store: store)
    clients = ClientAddresses(trustedProxies: configuration.trustedProxies)
    certificate = try configuration.tls.map(ServerCertificate.init)
    socket = configuration.address.socketFile
    queue = EngineQueue(limits, metrics: metrics.calls)
    turnKeeper = try store.turns.map { try TurnKeeper($0, logger: logger) }
    upstreams = try CurrentUpstreams(
      configuration.upstreams, limits: limits, environment: configuration.environment,
      secretVariables: configuration.secretVariables, home: directory.path, keeper: turnKeeper,
      logger: logger)
    accountCharges = AccountCharges(
      accounts: store,
      holdSeconds: { [upstreams] in max(limits.holdSeconds, upstreams.longestCall) },
      logger: logger)
    storage =
      try configuration.objects.map { objects in
        S3Storage(
          bucket: try objects.bucket(environment: configuration.environment, logger: logger),
          redirects: objects.redirects)
      } ?? FolderStorage(directory)
    removal = MediaRemoval(storage, store: store, logger: logger)
    worker = try JobWorker(
      directory, removal: removal,
      orphans: OrphanSweep(
        removal, store: store, removes: configuration.removesOrphans, logger: logger),
      store: store, engine: self.engine,
      upstreams: UpstreamVideos(
        upstreams: upstreams, engine: self.engine, queue: queue, limits: limits, logger: logger),
      limits: limits, metrics: metrics, logger: logger)
    linkKeys = try LinkKeys(directory, store: store, lifetime: limits.linkSeconds)
    temporaryImages = TemporaryImages(
      storage, store: store, keys: linkKeys, limit: limits.temporaryImageBytes)
    bodies = BodyReader(limits)
    uploads = ByteBudget(bytes: limits.fileBytesInFlight)
    answerFiles = AnswerFiles(storage, store: store, limits: limits)
    try configuration.faultPlan?.check(against: routes)
  }

  public var role: ServiceRole { configuration.role }

  /// Replaces the accepted tokens while the service runs.
  ///
  /// - Throws: ``StoreUnreachable`` if their balances cannot be opened; then nothing changes.
  public func replace(_ tokens: TokenList) async throws {
    try await accountCharges.open(tokens)
    authentication.replace(.listed(tokens))
  }

  /// Reads the files of the certificate again, for new connections.
  ///
  /// - Throws: ``SettingsError`` if they cannot be used; then nothing changes.
  public func reloadCertificate() throws { try certificate?.reload() }

  /// From now on, `/readyz` says that the service shuts down.
  public func beginDraining() { readiness.beginDraining() }

  /// Replaces upstreams, and the accepted tokens, while the service runs. Calls in flight go on with
  /// the old upstreams.
  ///
  /// - Parameter tokens: nil to keep those that there are.
  /// - Throws: ``ImagineError`` about the first upstream that cannot be used, and ``StoreUnreachable``
  ///   if the tokens' balances cannot be opened; then nothing changes.
  public func replace(_ tokens: TokenList?, _ upstreams: [UpstreamDescription]) async throws {
    let made = try self.upstreams.made(of: upstreams)
    if let tokens { try await replace(tokens) }
    self.upstreams.replace(made)
  }

  /// Serves until the task is cancelled or its service group shuts down. Then answers the requests in
  /// flight and releases the leases.
  ///
  /// - Parameter onReady: called once, when the service accepts connections, with the bound address.
  /// - Throws: if the address cannot be bound or the store cannot be reached.
  public func run(onReady: @escaping @Sendable (ServiceAddress) async -> Void) async throws {
    if case .listed(let list) = configuration.authentication { try await accountCharges.open(list) }
    try socket?.claim()
    let limits = configuration.limits
    let connections = Connections(
      limit: Descriptors.connections(
        atMost: limits.connections,
        besideWork: 16 + 8 * limits.videos + limits.imageThreads))
    var server = HTTPServerBuilder.http1(
      configuration: .init(
        additionalChannelHandlers: [ConnectionGuard(limits, connections)],
        idleTimeout: .seconds(limits.idleSeconds)))
    if let certificate {
      server = try .tls(server, tlsConfiguration: certificate.configuration)
    }
    let application = Application(
      responder: pipeline,
      server: server,
      configuration: ApplicationConfiguration(
        address: configuration.address.bindAddress,
        availableConnectionsDelegate: ConnectionRoom(
          connections: connections, meter: metrics.connections)),
      services: configuration.role == .serve ? [] : [worker],
      onServerRunning: { channel in
        socket?.wasCreated()
        await onReady(configuration.address.bound(to: channel.localAddress))
      },
      logger: logger)
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await withGracefulShutdownHandler {
          try await keepingTurns { try await application.run() }
        } onGracefulShutdown: {
          readiness.beginDraining()
          queue.shortenDeadlines(seconds: limits.shutdownSeconds)
        })
    } catch {
      result = .failure(ListenError(error, configuration.address) ?? error)
    }
    socket?.remove()
    try await queue.stop()
    try result.get()
  }

  /// Makes the videos of the data directory, without answering requests, until the task is cancelled
  /// or its service group shuts down.
  ///
  /// - Throws: if the store cannot be reached at first.
  public func work(onReady: @Sendable () async -> Void) async throws {
    try await store.probe()
    await onReady()
    try await keepingTurns { try await worker.run() }
    try await queue.stop()
  }

  /// Keeps the turns of this server until the work is over: calls in flight have slots to the end.
  private func keepingTurns(_ work: () async throws -> Void) async throws {
    let keeping = Task { [turnKeeper] in await turnKeeper?.run() }
    defer { keeping.cancel() }
    try await work()
  }

  private var pipeline: RequestPipeline {
    let routes = RouteTable(routesWithKeys)
    return RequestPipeline(
      routes: routes, metrics: metrics.requests(of: routes.routes),
      authentication: authentication, administrators: configuration.administrators,
      originCheck: OriginCheck(configuration), clients: clients, allowance: allowance(of:),
      faultInjection: faultInjection, bodies: bodies, engine: engine.version,
      now: { Date().timeIntervalSince1970 }, logger: logger)
  }

  /// Prepares for an exit before the shutdown is complete: gives video encoders two seconds to stop,
  /// and removes the socket file.
  public func abortShutdown() async {
    for _ in 0..<40 where !worker.isIdle { try? await Task.sleep(for: .milliseconds(50)) }
    socket?.remove()
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
