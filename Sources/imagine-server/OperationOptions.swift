public import ArgumentParser
public import ImagineServer
import Logging

/// The options of whoever runs the service for others: logs, TLS, proxies, metrics.
struct OperationOptions: ParsableArguments {
  @Option(help: "Write log lines as text, or as JSON, an object a line.")
  var logFormat: LogFormat?

  @Option(
    help: ArgumentHelp(
      """
      Speak TLS with the certificate in a PEM file, which holds the whole chain; SIGHUP reloads it. \
      Needs --tls-key.
      """, valueName: "file"))
  var tlsCertificate: String?

  @Option(
    help: ArgumentHelp(
      "The certificate's private key, in a PEM file that nobody else may read.",
      valueName: "file"))
  var tlsKey: String?

  @Option(
    help: ArgumentHelp(
      """
      A proxy whose X-Forwarded-* and Forwarded headers count: 10.0.0.0/8, an address, or 'unix' for \
      a Unix socket; can be repeated.
      """, valueName: "range"))
  var trustedProxy: [AddressRange] = []

  @Option(
    help: ArgumentHelp(
      "A file with the token that other machines read GET /metrics with.", valueName: "file"))
  var metricsToken: String?

  @Option(
    help: "Who gets the page GET / to try the service: browsers on this machine, all, or none.")
  var page: PageAccess?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Seconds after SIGTERM in which GET /readyz fails and requests are still answered, so that a \
      load balancer turns away first (default: 0).
      """, valueName: "seconds"))
  var drain: Int?

  func validate() throws {
    guard (tlsCertificate == nil) == (tlsKey == nil) else {
      throw ValidationError("--tls-certificate and --tls-key need each other")
    }
    guard ServerSettings.drains.contains(drain ?? 0) else {
      throw ValidationError("--drain must be 0 … 3600, not \(drain ?? 0)")
    }
  }

  /// The options, with the settings of a file for those that are not given.
  func completed(by settings: ServerSettings) -> OperationOptions {
    var options = self
    options.logFormat = logFormat ?? settings.logFormat
    if tlsCertificate == nil {
      (options.tlsCertificate, options.tlsKey) = (settings.tlsCertificate, settings.tlsKey)
    }
    if trustedProxy.isEmpty { options.trustedProxy = settings.trustedProxies }
    options.metricsToken = metricsToken ?? settings.metricsTokenFile
    options.page = page ?? settings.page
    options.drain = drain ?? settings.drain
    return options
  }

  /// - Throws: if a file cannot be used, or options contradict each other.
  func apply(to configuration: inout ServiceConfiguration) throws {
    if let tlsCertificate, let tlsKey {
      configuration.tls = CertificateFiles(certificate: tlsCertificate, key: tlsKey)
    }
    if case .socket = configuration.address, configuration.tls != nil {
      throw ValidationError("--tls-certificate needs an address, not --socket")
    }
    if !trustedProxy.isEmpty { configuration.trustedProxies = trustedProxy }
    if let metricsToken {
      configuration.administrators = try AdministratorAccess(tokenFile: metricsToken)
    }
    if let page { configuration.page = page }
  }

  /// The program's logger, with the trace of each request.
  func logger(_ label: String, level: Logger.Level) -> Logger {
    var logger = Logger(label: label) { label in
      var handler =
        logFormat == .json
        ? EscapingLogHandler(JSONLogHandler(label: label))
        : EscapingLogHandler(StreamLogHandler.standardError(label: label))
      handler.metadataProvider = .trace
      return handler
    }
    logger.logLevel = level
    return logger
  }
}

extension LogFormat: ExpressibleByArgument {}

extension PageAccess: ExpressibleByArgument {}

extension AddressRange: ExpressibleByArgument {
  public init?(argument: String) { self.init(argument) }
}
