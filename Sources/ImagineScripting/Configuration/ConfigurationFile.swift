import ImagineAPI
import ImagineProviders
import ImagineRuns

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The content of `config.toml`.
///
/// ```toml
/// provider = "studio"
///
/// [providers.studio]
/// kind = "imagine"
/// base_url = "https://images.example.com/v2"
/// token_env = "STUDIO_TOKEN"
///
/// [providers.studio.prices]
/// unit = "USD"
/// generate = 0.02
/// ```
struct ConfigurationFile: Sendable, Equatable {
  var provider: String?
  /// The folder of the file, where its relative paths begin.
  var folder: String?
  /// By name.
  var providers: [String: ConfigTable] = [:]
  /// The most that all processes on a home may spend in a day.
  var dailyLimit: Price?
  var retention = Retention()
  var session = SessionSettings()

  /// Reads the file; a missing file is empty.
  ///
  /// - Throws: `ImagineError` of kind `io` or `validation`, with the file's name.
  static func read(_ path: String) throws(ImagineError) -> ConfigurationFile {
    guard FileManager.default.fileExists(atPath: path) else { return ConfigurationFile() }
    guard let bytes = FileManager.default.contents(atPath: path) else {
      throw ImagineError(.io, "cannot read \(path)")
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw ImagineError(.validation, "\(path) is not UTF-8")
    }
    return try parse(text, in: path)
  }

  /// - Parameter path: the file's path, for messages.
  static func parse(_ text: String, in path: String) throws(ImagineError) -> ConfigurationFile {
    let settings = try ConfigTable(toml: text, in: path)
    try settings.allow(["provider", "providers", "budget", "runs", "repl"])
    var file = ConfigurationFile()
    file.folder = path.lastIndex(of: "/").map { String(path[..<$0]) }
    file.provider = try settings.text("provider")
    if let providers = try settings.table("providers") {
      for name in providers.keys {
        let provider = try providers.table(name)
        // Check unused providers too: a misspelt name would otherwise be ignored in silence.
        try provider?.allow(ProviderDescription.members(of: name))
        file.providers[name] = provider
      }
    }
    if let budget = try settings.table("budget") {
      try budget.allow(["per_day", "unit"])
      let unit = try budget.text("unit") ?? Price.tokens
      file.dailyLimit = try budget.amount("per_day").map {
        Price(millionths: Int64(($0 * 1_000_000).rounded()), unit: unit)
      }
    }
    if let runs = try settings.table("runs") {
      try runs.allow(["keep_days", "keep_gb"])
      if let days = try runs.amount("keep_days") { file.retention.days = days }
      if let gigabytes = try runs.amount("keep_gb") { file.retention.bytes = Int(gigabytes * 1e9) }
    }
    if let session = try settings.table("repl") {
      try session.allow(["preview", "ask_above"])
      let amount =
        if let number = try? session.number("ask_above") { "\(number)" } else {
          try session.text("ask_above")
        }
      if let amount {
        file.session.askAbove = try Budget.Limit(
          amount: amount, field: "\(session.place).ask_above"
        ).price
      }
      file.session.preview = try session.text("preview")
      if let style = file.session.preview, !SessionSettings.previews.contains(style) {
        throw .invalid(
          field: "\(session.place).preview", given: "\"\(style)\"",
          expected: "a way to show images", allowed: SessionSettings.previews)
      }
    }
    return file
  }
}

extension ConfigTable {
  /// A number from 0.
  fileprivate func amount(_ key: String) throws(ImagineError) -> Double? {
    guard let number = try number(key) else { return nil }
    guard (0...1e9).contains(number) else {
      throw .invalid(
        field: "\(place).\(key)", given: String(number), expected: "a number from 0")
    }
    return number
  }
}

extension ConfigurationFile {
  /// Checks every provider, also those that are not used.
  ///
  /// - Throws: `ImagineError` of kind `validation` about the first invalid one.
  func check(_ environment: [String: String]) throws(ImagineError) {
    for (name, settings) in providers.sorted(by: { $0.key < $1.key }) {
      if try ProviderDescription.builtIn(name, environment, settings) == nil {
        _ = try ProviderDescription(settings, filesIn: folder)
      }
    }
  }
}
