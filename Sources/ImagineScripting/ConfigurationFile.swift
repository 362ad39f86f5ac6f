import ImagineCore
import TOMLKit

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// What `config.toml` says.
///
/// ```toml
/// provider = "studio"
///
/// [providers.studio]
/// kind = "imagine"
/// base_url = "https://pictures.example.com/v2"
/// token_env = "STUDIO_TOKEN"
/// ```
struct ConfigurationFile: Sendable, Decodable, Equatable {
  var provider: String?
  var providers: [String: ProviderDescription] = [:]

  init() {}

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    provider = try container.decodeIfPresent(String.self, forKey: .provider)
    providers =
      try container.decodeIfPresent([String: ProviderDescription].self, forKey: .providers) ?? [:]
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case provider, providers }

  /// Reads the file; one that is not there says nothing.
  ///
  /// - Throws: ``ImagineError`` of kind `io` or `validation`, with the file's name.
  static func read(_ path: String) throws(ImagineError) -> ConfigurationFile {
    guard FileManager.default.fileExists(atPath: path) else { return ConfigurationFile() }
    let text: String
    do {
      text = try String(contentsOfFile: path, encoding: .utf8)
    } catch {
      throw ImagineError(.io, "cannot read \(path): \(error)")
    }
    do {
      return try parse(text)
    } catch {
      throw ImagineError(.validation, "\(path): \(error)")
    }
  }

  static func parse(_ text: String) throws -> ConfigurationFile {
    let table = try TOMLTable(string: text)
    try refuseUnknown(in: table, allowed: CodingKeys.allCases.map(\.rawValue))
    for (name, value) in table["providers"]?.table ?? TOMLTable() {
      guard let provider = value.table else { continue }
      try refuseUnknown(
        in: provider, allowed: ProviderDescription.members,
        of: "providers.\(name)")
    }
    return try TOMLDecoder().decode(ConfigurationFile.self, from: table)
  }

  private static func refuseUnknown(
    in table: TOMLTable, allowed: [String], of place: String = "config.toml"
  ) throws(ImagineError) {
    for name in table.keys where !allowed.contains(name) {
      throw .unknown(field: name, of: place, allowed: allowed)
    }
  }
}
