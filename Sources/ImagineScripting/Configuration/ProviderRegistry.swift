import ImagineAPI
import ImagineProviders
import ImagineRuns
import ImagineSystem
import LocalServer
import Synchronization

/// Makes the provider of each name once.
final class ProviderRegistry: Sendable {
  private struct State {
    var providers: [String: any Provider] = [:]
    /// By the service's address.
    var limiters: [String: CallLimiter] = [:]
    var limits: (concurrency: Int, rate: Int?) = (CallLimiter.standardConcurrency, nil)
    var selection: ProviderSelection?
    /// Whether the user was told of the selection.
    var hasNotified = false
    var file: ConfigurationFile?
  }

  private let configuration: ScriptHost.Configuration
  private let transport: HTTPTransport
  private let home: String
  /// Nil if the program has no local server.
  private let server: LocalServer?
  private let state = Mutex(State())

  init(_ configuration: ScriptHost.Configuration, home: String) {
    self.configuration = configuration
    self.home = home
    transport = HTTPTransport(
      trustedCertificates: configuration.certificates,
      proxies: ProxySettings(configuration.environment),
      userAgent: "imagine/\(ScriptHost.version)",
      restoresSIGPIPE: configuration.ownsProcess, logger: configuration.logger)
    let program: String? =
      switch configuration.service {
      case .environment(let program), .program(let program): program
      case .address(_, token: _, serverProgram: let program): program
      }
    server = program.map {
      LocalServer(program: $0, home: home, environment: configuration.environment)
    }
  }

  /// Sends requests of scripts, as those of providers are sent: through the same proxies.
  var web: any WebClient { transport }

  /// The provider with a name; nil for the default one.
  func provider(named name: String?) throws -> any Provider {
    try state.withLock { state in
      let name = try name ?? selected(&state).name
      if let provider = state.providers[name] { return provider }
      let provider = try makeProvider(name, &state)
      state.providers[name] = provider
      return provider
    }
  }

  /// The name of the default provider, and why it was selected; whoever asks shows it.
  ///
  /// - Parameter isQuiet: false to tell the user, once.
  func selection(isQuiet: Bool = true) throws -> (name: String, reason: String) {
    let selection = try state.withLock { try selected(&$0, isQuiet: isQuiet) }
    return (selection.name, selection.reason)
  }

  /// Starts the private server if needed and returns the version of its engine; nil if this program
  /// has none.
  func localEngineVersion() async throws -> String? {
    guard let server else { return nil }
    return try await ServerConverter(transport: transport, target: server).engineVersion()
  }

  func dailyLimit() throws -> Price? {
    try state.withLock { try file(&$0).dailyLimit }
  }

  func retention() throws -> Retention {
    try state.withLock { try file(&$0).retention }
  }

  /// The proxies of the environment, in words.
  func proxies() throws(ImagineError) -> [String] { try transport.proxies.descriptions() }

  func sessionSettings() throws -> SessionSettings {
    try state.withLock { try file(&$0).session }
  }

  /// The base URLs of the providers in `config.toml`, by name.
  func configuredAddresses() throws -> [String: (kind: ProviderKind?, baseURL: String)] {
    try state.withLock { state in
      try file(&state).providers.compactMapValues { settings in
        guard let baseURL = try? settings.text("base_url") else { return nil }
        return ((try? settings.text("kind")).flatMap(ProviderKind.init(rawValue:)), baseURL)
      }
    }
  }

  /// The servers for images that answer on this machine.
  func serversOfThisMachine(alsoAt ports: [Int]) async -> [FoundServer] {
    await KnownServers(transport: transport).find(alsoAt: ports)
  }

  func configuredNames() throws -> [String] {
    try state.withLock { try file(&$0).providers.keys.sorted() }
  }

  func close() {
    server?.stop()
  }

  private func selected(_ state: inout State, isQuiet: Bool = false) throws -> ProviderSelection {
    let selection = try state.selection ?? newSelection(&state)
    state.selection = selection
    if case .environment = configuration.service, !state.hasNotified {
      state.hasNotified = true
      if !isQuiet { configuration.notice("provider \(selection.name) (\(selection.reason))") }
    }
    return selection
  }

  private func newSelection(_ state: inout State) throws -> ProviderSelection {
    switch configuration.service {
    case .environment:
      try ProviderSelection(
        option: configuration.provider, environment: configuration.environment,
        configured: try file(&state).provider)
    case .program:
      try ProviderSelection(
        option: configuration.provider ?? BuiltInProvider.local.name, environment: [:],
        configured: nil)
    case .address:
      try ProviderSelection(
        option: configuration.provider ?? BuiltInProvider.imagine.name, environment: [:],
        configured: nil)
    }
  }

  private func file(_ state: inout State) throws(ImagineError) -> ConfigurationFile {
    if let file = state.file { return file }
    let file = try ConfigurationFile.read(DataFolder.configuration(configuration.environment))
    state.file = file
    return file
  }

  private func makeProvider(_ name: String, _ state: inout State) throws -> any Provider {
    if let own = configuration.providers.first(where: { $0.name == name }) {
      return withRetries(own, sharing: "provider \(name)", &state)
    }
    switch (BuiltInProvider(rawValue: name), configuration.service) {
    case (.local, _):
      guard let server else {
        throw ImagineError(
          .validation, "the provider 'local' needs the program imagine-server", field: "provider")
      }
      let provider = ImagineProvider.local(transport: transport, target: server)
      return withRetries(provider, at: name, &state)
    case (.imagine, .address(let address, let token, _)):
      guard Endpoint.isBase(address) else {
        throw ImagineError.invalid(
          field: "address", given: "this address", expected: "an http or https address")
      }
      guard let token = Token(token) else {
        throw ImagineError.invalid(
          field: "token", given: "this token", expected: Token.expectation)
      }
      let endpoint = Endpoint(baseURL: address, token: token)
      let provider = ImagineProvider(name: name, transport: transport, endpoint: endpoint)
      return withRetries(provider, at: address, &state)
    default:
      return try makeProvider(try description(of: name, &state), name, &state)
    }
  }

  private func description(
    of name: String, _ state: inout State
  ) throws(ImagineError) -> ProviderDescription {
    let file = try file(&state)
    let settings = file.providers[name]
    let builtIn = try ProviderDescription.builtIn(
      name, configuration.environment, settings ?? ConfigTable(in: name))
    if let builtIn { return builtIn }
    if let settings { return try ProviderDescription(settings, filesIn: file.folder) }
    let names =
      BuiltInProvider.names + configuration.providers.map(\.name) + file.providers.keys.sorted()
    throw .invalid(
      field: "provider", given: "\"\(name)\"",
      expected: "one of: \(names.joined(separator: ", "))", allowed: names)
  }

  private func makeProvider(
    _ description: ProviderDescription, _ name: String, _ state: inout State
  ) throws -> any Provider {
    let provider = try description.makeProvider(
      named: name, transport: transport, environment: configuration.environment,
      home: home, sends: !configuration.plans)
    let service = description.kind == .command ? "provider \(name)" : description.baseURL
    return withRetries(
      provider, sharing: Endpoint(baseURL: service, token: nil).baseURL, &state,
      maxConcurrency: description.concurrency)
  }

  /// Adds retries. All calls to one address share one limiter.
  private func withRetries(
    _ provider: any Provider, at address: String, _ state: inout State
  ) -> any Provider {
    withRetries(
      provider, sharing: Endpoint(baseURL: address, token: nil).baseURL, &state)
  }

  /// - Parameters:
  ///   - service: names what shares a limiter.
  ///   - maxConcurrency: the most calls in flight that the service allows.
  private func withRetries(
    _ provider: any Provider, sharing service: String, _ state: inout State,
    maxConcurrency: Int? = nil
  ) -> any Provider {
    let limiter =
      state.limiters[service]
      ?? CallLimiter(concurrency: state.limits.concurrency, rate: state.limits.rate)
    // Another description of the same address may have made it.
    if let maxConcurrency { limiter.lower(maxConcurrency: maxConcurrency) }
    state.limiters[service] = limiter
    return RetryingProvider(provider, limiter: limiter, notice: configuration.notice)
  }
}

extension ProviderRegistry: ProviderSource {
  /// A provider that a script describes is not cached by name.
  func provider(describedBy settings: ConfigTable) throws -> any Provider {
    let description = try ProviderDescription(settings)
    return try state.withLock { state in
      try makeProvider(description, description.standardName, &state)
    }
  }

  func fetch(_ address: String, into store: any MediaStore) async throws -> Asset {
    try await WebFile(address, transport: transport).fetch(into: store)
  }

  func version(of provider: any Provider) async throws -> String {
    provider.name == BuiltInProvider.local.name ? try await localEngineVersion() ?? "" : ""
  }

  func limitCalls(concurrency: Int?, rate: Int?) {
    state.withLock { state in
      if let concurrency { state.limits.concurrency = concurrency }
      if let rate { state.limits.rate = rate }
      for limiter in state.limiters.values { limiter.set(concurrency: concurrency, rate: rate) }
    }
  }
}

extension ProviderRegistry {
  /// What the providers in `config.toml` take, sorted by name. No key is needed.
  func configuredProfiles() throws -> [ProviderProfile] {
    try state.withLock { state in
      try file(&state).providers.keys.sorted().map { name in
        let description = try description(of: name, &state)
        return try description.makeProvider(
          named: name, transport: transport, environment: configuration.environment,
          home: home, sends: false
        ).profile
      }
    }
  }
}

/// The private server converts images, whichever provider made them; they are sent nowhere else.
extension ProviderRegistry: ImageConverter {
  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    try await converter().convert(asset, to: conversion, into: store)
  }

  func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    try await converter().thumbnail(of: asset, within: box, from: store)
  }

  func composite(
    _ edit: MaskedEdit, into store: any MediaStore
  ) async throws -> Composite {
    try await converter("putting an image back outside a mask").composite(edit, into: store)
  }

  func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output {
    try await converter("\(step.operation.name) of pixels").perform(step, into: store)
  }

  private func converter(
    _ purpose: String = "converting an image"
  ) throws(ImagineError) -> any ImageConverter {
    if let converter = configuration.converter { return converter }
    guard let server else {
      throw ImagineError(.unavailable, "\(purpose) needs the program imagine-server")
    }
    return ServerConverter(transport: transport, target: server)
  }
}
