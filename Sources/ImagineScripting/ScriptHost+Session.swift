public import ImagineAPI
import ImagineLua
public import ImagineRuns
public import Lua

// What an interactive session shows of the host.
extension ScriptHost {
  /// The default provider and why it was selected, in words.
  public var selectedProvider: String {
    do {
      let selection = try registry.selection()
      return "\(selection.name) (\(selection.reason))"
    } catch {
      return "none: \(error)"
    }
  }

  /// What happens from now on: changes of calls, states of jobs, notices. A listener that is slow
  /// loses the oldest events.
  public var events: AsyncStream<WorkflowEvent> { core.events() }

  /// The keys and tokens that are known, which belong in no file.
  public var secrets: [String] { KnownSecrets(configuration.environment).values }

  /// The calls of this run so far and what they cost.
  public var spentSoFar: (calls: Int, amounts: [Price]) {
    let spent = core.spent
    return (spent.calls, spent.amounts)
  }

  /// What is known of an Image, Video or Job, in a line; nil for anything else. On the Lua thread.
  public func facts(of value: LuaUserdataReference) -> String? {
    if let image = try? value.value(Image.luaType) { return image.facts }
    if let video = try? value.value(Video.luaType) { return video.facts }
    return (try? value.value(Job.luaType))?.facts
  }

  /// Makes thumbnails of an Image or of a Video that has a picture; nil for anything else. On the
  /// Lua thread.
  public func thumbnails(
    of value: LuaUserdataReference
  ) -> (@Sendable (_ box: PixelSize) async throws -> Thumbnail)? {
    let image =
      if let image = try? value.value(Image.luaType) { Optional(image) } else {
        (try? value.value(Video.luaType))?.thumbnail
      }
    guard let image else { return nil }
    return { [core] box in try await core.thumbnail(of: image, within: box) }
  }

  /// The settings of `[repl]` in `config.toml`; the standard ones if the file is not valid.
  public var sessionSettings: SessionSettings {
    (try? registry.sessionSettings()) ?? SessionSettings()
  }

  /// The names that a script may use for a provider: those of `config.toml` and the built-in ones.
  public var providerNames: [String] {
    let configured = (try? registry.configuredNames()) ?? []
    return Set(configured + BuiltInProvider.names).sorted()
  }

  /// The values of a field that the default provider and those of `config.toml` know, such as the
  /// names of models; empty if any text may be given.
  public func knownValues(of field: String, in operation: String) -> [String] {
    let names = knownProfiles.flatMap { profile in
      profile.operations.filter { $0.name == operation }.compactMap { $0.field(field) }
        .flatMap { known in
          [known.hostDefault].compactMap { $0 } + known.knownNames
            + (field == "model" ? profile.prices.details(of: operation) : [])
        }
    }
    return Set(names).sorted()
  }
}

/// The settings of `[repl]` in `config.toml`.
public struct SessionSettings: Sendable, Equatable {
  /// How previews are shown; nil to find out.
  public var preview: String?
  /// The amount beyond which the session asks before a call; nil to ask never.
  public var askAbove: Price?

  public init() {}

  /// The values of `preview`.
  static let previews = ["auto", "kitty", "iterm", "sixel", "blocks", "none"]
}
