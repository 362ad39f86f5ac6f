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
  /// - Throws: `ImagineError` of kind `io`.
  func open() throws {
    try writer.open()
    for secret in KnownSecrets(environment).values { writer.redact(secret) }
  }
}

extension RecordingSource: ProviderSource {
  func provider(named name: String?) throws -> any Provider {
    let selected: String
    if let name {
      selected = name
    } else {
      selected = try registry.selection(isQuiet: false).name
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
    for secret in KnownSecrets(settings, environment).values { writer.redact(secret) }
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

  func composite(
    _ edit: MaskedEdit, into store: any MediaStore
  ) async throws -> Composite {
    try await writer.recordingComposite(edit) { try await registry.composite(edit, into: store) }
  }

  func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output {
    var engine: String?
    let asset = try await writer.recordingFile(.step(step)) {
      let made = try await registry.perform(step, into: store)
      engine = made.engine
      return made.asset
    }
    return Output(asset: asset, engine: engine)
  }

  func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    try await registry.thumbnail(of: asset, within: box, from: store)
  }
}
