import ImagineAPI
import ImagineProviders

/// One `[[upstream]]` of `server.toml`: a service that makes images and videos in the server's name.
///
/// ```toml
/// [[upstream]]
/// name = "cloud"
/// kind = "openai"                     # as in the host's config.toml, with the settings of the kind
/// base_url = "https://api.openai.com/v1"
/// token_file = "openai.key"           # or token_env = "OPENAI_API_KEY"
/// models = ["gpt-image-2"]            # of /v1 and /sdapi
/// styles = ["realistic"]              # of /v2
/// operations = ["generate", "fill"]   # all that the kind has, if there are models or styles
/// capacity = 8                        # calls in flight
/// timeout = 600                       # seconds
/// ```
public struct UpstreamDescription: Sendable, Equatable {
  public let name: String
  let provider: ProviderDescription
  /// The models of `/v1` and `/sdapi` that it stands for.
  let models: [String]
  /// The styles of `/v2` that it stands for.
  let styles: [String]
  /// The operations that it does; empty for all that it has.
  let operations: [String]
  /// Calls in flight, and videos in the making.
  let capacity: Int
  /// The time limit of a call in seconds.
  let timeout: Double

  private static let ownKeys = [
    "name", "models", "styles", "operations", "capacity", "timeout",
  ]
  /// Settings of the host that the server has in another form: keys are not written in its file, and
  /// `capacity` limits the calls of every kind.
  private static let hostKeys = ["token", "comfy_org_key", "concurrency"]
  private static let capacities = 1...10_000
  private static let seconds = 1.0...86_400.0

  /// - Parameter folder: where relative paths begin.
  /// - Throws: `ImagineError` that names the place and the key.
  init(_ settings: ConfigTable, filesIn folder: String) throws(ImagineError) {
    let place = settings.place
    name = try Self.name(settings)
    for key in ["token", "comfy_org_key"] where settings.keys.contains(key) {
      throw ImagineError(
        .validation,
        "field '\(place).\(key)': a key must not be written in this file (give \(key)_file or"
          + " \(key)_env)", field: "\(place).\(key)")
    }
    let kind = try settings.text("kind").flatMap(ProviderKind.init(rawValue:))
    let secrets = ["token", "comfy_org_key"].filter { kind?.settings.contains($0) ?? true }
    let files = secrets.map { "\($0)_file" }
    if let kind {
      try settings.allow(
        Self.ownKeys + files + kind.settings.filter { !Self.hostKeys.contains($0) })
    }
    var described = settings.without(Self.ownKeys + files)
    for key in secrets {
      if let secret = try Self.secret(key, settings, folder) {
        described = described.with(key, secret)
      }
    }
    provider = try ProviderDescription(described, filesIn: folder)
    models = try settings.texts("models") ?? []
    styles = try settings.texts("styles") ?? []
    operations = try settings.texts("operations") ?? []
    // Programs and models of one's own machine do one thing at a time.
    let isRemote = [.imagine, .openai].contains(provider.kind)
    capacity = try settings.integer("capacity", in: Self.capacities) ?? (isRemote ? 8 : 1)
    let seconds = try settings.number("timeout") ?? StandardTimeout.slowAttempt
    guard Self.seconds.contains(seconds) else {
      throw .invalid(
        field: "\(place).timeout", given: String(seconds), expected: "seconds from 1 to 86400")
    }
    timeout = seconds
    guard !(models.isEmpty && styles.isEmpty && operations.isEmpty) else {
      throw .missing(
        field: "models", of: place,
        expected: "models, styles or operations: which calls it takes")
    }
    let known = MediaOperation.all.map(\.name)
    if let unknown = operations.first(where: { !known.contains($0) }) {
      throw .invalid(
        field: "\(place).operations", given: "\"\(unknown)\"",
        expected: "one of: \(known.joined(separator: ", "))", allowed: known)
    }
  }

  /// A word for logs and metrics.
  private static func name(_ settings: ConfigTable) throws(ImagineError) -> String {
    guard let name = try settings.text("name") else {
      throw .missing(field: "name", of: settings.place)
    }
    guard (1...64).contains(name.utf8.count),
      name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "\"") })
    else {
      throw .invalid(
        field: "\(settings.place).name", given: "\"\(name)\"",
        expected: "1 to 64 characters of printable ASCII without spaces")
    }
    return name
  }

  /// The key in a file that only its owner may read.
  private static func secret(
    _ key: String, _ settings: ConfigTable, _ folder: String
  ) throws(ImagineError) -> String? {
    let field = "\(settings.place).\(key)_file"
    guard let path = try settings.path("\(key)_file", from: folder) else { return nil }
    guard try settings.text("\(key)_env") == nil else {
      throw ImagineError(
        .validation, "field '\(field)': give \(key)_file or \(key)_env, not both", field: field)
    }
    do throws(ImagineError) {
      guard let bytes = try FilePath(path).readSmallFile(isSecret: true) else {
        throw ImagineError(.io, "there is no \(path)")
      }
      let text = String(decoding: bytes, as: UTF8.self)
      guard Token(text) != nil else {
        throw ImagineError(.validation, "\(path) has no token (expected \(Token.expectation))")
      }
      return text
    } catch {
      throw ImagineError(error.kind, "field '\(field)': \(error.message)", field: field)
    }
  }
}
