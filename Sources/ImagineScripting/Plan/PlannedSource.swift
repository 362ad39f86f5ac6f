import ImagineAPI
import ImagineLua
import ImagineRuns
import Synchronization

/// Providers that record requests in the plan.
final class PlannedSource: Sendable {
  private let registry: ProviderRegistry
  private let store: PlannedAssetStore
  private let videos = PlannedProvider.PlannedVideos()

  init(_ registry: ProviderRegistry, store: PlannedAssetStore) {
    self.registry = registry
    self.store = store
  }

  private func planned(_ provider: any Provider) -> any Provider {
    PlannedProvider(provider, store: store, videos: videos)
  }
}

extension PlannedSource: ProviderSource {
  func provider(named name: String?) throws -> any Provider {
    planned(try registry.provider(named: name))
  }

  func provider(describedBy settings: ConfigTable) throws -> any Provider {
    planned(try registry.provider(describedBy: settings))
  }

  /// Nothing is fetched; the size is a guess.
  func fetch(_ address: String, into store: any MediaStore) async throws -> Asset {
    self.store.placeholder(format: .png, size: AspectRatio.square.pixelSize)
  }

  func limitCalls(concurrency: Int?, rate: Int?) {}

  func version(of provider: any Provider) async throws -> String {
    try await registry.version(of: provider)
  }
}

extension PlannedSource: ImageConverter {
  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    let size = asset.header?.size ?? AspectRatio.square.pixelSize
    return self.store.placeholder(format: conversion.format, size: conversion.size(of: size))
  }

  func composite(
    _ edit: MaskedEdit, into store: any MediaStore
  ) async throws -> Composite {
    let size = edit.image.header?.size ?? AspectRatio.square.pixelSize
    let hasAlpha = edit.image.header?.hasAlpha ?? false
    return Composite(
      asset: edit.measuresOnly
        ? nil : self.store.placeholder(format: .png, size: size, hasAlpha: hasAlpha), drift: 0)
  }

  func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    throw ImagineError(.validation, "a planned image has no thumbnail")
  }
}

extension Conversion {
  /// The size of the converted image.
  fileprivate func size(of given: PixelSize) -> PixelSize {
    switch (width, height) {
    case (nil, nil): return given
    case (let width?, nil):
      return PixelSize(width: width, height: max(1, given.height * width / given.width))
    case (nil, let height?):
      return PixelSize(width: max(1, given.width * height / given.height), height: height)
    case (let width?, let height?):
      guard fit == .contain else { return PixelSize(width: width, height: height) }
      let scale = min(
        Double(width) / Double(given.width), Double(height) / Double(given.height))
      return PixelSize(
        width: max(1, Int((Double(given.width) * scale).rounded())),
        height: max(1, Int((Double(given.height) * scale).rounded())))
    }
  }
}
