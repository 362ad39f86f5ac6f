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

/// The program: parses the arguments and assembles the service.
@main
struct ImagineServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine-server",
    abstract: "Serves the Imagine API and an OpenAI-style images API over the built-in engine.",
    discussion: """
      On a loopback address the server accepts any bearer token, and each token is its own account. \
      On a Unix socket every caller is the account 'local'.

      SIGTERM and SIGINT shut the server down after it has answered the requests in flight, within \
      a minute. A second signal ends it at once. SIGHUP reloads the file of --tokens; without that \
      file it shuts the server down like SIGTERM.
      """)

  @Option(help: ArgumentHelp("Listen on a Unix socket instead of an address.", valueName: "path"))
  var socket: String?

  @Option(help: "The address to listen on.")
  var host = "127.0.0.1"

  @Option(
    parsing: .unconditional, help: "The port to listen on; 0 lets the system choose.")
  var port = 8080

  @Option(
    help: ArgumentHelp(
      "The folder of jobs, videos and balances (default: IMAGINE_HOME, else the XDG data folder).",
      valueName: "folder"))
  var home: String?

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
    help: ArgumentHelp("Days to keep finished and failed jobs and their videos."))
  var keepDays = 30

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

  @Option(help: "The lowest level to log: debug, info, warning or error.")
  var logLevel: Logger.Level?

  @Flag(
    help: ArgumentHelp(
      """
      Serve the parent process: accept only the token on the first line of standard input, and stop \
      when standard input ends.
      """))
  var child = false

  func validate() throws {
    guard (0...65535).contains(port) else {
      throw ValidationError("--port must be 0 … 65535, not \(port)")
    }
    guard (1...1_000_000).contains(rate ?? 1) else {
      throw ValidationError("--rate must be 1 … 1000000, not \(rate ?? 0)")
    }
    guard (1...36500).contains(keepDays) else {
      throw ValidationError("--keep-days must be 1 … 36500, not \(keepDays)")
    }
    guard tokens == nil || !child else {
      throw ValidationError("--child cannot be combined with --tokens")
    }
    if let address = publicAddress, !ServiceConfiguration.isPublicAddress(address) {
      throw ValidationError(
        "--public-address must be like https://images.example.org, not '\(address)'")
    }
    let models = ServiceConfiguration.models
    if let alias = modelAlias.first(where: { !models.contains($0.model) }) {
      throw ValidationError(
        "--model-alias: there is no model '\(alias.model)' (models: \(models.joined(separator: ", ")))"
      )
    }
  }

  func run() async throws {
    // Makes all files private to the user, including the socket.
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    Descriptors.raiseLimit()
    let lifetime = child ? try ParentLifetime() : nil
    let logger = makeLogger()
    let service = try makeService(token: lifetime?.token, logger: logger)
    let signalHandler = SignalHandler(service: service, tokens: tokens, logger: logger)
    var group = ServiceGroupConfiguration(
      services: [
        .init(service: signalHandler, successTerminationBehavior: .gracefullyShutdownGroup),
        .init(service: Serving(service: service, isChild: child, logger: logger)),
      ], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(SignalHandler.shutdownSeconds - 5)
    if let lifetime {
      group.services.append(
        .init(service: lifetime, successTerminationBehavior: .gracefullyShutdownGroup))
    }
    try await ServiceGroup(configuration: group).run()
  }

  private func makeLogger() -> Logger {
    var logger = Logger(label: "imagine-server") {
      EscapingLogHandler(StreamLogHandler.standardError(label: $0))
    }
    logger.logLevel = logLevel ?? (child ? .warning : .info)
    return logger
  }

  private func makeService(token: String?, logger: Logger) throws -> ImagineService {
    let directory = try DataDirectory(
      self.home ?? DataFolder.path(environment: ProcessInfo.processInfo.environment))
    let store = try SQLiteServiceStore(path: directory.database)
    var limits = Limits(cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    limits.callsPerMinute = rate
    // The host sends the user's own images to it: a large photo as a PNG is no attack.
    if child { limits.bodyBytes = limits.bodyBytesInFlight / 2 }
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    limits.imageBytes = min(limits.imageBytes, max(256 << 20, memory / 2))
    limits.keepSeconds = Double(keepDays) * 86400
    var configuration = ServiceConfiguration(
      address: socket.map { .socket(path: $0) } ?? .tcp(host: host, port: port),
      authentication: try authentication(token: token), limits: limits)
    configuration.publicAddress = publicAddress
    configuration.modelAliases = Dictionary(
      modelAlias.map { ($0.name, $0.model) }, uniquingKeysWith: { $1 })
    configuration.faultPlan = try rehearse.map(FaultPlan.init(file:))
    if case .anyToken = configuration.authentication, !configuration.address.isLocal {
      throw ValidationError(
        "other machines can reach \(host): give the tokens to accept with --tokens FILE")
    }
    return try ImagineService(
      configuration, dataDirectory: directory, engine: BuiltInEngine(), store: store,
      logger: logger)
  }
}

/// Runs the service and prints its address.
private struct Serving: Service {
  let service: ImagineService
  let isChild: Bool
  let logger: Logger

  func run() async throws {
    let isChild = isChild
    try await service.run { address in
      print(isChild ? "ready \(address)" : "listening on \(address)")
      fflush(nil)
    }
  }
}

extension ImagineServerCommand {
  private func authentication(token: String?) throws -> Authentication {
    if let tokens { return .listed(try TokenList(file: tokens)) }
    return socket != nil || child ? .local(token: token) : .anyToken
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
