import ImagineCore
import Synchronization

/// Pictures: drawn, opened, converted, saved.
extension Session {
  /// A call of a script, read and checked against its provider's description.
  struct Call: Sendable {
    var request: Request
    var provider: any Provider
    var options = CallOptions()
    /// How many pictures; nil for one that is not in a list.
    var count: Int?
  }

  /// Draws what a call asks for: one picture, or as many as it counts.
  ///
  /// A provider that takes no count is called as often, with seeds that follow one another.
  /// - Throws: ``PartialFailure`` where some were drawn and others were not.
  func draw(_ call: Call) async throws -> [Image] {
    let request = try await importPictures(of: call.request)
    let count = call.count ?? 1
    if call.provider.takesCount || count == 1 {
      let seeded = request.seed == nil ? request.with(seed: .random(in: Self.seeds)) : request
      return try await draw(seeded, count: count, call)
    }
    let first = request.seed ?? .random(in: Self.seeds)
    return try await concurrently(count) { [self] index in
      let (seed, isOver) = first.addingReportingOverflow(Int64(index))
      return try await draw(request.with(seed: isOver ? Int64(index) : seed), count: 1, call)
    }
  }

  /// What the host draws seeds from.
  private static let seeds: ClosedRange<Int64> = 1...2_147_483_647

  private func draw(_ request: Request, count: Int, _ call: Call) async throws -> [Image] {
    let drawings = try await call.provider.draw(
      request, count: count, options: call.options, into: assets)
    if Task.isCancelled {
      // Nobody waits for it any more, and it has been paid for.
      for drawing in drawings { notice("kept an answer: \(drawing.asset.path)") }
    }
    return try drawings.map { try image(of: $0, request, by: call.provider) }
  }

  private func image(
    of drawing: Drawing, _ request: Request, by provider: any Provider
  ) throws(ImagineError) -> Image {
    guard let header = drawing.asset.header else {
      throw ImagineError(
        .badResponse, "\(request.operation.endpoint): the answer is no picture", charged: .unknown,
        endpoint: request.operation.endpoint)
    }
    if drawing.engine != nil { tally.withLock { $0.picturesDrawnByEngine += 1 } }
    let price = provider.prices.price(of: request)
    let metadata = PictureMetadata(
      request: RequestDescription(request, pictures: Self.sha256(ofPicturesIn: request)),
      provider: provider.name, engine: drawing.engine, size: header.size,
      sha256: drawing.asset.sha256, price: price)
    return Image(
      asset: drawing.asset, header: header, metadata: metadata,
      cost: price, session: self)
  }

  /// Runs as many calls at once, lets all of them end, and gives their pictures in order.
  private func concurrently(
    _ count: Int, _ body: @escaping @Sendable (Int) async throws -> [Image]
  ) async throws -> [Image] {
    let results = await withTaskGroup(of: (Int, Result<[Image], any Error>).self) { group in
      for index in 0..<count {
        group.addTask {
          do { return (index, .success(try await body(index))) } catch {
            return (index, .failure(error))
          }
        }
      }
      var results: [(Int, Result<[Image], any Error>)] = []
      for await result in group { results.append(result) }
      return results.sorted { $0.0 < $1.0 }.map(\.1)
    }
    let images = results.flatMap { (try? $0.get()) ?? [] }
    for case .failure(let error) in results {
      guard let error = error as? ImagineError, !images.isEmpty else { throw error }
      throw PartialFailure(error: error, images: images)
    }
    return images
  }

  /// A picture of the user's own: a file, an address of the web, or bytes.
  func open(_ path: String) async throws -> Image {
    if path.hasPrefix("https://") || path.hasPrefix("http://") {
      return try picture(in: await fetch(path), from: "what the address gives")
    }
    return try picture(in: await assets.importFile(path), from: path)
  }

  func decode(_ bytes: [UInt8]) async throws -> Image {
    try picture(in: await assets.store(bytes), from: "the string")
  }

  private func picture(in asset: Asset, from source: String) throws(ImagineError) -> Image {
    guard let header = asset.header else {
      throw ImagineError(
        .validation, "\(source) is no picture (expected PNG, JPEG, WebP, GIF or AVIF)",
        field: "image")
    }
    return Image(asset: asset, header: header, metadata: nil, cost: nil, session: self)
  }

  func convert(_ image: Image, to conversion: Conversion) async throws -> Image {
    let asset = try await converter.convert(image.asset, to: conversion, into: assets)
    guard let header = asset.header else {
      throw ImagineError(.badResponse, "the conversion gave no picture")
    }
    var metadata = image.metadata
    metadata?.size = header.size
    return Image(asset: asset, header: header, metadata: metadata, cost: nil, session: self)
  }

  /// Saves in the format that the path's extension names: another one is converted.
  func save(_ image: Image, to path: String, replacing: Bool, metadata: Bool) async throws {
    var asset = image.asset
    if let wanted = try PictureFormat(forSavingTo: path), wanted != image.header.format {
      asset = try await convert(image, to: Conversion(format: wanted)).asset
    }
    try await assets.export(
      asset, to: path, replacing: replacing, embedding: metadata ? image.metadata : nil)
  }

  func save(_ video: Video, to path: String, replacing: Bool) async throws {
    try await assets.export(video.asset, to: path, replacing: replacing, embedding: nil)
  }

  /// The request with its input pictures in the store, so that they have a name that lasts and a
  /// size; a mask of another size than its image is refused before anything is sent.
  func importPictures(of request: Request) async throws -> Request {
    var imported: [String: Asset] = [:]
    for (name, picture) in request.pictures {
      let asset =
        switch picture {
        case .bytes(let bytes): try await assets.store(bytes)
        case .file(let path):
          if let stored = try Self.sha256(ofStored: picture).flatMap({
            try assets.asset(sha256: $0)
          }) {
            stored
          } else {
            try await assets.importFile(path)
          }
        }
      guard asset.header != nil else {
        throw ImagineError.invalid(
          field: name, given: "a file that is no picture",
          expected: "a PNG, JPEG, WebP, GIF or AVIF")
      }
      imported[name] = asset
    }
    if let image = imported["image"]?.header?.size, let mask = imported["mask"]?.header?.size,
      image != mask
    {
      throw ImagineError.invalid(
        field: "mask", given: "a mask of \(mask) pixels", expected: "the image's size, \(image)")
    }
    return request.with(pictures: imported.mapValues { .file(path: $0.path) })
  }

  /// The hashes of a request's pictures, which are in the store, by the names of their fields.
  static func sha256(ofPicturesIn request: Request) -> [String: String] {
    request.pictures.compactMapValues { sha256(ofStored: $0) }
  }

  /// The hash in the name of a stored file: 64 hexadecimal digits and an extension.
  private static func sha256(ofStored picture: Picture) -> String? {
    guard case .file(let path) = picture, let name = path.split(separator: "/").last else {
      return nil
    }
    let stem = name.prefix { $0 != "." }
    return Asset.isSHA256(stem) ? String(stem) : nil
  }
}

/// Some of several pictures were drawn, and others were not.
struct PartialFailure: Error {
  /// The first fault.
  let error: ImagineError
  /// What was drawn, and paid for, all the same.
  let images: [Image]
}

extension PictureFormat {
  /// The format that the name of a file to save asks for; nil where it has no extension, and the
  /// picture keeps its own.
  init?(forSavingTo path: String) throws(ImagineError) {
    let name = path.split(separator: "/").last ?? ""
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex else { return nil }
    let suffix = name[name.index(after: dot)...]
    guard let format = PictureFormat(pathExtension: suffix), Self.writable.contains(format) else {
      throw .invalid(
        field: "path", given: "\"\(path)\"", expected: "an extension of png, jpg, webp or avif",
        allowed: PictureFormat.writable.map(\.pathExtension))
    }
    self = format
  }
}
