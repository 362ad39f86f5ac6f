public import ArgumentParser
import ImagineCore
import ImagineEngine
import ImagineServer
import ImagineStore
public import Logging
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

/// The program: reads the arguments and puts the parts together.
@main
struct ImagineServerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine-server",
    abstract: "Serves the Imagine API and an OpenAI-style images API over the built-in engine.",
    discussion: """
      On a loopback address any bearer token is accepted, and each is an account of its own. On a \
      Unix socket every caller is the account 'local'.

      SIGTERM and SIGINT end the server when the answers it owes are out, within a minute; a \
      second one ends it at once. SIGHUP reads the file of --tokens again; without that file it \
      ends the server like SIGTERM.
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
      "Where jobs, films and balances are kept (default: IMAGINE_HOME, else the XDG data folder).",
      valueName: "folder"))
  var home: String?

  @Option(
    help: ArgumentHelp(
      "The address that clients reach the server by, where that is another than it listens on.",
      valueName: "url"))
  var publicAddress: String?

  @Option(
    help: ArgumentHelp(
      "Accept the tokens of a TOML file alone, with the balance, expiry and rate of each.",
      valueName: "file"))
  var tokens: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Calls that a token may start in 60 seconds, where the file of tokens says nothing else."))
  var rate: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Days that finished and failed jobs and their videos are kept."))
  var keepDays = 30

  @Option(
    help: ArgumentHelp(
      "Another name for a model under /v1, such as gpt-image-1=flux-1; may be repeated.",
      valueName: "name=model"))
  var modelAlias: [ModelAlias] = []

  @Option(
    help: ArgumentHelp(
      "Misbehave on purpose as a TOML file says, to test how clients take it.",
      valueName: "file"))
  var rehearse: String?

  @Option(help: "The least level of what is logged: debug, info, warning, error.")
  var logLevel: Logger.Level?

  @Flag(
    help: ArgumentHelp(
      """
      Serve the program that started this one: the first line on standard input is the only token \
      accepted, and the server stops when standard input ends.
      """))
  var child = false

  func validate() throws {
    guard (0...65535).contains(port) else {
      throw ValidationError("--port is 0 … 65535, not \(port)")
    }
    guard (1...1_000_000).contains(rate ?? 1) else {
      throw ValidationError("--rate is 1 … 1000000, not \(rate ?? 0)")
    }
    guard (1...36500).contains(keepDays) else {
      throw ValidationError("--keep-days is 1 … 36500, not \(keepDays)")
    }
    guard tokens == nil || !child else { throw ValidationError("--child has one token alone") }
    if let address = publicAddress, !ServiceConfiguration.isPublicAddress(address) {
      throw ValidationError(
        "--public-address is such as https://images.example.org, not '\(address)'")
    }
    let models = ServiceConfiguration.models
    if let alias = modelAlias.first(where: { !models.contains($0.model) }) {
      throw ValidationError(
        "--model-alias: there is no model '\(alias.model)' (models: \(models.joined(separator: ", ")))"
      )
    }
  }

  func run() async throws {
    // What the server writes is its user's business alone; this covers the socket, too.
    umask(0o077)
    signal(SIGPIPE, SIG_IGN)
    Descriptors.raiseLimit()
    let lifetime = child ? try ParentLifetime() : nil
    let logger = makeLogger()
    let service = try makeService(token: lifetime?.token, logger: logger)
    let ending = Ending(service: service, tokens: tokens, logger: logger)
    var group = ServiceGroupConfiguration(
      services: [
        .init(service: ending, successTerminationBehavior: .gracefullyShutdownGroup),
        .init(service: Serving(service: service, isChild: child, logger: logger)),
      ], logger: logger)
    group.maximumGracefulShutdownDuration = .seconds(Ending.patience - 5)
    if let lifetime {
      group.services.append(
        .init(service: lifetime, successTerminationBehavior: .gracefullyShutdownGroup))
    }
    try await ServiceGroup(configuration: group).run()
  }

  private func makeLogger() -> Logger {
    var logger = Logger(label: "imagine-server") {
      PlainLog(StreamLogHandler.standardError(label: $0))
    }
    logger.logLevel = logLevel ?? (child ? .warning : .info)
    return logger
  }

  private func makeService(token: String?, logger: Logger) throws -> ImagineService {
    let home = try Home(
      self.home ?? DataFolder.path(environment: ProcessInfo.processInfo.environment))
    let store = try SQLiteJobStore(path: home.database)
    var limits = Limits(cores: sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    limits.callsPerMinute = rate
    let memory = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
    limits.imageBytes = min(limits.imageBytes, max(256 << 20, memory / 2))
    limits.keepSeconds = Double(keepDays) * 86400
    var configuration = ServiceConfiguration(
      address: socket.map { .socket(path: $0) } ?? .tcp(host: host, port: port),
      callers: try callers(token: token), limits: limits)
    configuration.publicAddress = publicAddress
    configuration.modelAliases = Dictionary(
      modelAlias.map { ($0.name, $0.model) }, uniquingKeysWith: { $1 })
    configuration.rehearsal = try rehearse.map(RehearsalPlan.init(file:))
    if case .anyToken = configuration.callers, !configuration.address.isLocal {
      throw ValidationError(
        "\(host) can be reached from other machines: name the tokens to accept with --tokens FILE")
    }
    return try ImagineService(
      configuration, home: home, engine: BuiltInEngine(), jobs: store, accounts: store,
      logger: logger)
  }

}

/// Runs the service within the program's group, and says where it listens.
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
  private func callers(token: String?) throws -> Callers {
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
