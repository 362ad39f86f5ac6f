/// The API that a provider speaks: `kind` in `config.toml` and in a script's description.
public enum ProviderKind: String, Sendable, CaseIterable, Codable {
  case imagine, openai, command, sdapi, comfy

  /// The members of a provider's description.
  public var settings: [String] {
    switch self {
    case .imagine, .openai, .sdapi, .comfy: Self.serviceSettings + ownSettings
    case .command: ["kind", "prices"] + ownSettings
    }
  }

  /// The members that a description of some kind may have.
  public static let allSettings = serviceSettings + allCases.flatMap(\.ownSettings)

  private static let serviceSettings = ["kind", "base_url", "token", "token_env", "prices"]

  /// The members that only this kind has.
  fileprivate var ownSettings: [String] {
    switch self {
    case .imagine: []
    case .openai:
      ["model", "sizes", "dialect", "response_format", "videos", "video_model"]
    case .command: CommandService.names + ["memory"]
    case .sdapi: ["model", "dialect", "resolution", "upscaler", "batch", "concurrency"]
    case .comfy: ["workflows", "comfy_org_key", "comfy_org_key_env"]
    }
  }

  public var summary: String {
    switch self {
    case .imagine: "the Imagine API v2"
    case .openai: "the images API of OpenAI and compatible services"
    case .command: "programs of your own, one for each operation"
    case .sdapi: "the API of A1111, Forge, SD.Next, stable-diffusion.cpp and Draw Things"
    case .comfy: "ComfyUI, with a workflow for each operation"
    }
  }

  /// The kind's operations, as far as they are known without a configuration.
  public var operations: [MediaOperation] {
    switch self {
    case .imagine: MediaOperation.all
    case .openai: OpenAIService(hasVideos: true).operations
    case .command: CommandService.allOperations
    case .sdapi: SDAPIService().operations
    case .comfy: ComfyField.operations
    }
  }
}

/// A provider that scripts can name without a configuration. The raw value is its name.
///
/// Each key is sent to its own address only.
public enum BuiltInProvider: String, Sendable, CaseIterable, Codable {
  /// The built-in engine, on a private socket of this machine.
  case local
  /// The vendor's service.
  case imagine
  case openai
  case llmvin

  public var name: String { rawValue }

  public var summary: String {
    switch self {
    case .local: "the built-in engine on this machine; costs nothing"
    case .imagine: "the Imagine API of its vendor"
    case .openai: "OpenAI, or a compatible service"
    case .llmvin: "llm.vin"
    }
  }

  public static var names: [String] { allCases.map(\.name) }

  public var kind: ProviderKind {
    switch self {
    case .local, .imagine: .imagine
    case .openai, .llmvin: .openai
    }
  }

  /// The base URL; nil for the server that the host starts itself.
  public var address: String? {
    switch self {
    case .local: nil
    case .imagine: "https://api.vyro.ai/v2"
    case .openai: "https://api.openai.com/v1"
    case .llmvin: "https://api.llm.vin/v1"
    }
  }

  /// The environment variable that replaces ``address``.
  public var addressVariable: String? {
    switch self {
    case .imagine: "IMAGINE_BASE_URL"
    case .openai: "OPENAI_BASE_URL"
    case .local, .llmvin: nil
    }
  }

  /// The environment variable with the key.
  public var tokenVariable: String? {
    switch self {
    case .local: nil
    case .imagine: "IMAGINE_TOKEN"
    case .openai: "OPENAI_API_KEY"
    case .llmvin: "LLMVIN_API_KEY"
    }
  }

  /// The model unless a call or `config.toml` names one.
  public var model: String? { self == .llmvin ? "flux-1" : nil }

  /// What it takes if it is OpenAI-style. llm.vin has no edits.
  public var service: OpenAIService {
    var service = OpenAIService(model: model)
    service.hasEdits = self != .llmvin
    return service
  }

  /// What `config.toml` may set for it.
  public var settings: [String] {
    self == .local ? [] : kind.ownSettings + ["prices"]
  }

  /// Its operations, unless `config.toml` changes model or sizes.
  public var operations: [MediaOperation] {
    switch self {
    case .local: MediaOperation.builtIn
    case .imagine: MediaOperation.all
    case .openai, .llmvin: service.operations
    }
  }

  /// What it takes and costs without a configuration.
  public var profile: ProviderProfile {
    ProviderProfile(
      name: name, kind: kind.rawValue, operations: operations, takesCount: kind == .openai,
      prices: prices,
      polling: self == .local ? JobPolling(firstPause: 0.2, maxPause: 2) : JobPolling(),
      usesMaskAlpha: self == .local, choosesSeeds: kind == .imagine,
      keepsOutsideMask: kind == .imagine)
  }

  /// Its published prices, unless `config.toml` changes them.
  public var prices: PriceList {
    switch self {
    case .local: .free
    case .imagine: .imagine
    case .openai, .llmvin: .unknown
    }
  }
}
