import ImagineCore
import ImagineLua
import ImagineStore
import Synchronization

/// The providers of a registry, with every answer of theirs recorded.
final class RecordingSource: Sendable {
  private let registry: ProviderRegistry
  private let writer: RecordingWriter
  private let environment: [String: String]
  /// By their names: a job is asked for where its addresses are known.
  private let providers = Mutex<[String: any Provider]>([:])

  init(_ registry: ProviderRegistry, writer: RecordingWriter, environment: [String: String]) {
    self.registry = registry
    self.writer = writer
    self.environment = environment
  }

  /// Makes the recording's file, and tells it what may not stand in it.
  ///
  /// - Throws: ``ImagineError`` of kind `io`.
  func open() throws {
    try writer.open()
    for (name, value) in environment where Self.isSecret(name) { hide(value) }
    let file = try? ConfigurationFile.read(DataFolder.configuration(environment))
    for settings in file?.providers.values ?? [:].values { hideToken(in: settings) }
  }

  /// Whether a variable's name says that it holds a key: by a whole word of it, such as in
  /// `STUDIO_API_KEY`, and not as in `KEYMAP` or `MONKEY`.
  static func isSecret(_ variable: String) -> Bool {
    let words = variable.uppercased().split { !$0.isLetter }
    return words.contains { secretWords.contains(String($0)) }
  }

  private static let secretWords: Set<String> = [
    "APIKEY", "APITOKEN", "AUTHTOKEN", "KEY", "KEYS", "PASSWD", "PASSWORD", "SECRET", "SECRETS",
    "TOKEN", "TOKENS",
  ]

  private func hide(_ value: String) {
    let word = value.split(separator: " ").last.map(String.init) ?? value
    writer.hide(word)
  }

  private func hideToken(in settings: Settings) {
    if let token = try? settings.text("token") { hide(token) }
    if let variable = try? settings.text("token_env"), let token = environment[variable] {
      hide(token)
    }
  }
}

extension RecordingSource: Session.ProviderSource {
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

  func provider(describedBy settings: Settings) throws -> any Provider {
    hideToken(in: settings)
    return RecordingProvider(try registry.provider(describedBy: settings), writer: writer)
  }

  func fetch(_ address: String, into store: any AssetStore) async throws -> Asset {
    try await writer.recordingFile(.fetch(address), in: store) {
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

extension RecordingSource: PictureConverter {
  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any AssetStore
  ) async throws -> Asset {
    try await writer.recordingFile(.convert(asset, to: conversion), in: store) {
      try await registry.convert(asset, to: conversion, into: store)
    }
  }
}
