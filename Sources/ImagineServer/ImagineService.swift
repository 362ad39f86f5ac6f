import Hummingbird
import HummingbirdCore
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
  let worker: JobWorker
  let links: MediaLinks
  let temporaryImages: TemporaryImages
  let bodies: BodyReader
  /// Of files that lie on the disk.
  let uploads: ByteBudget
  let rates = RateLimit()
  let faultInjection: FaultInjection?
  let authentication: CurrentAuthentication
  private let socket: SocketFile?
  let logger: Logger

  /// - Throws: ``ImagineError`` of kind `io` if the directory's key cannot be read or created;
  ///   ``SettingsError`` if the fault plan names an unknown route.
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
    authentication = CurrentAuthentication(configuration.authentication)
    socket = configuration.address.socketFile
    accountCharges = AccountCharges(accounts: store, logger: logger)
    queue = EngineQueue(limits)
    worker = JobWorker(
      directory, store: store, engine: self.engine, limits: limits, logger: logger)
    links = try MediaLinks(directory, lifetime: limits.linkSeconds)
    temporaryImages = TemporaryImages(
      directory, links: links, limit: limits.temporaryImageBytes)
    bodies = BodyReader(limits)
    uploads = ByteBudget(bytes: limits.fileBytesInFlight)
    try configuration.faultPlan?.check(against: routes)
  }

  /// Replaces the accepted tokens while the service runs.
  ///
  /// - Throws: ``StoreUnreachable`` if their balances cannot be opened; then nothing changes.
  public func replace(_ tokens: TokenList) async throws {
    try await accountCharges.open(tokens)
    authentication.replace(.listed(tokens))
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
    let application = Application(
      responder: RequestPipeline(
        routes: RouteTable(routes), authentication: authentication,
        originCheck: OriginCheck(configuration), allowance: allowance(of:),
        faultInjection: faultInjection, engine: engine.version,
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
        socket?.wasCreated()
        await onReady(configuration.address.bound(to: channel.localAddress))
      },
      logger: logger)
    let result: Result<Void, any Error>
    do {
      result = .success(
        try await withGracefulShutdownHandler {
          try await application.run()
        } onGracefulShutdown: {
          queue.shortenDeadlines(seconds: limits.shutdownSeconds)
        })
    } catch {
      result = .failure(ListenError(error, configuration.address) ?? error)
    }
    socket?.remove()
    try await queue.stop()
    try result.get()
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
