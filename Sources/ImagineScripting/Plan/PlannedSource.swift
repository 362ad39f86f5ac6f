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
    if conversion.maxBytes != nil { self.store.plan.add(note: "max_bytes is kept, or refused") }
    let hasAlpha = asset.header?.hasAlpha ?? false
    return self.store.placeholder(
      format: conversion.format, size: try conversion.checkedSize(of: size),
      hasAlpha: conversion.format != .jpeg && (hasAlpha || conversion.fit == .pad))
  }

  func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output {
    if let note = step.note { self.store.plan.add(note: note) }
    guard step.operation.numbers.isEmpty else {
      // Half of the range is the best guess.
      let guesses = step.operation.numbers.map { ($0, Value.number(0.5)) }
      let json = Value.table(Dictionary(uniqueKeysWithValues: guesses)).json
      return Output(asset: try await self.store.store(Array(json.utf8)))
    }
    if let seconds = step.seconds {
      return Output(asset: self.store.placeholderVideo(size: step.size, duration: seconds))
    }
    return Output(
      asset: self.store.placeholder(format: .png, size: step.size, hasAlpha: step.mayHaveAlpha))
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
  /// - Throws: ``ImagineError`` where the server would refuse the size.
  fileprivate func checkedSize(of given: PixelSize) throws(ImagineError) -> PixelSize {
    do {
      return try size(of: given)
    } catch {
      guard case .unusable(let field, let reason) = error else {
        throw ImagineError(.validation, "\(error)")
      }
      throw ImagineError(.validation, "field '\(field)': \(reason)", field: field)
    }
  }
}

extension PictureStep {
  /// What only the pixels tell, in words; nil if nothing.
  fileprivate var note: String? {
    if !operation.numbers.isEmpty { return "the numbers of \(operation.name)" }
    if operation.sizeNeedsPixels { return "the size of the image after \(operation.name)" }
    return action == .cropToSubject ? "the part that crop takes by attention" : nil
  }

  /// Whether the result may be transparent. A mask never is.
  fileprivate var mayHaveAlpha: Bool {
    let base = request.image(PictureOperation.base).map { input in
      if case .asset(let asset) = input { asset.header?.hasAlpha ?? false } else { false }
    }
    switch action {
    case .alpha, .invert, .grow, .combine, .mask: return false
    case .pad(_, let color), .rotate(_, let color), .canvas(let color):
      return base == true || color.alpha < 255
    case .sheet(let sheet): return sheet.background.alpha < 255
    default: return base ?? false
    }
  }
}
