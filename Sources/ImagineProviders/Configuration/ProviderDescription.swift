package import ImagineAPI

/// A provider's description in `config.toml`, in a script, or in the configuration of a server.
package struct ProviderDescription: Sendable, Equatable {
  package let kind: ProviderKind
  package private(set) var baseURL: String
  /// The token itself; `tokenVariable` keeps it out of files.
  package var token: Token?
  package var tokenVariable: String?
  /// What an OpenAI-style service takes.
  package var service = OpenAIService()
  /// The `response_format` that an OpenAI-style service wants; nil to send none.
  package var responseFormat: String?
  /// The programs of a provider of the kind `command`; nil for the other kinds.
  package var commands: CommandService?
  /// What a server of the A1111 API takes.
  package var painter = SDAPIService()
  /// The most calls in flight that the service allows; nil for no limit of its own.
  package private(set) var concurrency: Int?
  /// The limit of a program's memory in bytes; nil for none.
  package var memory: UInt64?
  /// The workflows of a provider of the kind `comfy`; nil for the other kinds.
  package var comfy: ComfyService?
  /// The key of comfy.org, and the variable that has it; `comfy` alone has one.
  package var accountKey: Token?
  package var accountKeyVariable: String?
  /// Nil for the default prices of the kind.
  package var prices: PriceList?
  /// Where it is written, for messages.
  package let place: String
  /// The name of a provider that a script describes: its kind and its host.
  package private(set) var standardName: String

  private init(kind: ProviderKind, baseURL: String, place: String) {
    self.kind = kind
    self.baseURL = baseURL
    self.place = place
    standardName = Self.standardName(kind, baseURL)
  }

  /// The members that `config.toml` may set for a provider, by its name; none for the built-in
  /// engine.
  package static func members(of name: String) -> [String] {
    BuiltInProvider(rawValue: name)?.settings ?? ProviderKind.allSettings
  }

  /// - Parameter folder: where relative paths begin; nil for the working folder.
  /// - Throws: `ImagineError` of kind `validation` that names the place and the member.
  package init(_ settings: ConfigTable, filesIn folder: String? = nil) throws(ImagineError) {
    let place = settings.place
    guard let name = try settings.text("kind") else { throw .missing(field: "kind", of: place) }
    guard let kind = ProviderKind(rawValue: name) else {
      let kinds = ProviderKind.allCases.map(\.rawValue)
      throw .invalid(
        field: "\(place).kind", given: "\"\(name)\"",
        expected: "one of: \(kinds.joined(separator: ", "))", allowed: kinds)
    }
    try settings.allow(kind.settings)
    if kind == .command {
      self.init(kind: kind, baseURL: "", place: place)
      try readCommands(settings)
      return
    }
    guard let baseURL = try settings.text("base_url") else {
      throw .missing(field: "base_url", of: place)
    }
    try Self.check(baseURL, field: "\(place).base_url")
    self.init(kind: kind, baseURL: baseURL, place: place)
    token = try Self.token("token", settings)
    tokenVariable = try settings.text("token_env")
    switch kind {
    case .sdapi: try readPainter(settings)
    case .comfy: try readWorkflows(settings, filesIn: folder)
    default: try applyOverrides(settings)
    }
  }

  private static func token(
    _ key: String, _ settings: ConfigTable
  ) throws(ImagineError) -> Token? {
    guard let text = try settings.text(key) else { return nil }
    guard let token = Token(text) else {
      throw .invalid(
        field: "\(settings.place).\(key)", given: text.isEmpty ? "an empty string" : "this token",
        expected: Token.expectation)
    }
    return token
  }

  /// Does not repeat an address that may contain a password or a key.
  private static func check(_ address: String, field: String) throws(ImagineError) {
    guard !Endpoint.isBase(address) else { return }
    throw .invalid(
      field: field,
      given: address.contains { "@?".contains($0) } ? "this address" : "\"\(address)\"",
      expected: "an http or https address of printable ASCII, with an optional port from 1 to 65535"
        + " and without user name, password or fragment")
  }

  /// Reads the settings allowed for built-in providers as well.
  private mutating func applyOverrides(_ settings: ConfigTable) throws(ImagineError) {
    service.model = try settings.text("model") ?? service.model
    if let sizes = try settings.texts("sizes") {
      service.sizes = try Self.sizes(sizes, in: "\(place).sizes")
    }
    let dialects = OpenAIDialect.allCases.map(\.rawValue)
    if let name = try choice("dialect", of: dialects, settings) {
      service.dialect = OpenAIDialect(rawValue: name) ?? .openai
    }
    responseFormat = try choice("response_format", of: ["b64_json", "url"], settings)
    service.videoModel = try settings.text("video_model")
    service.hasVideos = try settings.flag("videos") ?? (service.videoModel != nil)
    if let prices = try settings.table("prices") {
      let operations = kind == .imagine ? MediaOperation.all : service.operations
      self.prices = try PriceList(prices, of: operations)
    }
  }

  private mutating func readWorkflows(
    _ settings: ConfigTable, filesIn folder: String?
  ) throws(ImagineError) {
    guard let workflows = try settings.table("workflows") else {
      throw .missing(
        field: "workflows", of: place, expected: "a table with a workflow for each operation")
    }
    let service = try ComfyService(workflows, filesIn: folder)
    comfy = service
    accountKey = try Self.token("comfy_org_key", settings)
    accountKeyVariable = try settings.text("comfy_org_key_env")
    guard let prices = try settings.table("prices") else { return }
    let given = try PriceList(prices, of: service.operations)
    // With a key, nodes may call services that bill it.
    let isFree = accountKey == nil && accountKeyVariable == nil
    self.prices = isFree ? try given.completedByFree(service.operations) : given
  }

  private mutating func readCommands(_ settings: ConfigTable) throws(ImagineError) {
    var words: [String: [String]] = [:]
    for name in CommandService.names { words[name] = try settings.texts(name) }
    let service = try CommandService(words, in: place)
    commands = service
    if let text = try settings.text("memory") {
      guard let bytes = Self.bytes(text) else {
        throw .invalid(
          field: "\(place).memory", given: "\"\(text)\"", expected: "an amount such as 512M or 4G")
      }
      memory = bytes
    }
    try readOwnPrices(settings, of: service.operations)
    standardName = "command@\(Self.digest(of: words))"
  }

  private mutating func readPainter(_ settings: ConfigTable) throws(ImagineError) {
    // Its routes have the whole path.
    for suffix in ["/", "/sdapi/v1"] where baseURL.hasSuffix(suffix) {
      baseURL.removeLast(suffix.count)
    }
    painter.model = try settings.text("model")
    let dialects = SDAPIDialect.allCases.map(\.rawValue)
    if let name = try choice("dialect", of: dialects, settings) {
      painter.dialect = SDAPIDialect(rawValue: name) ?? .a1111
    }
    painter.upscaler = try settings.text("upscaler") ?? painter.upscaler
    painter.resolution = try settings.integer("resolution", in: SDAPIService.resolutions)
    painter.batch = try settings.integer("batch", in: SDAPIService.batches) ?? painter.batch
    // These servers have one GPU, and some mix the masks of calls at the same time.
    concurrency = try settings.integer("concurrency", in: 1...1000) ?? 1
    try readOwnPrices(settings, of: painter.operations)
  }

  /// Reads the prices of what runs on a machine of the user's: an operation without one is free.
  private mutating func readOwnPrices(
    _ settings: ConfigTable, of operations: [MediaOperation]
  ) throws(ImagineError) {
    guard let table = try settings.table("prices") else { return }
    prices = try PriceList(table, of: operations).completedByFree(operations)
  }

  /// A number of bytes: digits, then K, M or G if it is one.
  private static func bytes(_ text: String) -> UInt64? {
    let shifts: [Character: UInt64] = ["K": 10, "M": 20, "G": 30]
    let shift = text.uppercased().last.flatMap { shifts[$0] }
    guard let number = UInt64(shift == nil ? text[...] : text.dropLast()), number > 0,
      number <= .max >> (shift ?? 0)
    else { return nil }
    return number << (shift ?? 0)
  }

  /// Tells the commands of one script from those of another.
  private static func digest(of words: [String: [String]]) -> String {
    let value = Value.table(words.mapValues { .list($0.map(Value.text)) })
    let hash = value.json.utf8.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { hash, byte in
      (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3
    }
    return String(hash, radix: 36)
  }

  private func choice(
    _ key: String, of allowed: [String], _ settings: ConfigTable
  ) throws(ImagineError) -> String? {
    guard let given = try settings.text(key) else { return nil }
    guard allowed.contains(given) else {
      throw .invalid(
        field: "\(place).\(key)", given: "\"\(given)\"",
        expected: "one of: \(allowed.joined(separator: ", "))", allowed: allowed)
    }
    return given
  }

  private static func sizes(
    _ texts: [String], in place: String
  ) throws(ImagineError) -> [PixelSize] {
    var sizes: [PixelSize] = []
    for text in texts {
      guard let size = PixelSize(text) else {
        throw .invalid(
          field: place, given: "\"\(text)\"", expected: "sizes in pixels, such as 1024x768")
      }
      sizes.append(size)
    }
    guard !sizes.isEmpty else {
      throw .invalid(field: place, given: "an empty list", expected: "at least one size")
    }
    return sizes
  }

  private static func standardName(_ kind: ProviderKind, _ baseURL: String) -> String {
    let rest = baseURL.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
    let host = rest.first?.prefix { $0 != "?" } ?? ""
    return "\(kind.rawValue)@\(host)"
  }

  /// Makes the provider. Its key is the one that the description names, and no other of the
  /// environment.
  ///
  /// - Parameter sends: false for a plan, which needs no key.
  package func makeProvider(
    named name: String, transport: HTTPTransport, environment: [String: String], home: String,
    sends: Bool
  ) throws(ImagineError) -> any Provider {
    if let commands {
      return CommandProvider(
        name: name, service: commands, environment: environment, memory: memory,
        folder: "\(home)/commands", prices: prices ?? .free)
    }
    let token: Token? =
      if !sends {
        nil
      } else if let tokenVariable {
        try Token.required(from: tokenVariable, environment, provider: name)
      } else {
        token
      }
    let endpoint = Endpoint(baseURL: baseURL, token: token, takesPasswords: kind == .sdapi)
    if let comfy {
      // A plan sends no key, but its calls cost what they cost with one.
      let key =
        if sends, let accountKeyVariable {
          try Token.required(from: accountKeyVariable, environment, provider: name)
        } else {
          sends ? accountKey : nil
        }
      let isFree = accountKey == nil && accountKeyVariable == nil
      return ComfyProvider(
        name: name, transport: transport, endpoint: endpoint, service: comfy,
        accountKey: key, prices: prices ?? (isFree ? .free : .unknown))
    }
    switch kind {
    case .imagine:
      return ImagineProvider(
        name: name, prices: prices?.completed(by: .imagine) ?? .imagine, transport: transport,
        endpoint: endpoint)
    case .openai:
      return OpenAIProvider(
        name: name, transport: transport, endpoint: endpoint, service: service,
        responseFormat: responseFormat, prices: prices ?? .unknown)
    case .command: throw .missing(field: CommandService.names[0], of: place)
    case .sdapi:
      return SDAPIProvider(
        name: name, transport: transport, endpoint: endpoint, service: painter,
        prices: prices ?? .free)
    case .comfy: throw .missing(field: "workflows", of: place)
    }
  }
}

extension ProviderDescription {
  /// The environment variables with its keys.
  package var secretVariables: [String] { [tokenVariable, accountKeyVariable].compactMap { $0 } }

  /// The model that its calls name; nil if each call names one.
  package var model: String? {
    switch kind {
    case .openai: service.model
    case .sdapi: painter.model
    case .imagine, .command, .comfy: nil
    }
  }

  /// What others must not see of it: its address, its host and its keys.
  package func confidentialTexts(_ environment: [String: String]) -> [String] {
    let keys =
      [token, accountKey].compactMap { $0?.value }
      + secretVariables.compactMap { environment[$0].flatMap(Token.init(_:))?.value }
    let authority = Origin(baseURL)?.authority ?? ""
    let host = authority.hasPrefix("[") ? "" : authority.prefix { $0 != ":" }
    return (keys + [baseURL, authority, String(host)]).filter { !$0.isEmpty }
  }
}

extension ProviderDescription {
  /// A provider with a built-in name. Each key is only sent to its own address: `IMAGINE_TOKEN` to
  /// `IMAGINE_BASE_URL` or the vendor, `OPENAI_API_KEY` to `OPENAI_BASE_URL` or OpenAI,
  /// `LLMVIN_API_KEY` to llm.vin.
  ///
  /// - Parameter settings: its table in `config.toml`: prices, and for an OpenAI-style service
  ///   model and sizes.
  /// - Returns: nil if no built-in provider has the name.
  package static func builtIn(
    _ name: String, _ environment: [String: String], _ settings: ConfigTable
  ) throws(ImagineError) -> ProviderDescription? {
    guard let provider = BuiltInProvider(rawValue: name), let usual = provider.address else {
      return nil
    }
    let elsewhere = try Self.address(of: provider, in: environment)
    var description = ProviderDescription(
      kind: provider.kind, baseURL: elsewhere ?? usual, place: settings.place)
    description.service = provider.service
    if let variable = provider.tokenVariable {
      // A model on the user's own machine needs no key, and llm.vin answers without one.
      let needsKey =
        switch provider {
        case .openai: elsewhere == nil
        case .llmvin: false
        case .imagine, .local: true
        }
      if needsKey || environment[variable] != nil { description.tokenVariable = variable }
    }
    try settings.allow(provider.settings)
    try description.applyOverrides(settings)
    return description
  }

  /// The address in the environment; nil if there is none.
  private static func address(
    of provider: BuiltInProvider, in environment: [String: String]
  ) throws(ImagineError) -> String? {
    guard let variable = provider.addressVariable, let address = environment[variable] else {
      return nil
    }
    try check(address, field: variable)
    guard
      provider.kind != .imagine || Endpoint(baseURL: address, token: nil).baseURL.hasSuffix("/v2")
    else {
      throw .invalid(
        field: variable, given: "\"\(address.prefix { $0 != "?" })\"",
        expected: "an http or https address that ends in /v2")
    }
    return address
  }
}

extension PriceList {
  /// The list in which every operation without a price is free.
  fileprivate func completedByFree(
    _ operations: [MediaOperation]
  ) throws(ImagineError) -> PriceList {
    let free = Dictionary(uniqueKeysWithValues: operations.map { ($0.name, 0.0) })
    return completed(by: try PriceList(free, unit: unit, of: operations))
  }
}

extension Token {
  /// The token in an environment variable.
  fileprivate static func required(
    from variable: String, _ environment: [String: String], provider: String
  ) throws(ImagineError) -> Token {
    guard let text = environment[variable] else {
      throw ImagineError(
        .authorization, "the provider '\(provider)' needs a token: set \(variable)",
        field: variable)
    }
    guard let token = Token(text) else {
      throw ImagineError(
        .authorization, "\(variable) is set, but is not a token (expected \(Token.expectation))",
        field: variable)
    }
    return token
  }
}
