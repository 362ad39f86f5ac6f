public import ImagineAPI
import ImagineRuns
import Synchronization

/// The names that a provider has for a field, such as its models.
public struct ListedNames: Sendable, Encodable {
  public var provider: String
  /// The field that takes them: `model`, `sampler`, `style`, ….
  public var field: String
  public var name: String
  /// Other names that the service takes for it.
  public var aliases: [String]
  /// When the service ends it, in seconds since 1970; nil if it does not say.
  public var endsAt: Double?
}

extension ScriptHost {
  /// The providers that ``listNames(of:)`` is asked about if a person names none: those of
  /// `config.toml`, and the default one.
  public func listedProviders() throws -> [String] {
    let names = try registry.configuredNames()
    let selected = try registry.selection().name
    return names + (names.contains(selected) ? [] : [selected])
  }

  /// Asks a provider what it has, a free question. A provider without a list has the names of its
  /// description.
  ///
  /// - Throws: `ImagineError`.
  public func listNames(of provider: String) async throws -> [ListedNames] {
    let provider = try registry.provider(named: provider)
    let name = provider.name
    if let models = try await models(of: provider) {
      return models.map {
        ListedNames(
          provider: name, field: $0.role.rawValue, name: $0.id, aliases: $0.aliases,
          endsAt: $0.endsAt)
      }
    }
    var found: [ListedNames] = []
    for field in provider.profile.operations.flatMap(\.fields)
    where ["model", "style"].contains(field.name) {
      for known in field.knownNames where !found.contains(where: { $0.name == known }) {
        found.append(
          ListedNames(provider: name, field: field.name, name: known, aliases: [], endsAt: nil))
      }
    }
    return found
  }

  /// Asks a provider for its list, and keeps it for completion; nil if it has none.
  func models(of provider: any Provider) async throws -> [ListedModel]? {
    let models = try await provider.models(CallContext(store: core.assets))
    if let models {
      try? ModelLists.keep(models, of: provider.name, in: home)
      profiles.withLock { $0 = nil }
    }
    return models
  }

  /// The fields of an operation at the providers of this machine: those of the Imagine API first.
  public func knownFields(of operation: MediaOperation) -> [Field] {
    var fields = operation.fields
    for profile in knownProfiles {
      let own = profile.operations.first { $0.name == operation.name }?.fields ?? []
      fields += own.filter { field in !fields.contains { $0.name == field.name } }
    }
    return fields
  }

  /// What the default provider and those of `config.toml` take, with the names that they listed. It
  /// is asked for with each key that is typed.
  var knownProfiles: [ProviderProfile] {
    if let known = profiles.withLock({ $0 }) { return known }
    let known = readKnownProfiles()
    profiles.withLock { $0 = known }
    return known
  }

  private func readKnownProfiles() -> [ProviderProfile] {
    var profiles = (try? registry.configuredProfiles()) ?? []
    if let provider = try? registry.provider(named: nil),
      !profiles.contains(where: { $0.name == provider.name })
    {
      profiles.append(provider.profile)
    }
    let lists = ModelLists(in: home)
    return profiles.map { $0.knowing(lists) }
  }
}
