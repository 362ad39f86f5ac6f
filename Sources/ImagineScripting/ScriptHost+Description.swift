public import ImagineAPI

extension ScriptHost {
  /// What the providers in `config.toml` take and cost, sorted by name, with the names that they have
  /// listed. Nothing is contacted, and no key is needed.
  ///
  /// - Throws: `ImagineError` if the file or one of its providers is invalid.
  public func configuredProviders() throws -> [ProviderProfile] {
    let lists = ModelLists(in: home)
    return try registry.configuredProfiles().map { $0.knowing(lists) }
  }
}
