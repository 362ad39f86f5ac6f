import ImagineClient
import ImagineCore

/// A provider as `config.toml` or a script describes it.
struct ProviderDescription: Sendable, Decodable, Equatable {
  /// Which API it speaks.
  enum Kind: String, Sendable, Decodable, CaseIterable {
    case imagine, openai
  }

  /// The name of its kind, as it was written.
  var kind: String
  var baseURL: String?
  /// The token itself; a variable's name is the better place.
  var token: String?
  var tokenVariable: String?
  /// For OpenAI-style services: what is sent where a script names no model.
  var model: String?

  enum CodingKeys: String, CodingKey, CaseIterable {
    case kind, token, model
    case baseURL = "base_url"
    case tokenVariable = "token_env"
  }

  /// The names of the members.
  static let members = CodingKeys.allCases.map(\.rawValue)

  /// - Parameter place: where the members were written, for messages.
  /// - Throws: ``ImagineError`` of kind `validation` for an unknown or missing member.
  init(members: [String: String], in place: String) throws(ImagineError) {
    for name in members.keys.sorted() where !Self.members.contains(name) {
      throw .unknown(field: name, of: place, allowed: Self.members)
    }
    guard let kind = members["kind"] else { throw .missing(field: "kind", of: place) }
    self.kind = kind
    baseURL = members["base_url"]
    token = members["token"]
    tokenVariable = members["token_env"]
    model = members["model"]
  }

  /// What a provider without a name of its own is called: its kind and its host.
  var standardName: String {
    let rest = (baseURL ?? "").split(separator: "/", omittingEmptySubsequences: false).dropFirst(2)
    return "\(kind)@\(rest.first ?? "")"
  }

  /// Makes the provider. Its key is its own: what it names, and no other of the environment.
  ///
  /// - Parameter place: where the description was written, for messages.
  func makeProvider(
    named name: String, in place: String, transport: HTTPTransport, environment: [String: String]
  ) throws(ImagineError) -> any Provider {
    guard let kind = Kind(rawValue: kind) else {
      let kinds = Kind.allCases.map(\.rawValue)
      throw .invalid(
        field: "\(place).kind", given: "\"\(kind)\"",
        expected: "one of: \(kinds.joined(separator: ", "))", allowed: kinds)
    }
    guard let baseURL else { throw .missing(field: "base_url", of: place) }
    guard baseURL.hasPrefix("https://") || baseURL.hasPrefix("http://") else {
      throw .invalid(
        field: "\(place).base_url", given: "\"\(baseURL)\"", expected: "an http or https address")
    }
    let token =
      if let tokenVariable {
        try Token.required(from: tokenVariable, environment, provider: name)
      } else {
        token.flatMap(Token.init)
      }
    let endpoint = Endpoint(baseURL: baseURL, token: token)
    switch kind {
    case .imagine:
      return ImagineProvider(name: name, transport: transport, endpoint: endpoint)
    case .openai:
      return OpenAIProvider(name: name, transport: transport, endpoint: endpoint, model: model)
    }
  }
}

extension ProviderDescription {
  /// The OpenAI-style services that have a name of their own.
  ///
  /// A key is only ever for the address beside it: `OPENAI_API_KEY` for `OPENAI_BASE_URL` or
  /// OpenAI's own, `LLMVIN_API_KEY` for llm.vin.
  static func builtIn(
    _ name: String, _ environment: [String: String]
  ) throws(ImagineError) -> ProviderDescription? {
    switch name {
    case "openai":
      let elsewhere = environment["OPENAI_BASE_URL"]
      var members = [
        "kind": "openai", "base_url": elsewhere ?? "https://api.openai.com/v1",
      ]
      // A model on one's own machine needs no key; OpenAI does.
      if elsewhere == nil || environment["OPENAI_API_KEY"] != nil {
        members["token_env"] = "OPENAI_API_KEY"
      }
      return try ProviderDescription(members: members, in: name)
    case "llmvin":
      var members = [
        "kind": "openai", "base_url": "https://api.llm.vin/v1", "model": "flux-1",
      ]
      if environment["LLMVIN_API_KEY"] != nil { members["token_env"] = "LLMVIN_API_KEY" }
      return try ProviderDescription(members: members, in: name)
    default:
      return nil
    }
  }
}
