import HostStore
import ImagineAPI
import ImagineLua
import ImagineProviders
import ImagineRuns
import Synchronization

/// Providers that answer from a recording, without environment, configuration, key or server.
final class ReplayedSource: Sendable {
  private let path: String
  /// The default provider; nil for the recorded one.
  private let selection: String?
  private let opened = Mutex<Recording?>(nil)

  init(path: String, selection: String?) {
    self.path = path
    self.selection = selection
  }

  /// The recording; opened at the first use.
  ///
  /// - Throws: `ImagineError` of kind `io` or `validation`.
  func recording() throws -> Recording {
    try opened.withLock { opened in
      if let opened { return opened }
      let recording = try Recording(path: path)
      opened = recording
      return recording
    }
  }
}

extension ReplayedSource: ProviderSource {
  func provider(named name: String?) throws -> any Provider {
    let recording = try recording()
    guard let name = try name ?? selection ?? recording.selection() else {
      throw ImagineError(
        .validation,
        "every call in the recording \(path) named its provider, and this one names none",
        field: "provider", allowed: try recording.providerNames())
    }
    guard let recorded = try recording.provider(named: name) else {
      let names = try recording.providerNames()
      throw ImagineError.invalid(
        field: "provider", given: "\"\(name)\"",
        expected: names.isEmpty
          ? "none: the recording \(path) holds no provider"
          : "one of the recording \(path): \(names.joined(separator: ", "))", allowed: names)
    }
    return ReplayedProvider(recorded, recording: recording)
  }

  func provider(describedBy settings: ConfigTable) throws -> any Provider {
    try provider(named: ProviderDescription(settings).standardName)
  }

  func fetch(_ address: String, into store: any MediaStore) async throws -> Asset {
    try await recording().file(answering: .fetch(address), into: store)
  }

  /// A recording has one version.
  func version(of provider: any Provider) async throws -> String { "" }

  /// Nothing is sent, so nothing is limited.
  func limitCalls(concurrency: Int?, rate: Int?) {}
}

extension ReplayedSource: ImageConverter {
  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    try await recording().file(answering: .convert(asset, to: conversion), into: store)
  }

  func composite(
    _ edit: MaskedEdit, into store: any MediaStore
  ) async throws -> Composite {
    try await recording().composite(of: edit, into: store)
  }

  func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output {
    Output(asset: try await recording().file(answering: .step(step), into: store))
  }

  func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    throw ImagineError(.validation, "a recording has no thumbnails")
  }
}
