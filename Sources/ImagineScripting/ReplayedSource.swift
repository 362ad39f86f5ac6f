import ImagineCore
import ImagineLua
import ImagineStore
import Synchronization

/// Providers that answer from a recording. No environment, no configuration, no key and no server is
/// asked for anything.
final class ReplayedSource: Sendable {
  private let path: String
  /// The provider to use where a script names none; nil for the one that was recorded.
  private let selection: String?
  private let opened = Mutex<Recording?>(nil)

  init(path: String, selection: String?) {
    self.path = path
    self.selection = selection
  }

  /// The recording, opened when it is first asked for.
  ///
  /// - Throws: ``ImagineError`` of kind `io` or `validation`.
  func recording() throws -> Recording {
    try opened.withLock { opened in
      if let opened { return opened }
      let recording = try Recording(path: path)
      opened = recording
      return recording
    }
  }
}

extension ReplayedSource: Session.ProviderSource {
  func provider(named name: String?) throws -> any Provider {
    let recording = try recording()
    guard let name = try name ?? selection ?? recording.selection() else {
      throw ImagineError(
        .validation,
        "every call in the recording \(path) named its provider, and this one names none",
        field: "provider", allowed: try recording.providerNames())
    }
    guard let facts = try recording.provider(named: name) else {
      let names = try recording.providerNames()
      throw ImagineError.invalid(
        field: "provider", given: "\"\(name)\"",
        expected: names.isEmpty
          ? "none: the recording \(path) holds no provider"
          : "one of the recording \(path): \(names.joined(separator: ", "))", allowed: names)
    }
    return ReplayedProvider(facts, recording: recording)
  }

  func provider(describedBy settings: Settings) throws -> any Provider {
    try provider(named: ProviderDescription(settings).standardName)
  }

  func fetch(_ address: String, into store: any AssetStore) async throws -> Asset {
    try await recording().file(answering: .fetch(address), into: store)
  }

  /// What is replayed does not change.
  func version(of provider: any Provider) async throws -> String { "" }

  /// Nothing is sent, so nothing is held back.
  func limitCalls(concurrency: Int?, rate: Int?) {}
}

extension ReplayedSource: PictureConverter {
  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any AssetStore
  ) async throws -> Asset {
    try await recording().file(answering: .convert(asset, to: conversion), into: store)
  }
}
