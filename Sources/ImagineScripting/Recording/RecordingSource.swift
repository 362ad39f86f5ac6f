import HostStore
import ImagineAPI
import ImagineLua
import ImagineRuns
import ImagineSystem
import Synchronization

/// The providers of a registry; records all their answers.
final class RecordingSource: Sendable {
  private let registry: ProviderRegistry
  private let writer: RecordingWriter
  private let environment: [String: String]
  /// By name: the provider that issued a job knows its addresses.
  private let providers = Mutex<[String: any Provider]>([:])

  init(_ registry: ProviderRegistry, writer: RecordingWriter, environment: [String: String]) {
    self.registry = registry
    self.writer = writer
    self.environment = environment
  }

  /// Creates the recording's file, and gives it the secrets to redact.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  func open() throws {
    try writer.open()
    for (name, value) in environment where Self.isSecret(name) { redact(value) }
    let file = try? ConfigurationFile.read(DataFolder.configuration(environment))
    for settings in file?.providers.values ?? [:].values { redactToken(in: settings) }
  }

  /// Whether a variable's name marks a secret: one of its words is such as KEY, as in
  /// `STUDIO_API_KEY`, but not in `KEYMAP` or `MONKEY`.
  static func isSecret(_ variable: String) -> Bool {
    let words = variable.uppercased().split { !$0.isLetter }
    return words.contains { secretWords.contains(String($0)) }
  }

  private static let secretWords: Set<String> = [
    "APIKEY", "APITOKEN", "AUTHTOKEN", "KEY", "KEYS", "PASSWD", "PASSWORD", "SECRET", "SECRETS",
    "TOKEN", "TOKENS",
  ]

  private func redact(_ value: String) {
    let word = value.split(separator: " ").last.map(String.init) ?? value
    writer.redact(word)
  }

  private func redactToken(in settings: ConfigTable) {
    if let token = try? settings.text("token") { redact(token) }
    if let variable = try? settings.text("token_env"), let token = environment[variable] {
      redact(token)
    }
  }
}

extension RecordingSource: ProviderSource {
  func provider(named name: String?) throws -> any Provider {
    let selected: String
    if let name {
      selected = name
    } else {
      selected = try registry.selection().name
      writer.record(selection: selected)
    }
    let provider = try registry.provider(named: selected)
    return providers.withLock { providers in
      if let known = providers[selected] { return known }
      let recorded = RecordingProvider(provider, writer: writer)
      providers[selected] = recorded
      return recorded
    }
  }

  func provider(describedBy settings: ConfigTable) throws -> any Provider {
    redactToken(in: settings)
    return RecordingProvider(try registry.provider(describedBy: settings), writer: writer)
  }

  func fetch(_ address: String, into store: any MediaStore) async throws -> Asset {
    try await writer.recordingFile(.fetch(address)) {
      try await registry.fetch(address, into: store)
    }
  }

  func version(of provider: any Provider) async throws -> String {
    try await registry.version(of: provider)
  }

  func limitCalls(concurrency: Int?, rate: Int?) {
    registry.limitCalls(concurrency: concurrency, rate: rate)
  }
}

extension RecordingSource: ImageConverter {
  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    try await writer.recordingFile(.convert(asset, to: conversion)) {
      try await registry.convert(asset, to: conversion, into: store)
    }
  }
}
