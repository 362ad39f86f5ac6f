import ImagineClient
import ImagineCore

/// A provider as `config.toml` or a script describes it.
struct ProviderDescription: Sendable, Equatable {
  /// Which API it speaks.
  enum Kind: String, Sendable, CaseIterable {
    case imagine, openai

    fileprivate var members: [String] {
      let common = ["kind", "base_url", "token", "token_env", "prices"]
      return self == .openai ? common + ["model", "sizes"] : common
    }
  }

  let kind: Kind
  let baseURL: String
  /// The token itself; a variable's name is the better place.
  var token: Token?
  var tokenVariable: String?
  /// For OpenAI-style services: what is sent where a script names no model.
  var model: String?
  /// For OpenAI-style services: the sizes that they take; nil for those that are usual.
  var sizes: [PixelSize]?
  /// Nil for what the kind's calls cost by themselves.
  var prices: PriceList?
  /// Where it was written, for messages.
  let place: String

  private init(kind: Kind, baseURL: String, place: String) {
    self.kind = kind
    self.baseURL = baseURL
    self.place = place
  }

  /// What may be said in `config.toml` of a provider with a name; of the built-in engine nothing.
  static func members(of name: String) -> [String] {
    switch name {
    case "local": []
    case "imagine": ["prices"]
    case "openai", "llmvin": ["model", "sizes", "prices"]
    default: Kind.openai.members
    }
  }

  /// - Throws: ``ImagineError`` of kind `validation` that names the place and the member.
  init(_ settings: Settings) throws(ImagineError) {
    let place = settings.place
    guard let name = try settings.text("kind") else { throw .missing(field: "kind", of: place) }
    guard let kind = Kind(rawValue: name) else {
      let kinds = Kind.allCases.map(\.rawValue)
      throw .invalid(
        field: "\(place).kind", given: "\"\(name)\"",
        expected: "one of: \(kinds.joined(separator: ", "))", allowed: kinds)
    }
    try settings.allow(kind.members)
    guard let baseURL = try settings.text("base_url") else {
      throw .missing(field: "base_url", of: place)
    }
    try Self.check(baseURL, field: "\(place).base_url")
    self.init(kind: kind, baseURL: baseURL, place: place)
    if let text = try settings.text("token") {
      guard let token = Token(text) else {
        throw .invalid(
          field: "\(place).token", given: text.isEmpty ? "an empty text" : "this token",
          expected: Token.expectation)
      }
      self.token = token
    }
    tokenVariable = try settings.text("token_env")
    try takeHabits(settings)
  }

  /// The address is not repeated where it may hold a password.
  private static func check(_ address: String, field: String) throws(ImagineError) {
    guard !Endpoint.isBase(address) else { return }
    throw .invalid(
      field: field, given: address.contains("@") ? "this address" : "\"\(address)\"",
      expected: "an http or https address of printable ASCII, with a port from 1 to 65535 where it"
        + " names one, and without a name, a password or a query")
  }

  /// What does not say where the provider is, and may be said of a built-in one too.
  private mutating func takeHabits(_ settings: Settings) throws(ImagineError) {
    model = try settings.text("model") ?? model
    if let sizes = try settings.texts("sizes") {
      self.sizes = try Self.sizes(sizes, in: "\(place).sizes")
    }
    if let prices = try settings.table("prices") {
      let operations = kind == .imagine ? Operation.all : [.openAIGenerate(model: model)]
      self.prices = try PriceList(prices, of: operations)
    }
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

  /// What a provider without a name of its own is called: its kind and its host.
  var standardName: String {
    let rest = baseURL.split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
    return "\(kind.rawValue)@\(rest.first ?? "")"
  }

  /// Makes the provider. Its key is its own: what it names, and no other of the environment.
  ///
  /// - Parameter sends: whether anything will be sent; a plan needs no key.
  func makeProvider(
    named name: String, transport: HTTPTransport, environment: [String: String], sends: Bool
  ) throws(ImagineError) -> any Provider {
    let token: Token? =
      if !sends {
        nil
      } else if let tokenVariable {
        try Token.required(from: tokenVariable, environment, provider: name)
      } else {
        token
      }
    let endpoint = Endpoint(baseURL: baseURL, token: token)
    switch kind {
    case .imagine:
      return ImagineProvider(
        name: name, prices: prices?.completed(by: .imagine) ?? .imagine, transport: transport,
        endpoint: endpoint)
    case .openai:
      return OpenAIProvider(
        name: name, transport: transport, endpoint: endpoint, model: model,
        sizes: sizes, prices: prices ?? .unknown)
    }
  }
}

extension ProviderDescription {
  /// The providers that have a name of their own. A key is only ever for the address beside it:
  /// `IMAGINE_TOKEN` for `IMAGINE_BASE_URL` or the vendor's own, `OPENAI_API_KEY` for
  /// `OPENAI_BASE_URL` or OpenAI's own, `LLMVIN_API_KEY` for llm.vin.
  ///
  /// - Parameter settings: what `config.toml` says of it: what it costs, and at an OpenAI-style
  ///   service its model and sizes.
  /// - Returns: nil where no built-in provider has the name.
  static func builtIn(
    _ name: String, _ environment: [String: String], _ settings: Settings
  ) throws(ImagineError) -> ProviderDescription? {
    var description: ProviderDescription
    switch name {
    case "imagine":
      description = ProviderDescription(
        kind: .imagine, baseURL: try imagineAddress(environment), place: settings.place)
      description.tokenVariable = "IMAGINE_TOKEN"
      try settings.allow(["prices"])
    case "openai":
      let elsewhere = environment["OPENAI_BASE_URL"]
      if let elsewhere { try check(elsewhere, field: "OPENAI_BASE_URL") }
      description = ProviderDescription(
        kind: .openai, baseURL: elsewhere ?? "https://api.openai.com/v1", place: settings.place)
      // A model on one's own machine needs no key; OpenAI does.
      if elsewhere == nil || environment["OPENAI_API_KEY"] != nil {
        description.tokenVariable = "OPENAI_API_KEY"
      }
      try settings.allow(["model", "sizes", "prices"])
    case "llmvin":
      description = ProviderDescription(
        kind: .openai, baseURL: "https://api.llm.vin/v1", place: settings.place)
      description.model = "flux-1"
      if environment["LLMVIN_API_KEY"] != nil { description.tokenVariable = "LLMVIN_API_KEY" }
      try settings.allow(["model", "sizes", "prices"])
    default:
      return nil
    }
    try description.takeHabits(settings)
    return description
  }

  /// The vendor's address of the Imagine API, or the one that the environment names.
  private static func imagineAddress(
    _ environment: [String: String]
  ) throws(ImagineError) -> String {
    guard let address = environment["IMAGINE_BASE_URL"] else { return "https://api.vyro.ai/v2" }
    try check(address, field: "IMAGINE_BASE_URL")
    guard Endpoint(baseURL: address, token: nil).baseURL.hasSuffix("/v2") else {
      throw .invalid(
        field: "IMAGINE_BASE_URL", given: "\"\(address)\"",
        expected: "an http or https address that ends in /v2")
    }
    return address
  }
}

extension Token {
  /// The token in a variable of the environment.
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
        .authorization, "\(variable) is set, but holds no token (expected \(Token.expectation))",
        field: variable)
    }
    return token
  }
}
