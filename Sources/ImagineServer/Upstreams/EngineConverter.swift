import ImagineAPI
import MediaFiles

/// Changes images with the server's own engine: those that upstreams are sent, and those that they
/// return.
struct EngineConverter: ImageConverter {
  let engine: any Engine
  let queue: EngineQueue
  /// Whose turns are taken.
  let account: String
  /// False for images that were paid for, which wait for any time.
  var isBounded = true

  func convert(
    _ asset: Asset, to conversion: Conversion, into store: any MediaStore
  ) async throws -> Asset {
    let bytes = try store.content(of: asset)
    let memory = try engine.memory(for: conversion, image: try Self.size(of: asset))
    return try await store.store(
      run(memory) { [engine] in try engine.convert(bytes, to: conversion, control: $0) })
  }

  func thumbnail(
    of asset: Asset, within box: PixelSize, from store: any MediaStore
  ) async throws -> Thumbnail {
    let bytes = try store.content(of: asset)
    let conversion = Conversion(format: .png, width: box.width, height: box.height)
    let memory = try engine.memory(for: conversion, image: try Self.size(of: asset))
    return try await run(memory) { [engine] in
      try engine.thumbnail(of: bytes, within: box, control: $0)
    }
  }

  func composite(_ edit: MaskedEdit, into store: any MediaStore) async throws -> Composite {
    let (image, mask) = (try store.content(of: edit.image), try store.content(of: edit.mask))
    let edited = try store.content(of: edit.edited)
    let sizes = [try Self.size(of: edit.image), try Self.size(of: edit.edited)]
    let largest = sizes.max { $0.width * $0.height < $1.width * $1.height }
    let memory = try engine.memory(for: .composite, image: largest, aspectRatio: nil)
    let composite = try await run(memory) { [engine] in
      try engine.composite(
        edited, over: image, mask: mask, measuresOnly: edit.measuresOnly, control: $0)
    }
    var asset: Asset?
    if let png = composite.png { asset = try await store.store(png) }
    return Composite(asset: asset, drift: composite.drift)
  }

  func perform(_ step: PictureStep, into store: any MediaStore) async throws -> Output {
    let bytes = try await run(try engine.memory(for: step)) { [engine] in
      try engine.perform(step, control: $0)
    }
    return Output(asset: try await store.store(bytes), engine: engine.version)
  }

  private func run<Result: Sendable>(
    _ memory: Int, _ work: @escaping @Sendable (EngineControl) throws -> Result
  ) async throws -> Result {
    let control = EngineControl(account: account)
    let demand = EngineQueue.Demand(bytes: memory, control: control, isBounded: isBounded)
    return try await queue.run(demand) { try work(control) }
  }

  private static func size(of asset: Asset) throws -> PixelSize {
    guard let header = asset.header else {
      throw EngineError.unusable(field: "image", reason: "the file is not an image")
    }
    return header.size
  }
}
