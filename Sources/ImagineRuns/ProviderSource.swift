public import ImagineAPI

/// Provides scripts with providers.
public protocol ProviderSource: Sendable {
  /// The provider with a name; nil for the default one of options, environment and configuration.
  func provider(named name: String?) throws -> any Provider

  /// A provider that a script describes: `kind`, `base_url`, `token` or `token_env`, `prices`,
  /// and at an OpenAI-style service `model` and `sizes`.
  func provider(describedBy settings: ConfigTable) throws -> any Provider

  /// Fetches a file from an https address, or from an http address of this machine. No key is sent.
  ///
  /// - Throws: ``ImagineError`` of kind `io`, `connection` or `timeout`.
  func fetch(_ address: String, into store: any MediaStore) async throws -> Asset

  /// Changes how many calls may be in flight at once, and how many may begin in a minute; nil
  /// leaves a limit unchanged.
  func limitCalls(concurrency: Int?, rate: Int?)

  /// What a provider's answers depend on besides the request: the version of the built-in engine.
  /// Part of the cache key.
  func version(of provider: any Provider) async throws -> String
}
