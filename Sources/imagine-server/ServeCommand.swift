public import ArgumentParser
import ImagineAPI
import ImagineEngine
import ImagineServer
import ImagineSystem
public import Logging
import ServerStore
import ServiceLifecycle
import UnixSignals

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif
#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `imagine-server serve`: assembles the service and runs it.
struct ServeCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serves the Imagine API and an OpenAI-style images API.",
    discussion: """
      On a loopback address the server accepts any bearer token, and each token is its own account. \
      On a Unix socket every caller is the account 'local'. Once a token was made with \
      'imagine-server token add', or with --tokens, only known tokens are accepted.

      The images are made by the built-in engine, and by the services that the settings file names as \
      upstreams. An option takes precedence over the file.

      SIGTERM and SIGINT shut the server down after it has answered the requests in flight, within \
      a minute. A second signal ends it at once. SIGHUP reloads the file of --tokens, the \
      certificate, and the upstreams of the settings file; without such a file it shuts the server \
      down like SIGTERM.
      """)

  @Argument(help: ArgumentHelp("A TOML file of settings.", valueName: "server.toml"))
  var file: String?

  @Option(help: ArgumentHelp("Listen on a Unix socket instead of an address.", valueName: "path"))
  var socket: String?

  @Option(help: "The address to listen on (default: 127.0.0.1).")
  var host: String?

  @Option(
    parsing: .unconditional,
    help: "The port to listen on; 0 lets the system choose (default: 8080).")
  var port: Int?

  @Option(
    help: ArgumentHelp(
      "The folder of jobs, videos and balances (default: IMAGINE_HOME, else the XDG data folder).",
      valueName: "folder"))
  var home: String?

  @OptionGroup var database: DatabaseOption

  @Option(
    help: ArgumentHelp(
      "The address that clients use, if it differs from the one that the server listens on.",
      valueName: "url"))
  var publicAddress: String?

  @Option(
    help: ArgumentHelp(
      "Accept only the tokens of a TOML file, with the balance, expiry and rate of each.",
      valueName: "file"))
  var tokens: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Calls that a token may start in 60 seconds, unless the token file says otherwise."))
  var rate: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Days to keep finished and failed jobs and their videos (default: 30)."))
  var keepDays: Int?

  @Option(
    help: ArgumentHelp(
      "An alias of a model under /v1, such as gpt-image-2=flux-1; can be repeated.",
      valueName: "name=model"))
  var modelAlias: [ModelAlias] = []

  @Option(
    help: ArgumentHelp(
      "Inject the faults of a TOML file, to test clients.",
      valueName: "file"))
  var rehearse: String?

  @Option(
    help: ArgumentHelp(
      """
      What the server does: serve answers requests, work makes the videos that others on the data \
      folder accepted (default: both).
      """))
  var role: ServiceRole?

  @Option(
    help: ArgumentHelp(
      """
      Where images are decoded and drawn: in children, which is the default for a server that \
      strangers can reach, or in-process.
      """))
  var engine: EnginePlace?

  @Option(help: "The lowest level to log: debug, info, warning or error.")
  var logLevel: Logger.Level?

  @OptionGroup(title: "Options for a service")
  var operation: OperationOptions

  @Flag(
    help: ArgumentHelp(
      """
      Serve the parent process: accept only the token on the first line of standard input, and stop \
      when standard input ends.
      """))
  var child = false

  func validate() throws {
    guard ServerSettings.ports.contains(port ?? 0) else {
      throw ValidationError("--port must be 0 … 65535, not \(port ?? 0)")
    }
    guard ServerSettings.rates.contains(rate ?? 1) else {
      throw ValidationError("--rate must be 1 … 1000000, not \(rate ?? 0)")
    }
    guard ServerSettings.days.contains(keepDays ?? 1) else {
      throw ValidationError("--keep-days must be 1 … 36500, not \(keepDays ?? 0)")
    }
    guard (tokens == nil && file == nil) || !child else {
      throw ValidationError("--child cannot be combined with --tokens or a settings file")
    }
    guard role == nil && database.database == nil || !child else {
      throw ValidationError("--child cannot be combined with --role or --database")
    }
    guard role != .work || tokens == nil && socket == nil else {
      throw ValidationError("--role work answers no requests: leave out --tokens and --socket")
    }
    if let address = publicAddress, !ServiceConfiguration.isPublicAddress(address) {
      throw ValidationError(
        "--public-address must be like https://images.example.org, not '\(address)'")
    }
  }

  func run() async throws {
    // Makes all files private to the user, including the socket.
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    Descriptors.raiseLimit()
    let settings = try file.map { try ServerSettings(file: $0) } ?? ServerSettings()
    let lifetime = child ? try ParentLifetime() : nil
    let operation = operation.completed(by: settings)
    let logger = operation.logger(
      "imagine-server", level: logLevel ?? settings.logLevel ?? (child ? .warning : .info))
    let service = try await makeService(
      settings, operation, token: lifetime?.token, logger: logger)
    let isSecure = operation.tlsCertificate != nil
    let signalHandler = SignalHandler(
      service: service, reload: reload(of: service, isSecure: isSecure),
      drainSeconds: operation.drain ?? 0, logger: logger)
    let serving = Serving(service: service, isChild: child, isSecure: isSecure)
    var group = ServiceGroupConfiguration(
      services: [
        .init(service: signalHandler, successTerminationBehavior: .gracefullyShutdownGroup),
        .init(service: serving),
      ], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(SignalHandler.shutdownSeconds - 5)
    if let lifetime {
      group.services.append(
        .init(service: lifetime, successTerminationBehavior: .gracefullyShutdownGroup))
    }
    try await ServiceGroup(configuration: group).run()
  }

  private func makeService(
    _ settings: ServerSettings, _ operation: OperationOptions, token: String?, logger: Logger
  ) async throws -> ImagineService {
    let environment = ProcessInfo.processInfo.environment
    let directory = try DataDirectory(
      home ?? settings.home ?? DataFolder.path(environment: environment))
    // The environment of a host's private server is the user's.
    let store =
      child
      ? try SQLiteServiceStore(path: directory.database)
      : try await database.store(settings, in: directory, patience: 30)
    let hasTokens = try await !store.tokens().isEmpty
    var configuration = try configuration(
      settings, token: token, hasTokens: hasTokens, environment)
    try operation.apply(to: &configuration)
    return try ImagineService(
      configuration, dataDirectory: directory,
      engine: enginePlace(configuration).engine(logger: logger), store: store, logger: logger)
  }

  private func configuration(
    _ settings: ServerSettings, token: String?, hasTokens: Bool, _ environment: [String: String]
  ) throws -> ServiceConfiguration {
    let address = address(settings)
    var configuration = ServiceConfiguration(
      address: address,
      authentication: try authentication(settings, address, token: token, hasTokens: hasTokens),
      limits: limits(settings))
    configuration.publicAddress = publicAddress ?? settings.publicAddress
    configuration.role = role ?? settings.role ?? .both
    configuration.modelAliases = settings.modelAliases.merging(
      modelAlias.map { ($0.name, $0.model) }, uniquingKeysWith: { $1 })
    configuration.faultPlan = try rehearse.map(FaultPlan.init(file:))
    configuration.upstreams = settings.upstreams
    configuration.objects = settings.objects
    configuration.removesOrphans = settings.removesOrphans ?? false
    configuration.environment = environment
    if case .anyToken = configuration.authentication, !address.isLocal, configuration.role != .work
    {
      throw ValidationError(
        "other machines can reach \(address): give the tokens to accept with --tokens FILE, or make "
          + "one with imagine-server token add NAME")
    }
    if let alias = configuration.unknownAlias {
      throw ValidationError(
        "--model-alias \(alias.name): there is no model '\(alias.model)' (models: "
          + configuration.models.joined(separator: ", ") + ")")
    }
    return configuration
  }

  /// Callers on a private socket are the user's own programs.
  private func enginePlace(_ configuration: ServiceConfiguration) -> EnginePlace {
    if let engine { return engine }
    guard case .local = configuration.authentication else { return .children }
    return .inProcess
  }

  private func address(_ settings: ServerSettings) -> ServiceAddress {
    let isTCP = host != nil || port != nil
    if let path = socket ?? (isTCP ? nil : settings.socket) { return .socket(path: path) }
    return .tcp(
      host: host ?? settings.host ?? "127.0.0.1", port: port ?? settings.port ?? 8080)
  }

  private func authentication(
    _ settings: ServerSettings, _ address: ServiceAddress, token: String?, hasTokens: Bool
  ) throws -> Authentication {
    if let tokens = tokens ?? settings.tokensFile { return .listed(try TokenList(file: tokens)) }
    if !child, hasTokens { return .listed(TokenList(entries: [:])) }
    if case .socket = address { return .local(token: token) }
    return child ? .local(token: token) : .anyToken
  }

  private func limits(_ settings: ServerSettings) -> Limits {
    var limits = Limits(cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    limits.callsPerMinute = rate ?? settings.rate
    // The host sends the user's own images to it: a large photo as a PNG is no attack.
    if child { limits.bodyBytes = limits.bodyBytesInFlight / 2 }
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    limits.imageBytes = min(limits.imageBytes, max(256 << 20, memory / 2))
    limits.videoQueue = settings.videoQueue ?? limits.videoQueue
    limits.videosPerAccount = settings.videosPerAccount ?? limits.videosPerAccount
    limits.keepSeconds = Double(keepDays ?? settings.keepDays ?? 30) * 86400
    return limits
  }

  /// Reads tokens, upstreams and the certificate again; nil if they are in no file. What cannot be
  /// read changes nothing.
  private func reload(
    of service: ImagineService, isSecure: Bool
  ) -> (@Sendable () async throws -> Void)? {
    guard file != nil || tokens != nil || isSecure else { return nil }
    let (file, tokens) = (file, tokens)
    return {
      let settings = try file.map { try ServerSettings(file: $0) } ?? ServerSettings()
      let list = try (tokens ?? settings.tokensFile).map { try TokenList(file: $0) }
      try service.reloadCertificate()
      try await service.replace(list, settings.upstreams)
    }
  }
}

/// Runs the service and prints its address.
private struct Serving: Service {
  let service: ImagineService
  let isChild: Bool
  let isSecure: Bool

  func run() async throws {
    let (isChild, isSecure) = (isChild, isSecure)
    if service.role == .work {
      return try await service.work {
        print("working")
        fflush(nil)
        ServiceManager.notify("READY=1")
      }
    }
    try await service.run { address in
      print(isChild ? "ready \(address)" : "listening on \(address.text(isSecure: isSecure))")
      fflush(nil)
      ServiceManager.notify("READY=1")
    }
  }
}

/// `name=model`.
struct ModelAlias: ExpressibleByArgument {
  let name: String
  let model: String

  init?(argument: String) {
    let pieces = argument.split(separator: "=", omittingEmptySubsequences: false)
    guard pieces.count == 2, pieces.allSatisfy({ !$0.isEmpty }) else { return nil }
    (name, model) = (String(pieces[0]), String(pieces[1]))
  }
}

extension Logger.Level: @retroactive ExpressibleByArgument {}
