package import ImagineAPI
import ImagineSystem
import MediaFiles
import Synchronization

/// Generates, opens, converts and saves images.
extension Workflow {
  /// Generates the images of a call.
  ///
  /// A provider that takes no count is called once per image, with consecutive seeds.
  /// - Throws: ``PartialFailure`` if only some of the images were generated.
  package func generate(_ call: PreparedCall) async throws -> [Image] {
    let count = call.count ?? 1
    let first = call.request.seed ?? run.seed.imageSeed(for: call.keys.key)
    if call.provider.takesCount || count == 1 {
      return try await generate(Part(call, seed: first, count: count, keys: call.keys))
    }
    let results = await concurrentResults(count) { [self] index in
      let (seed, isOver) = first.addingReportingOverflow(Int64(index))
      return try await generate(
        Part(call, seed: isOver ? Int64(index) : seed, count: 1, keys: call.keys.part(index)))
    }
    let images = results.flatMap { (try? $0.get()) ?? [] }
    for case .failure(let error) in results {
      guard let error = error as? ImagineError, !images.isEmpty else { throw error }
      throw PartialFailure(error: error, images: images)
    }
    return images
  }

  /// The part of a call that is sent as one request.
  private struct Part: Sendable {
    let call: PreparedCall
    var request: Request
    var description: RequestDescription
    let count: Int
    let keys: CallKeys

    init(_ call: PreparedCall, seed: Int64, count: Int, keys: CallKeys) {
      self.call = call
      self.count = count
      self.keys = keys
      request = call.request.with(seed: seed)
      description = call.description(of: request)
    }
  }

  /// - Throws: ``PartialFailure`` if the answer has fewer images than requested.
  private func generate(_ part: Part) async throws -> [Image] {
    let images = try await answer(to: part)
    guard images.count < part.count else { return images }
    let endpoint = part.request.operation.endpoint
    throw PartialFailure(
      error: ImagineError(
        .badResponse, "\(endpoint): the answer holds \(images.count) of \(part.count) images",
        charged: .yes, endpoint: endpoint),
      images: images)
  }

  /// The answer from the journal, else from the cache, else from the provider.
  private func answer(to part: Part) async throws -> [Image] {
    let provider = part.call.provider
    let price = provider.prices.price(of: part.request, count: part.count)
    let entry = try run.open(
      part.keys, provider: provider, request: part.description, price: price,
      budgets: part.call.budgets)
    if entry.record.isAnswered {
      do {
        return try images(entry.record, of: part.call)
      } catch {
        // A stored file is missing or damaged. Regenerate it only if that is free or
        // `--on-uncertain retry` is set.
        guard price?.millionths == 0 || run.retriesUncertain else { throw error }
      }
    }
    if let images = try await downloadAccepted(part, entry) { return images }
    if let images = try await cached(part, entry) { return images }
    return try await withReservation(entry, price) { [self] in
      let request = try await importImages(
        of: part.request, as: part.call.images, for: provider)
      try await entry.recordIntent(part.description, price: price)
      if !provider.reportsSends { try await entry.willSend() }
      let generated = try await provider.generate(
        request, count: part.count, options: part.call.options(observedBy: entry), into: assets)
      if Task.isCancelled {
        // The answer is paid for, but nobody waits for it any more.
        for image in generated { notice("kept an answer: \(image.asset.path)") }
      }
      for image in generated where image.asset.header == nil {
        throw ImagineError(
          .badResponse, "\(request.operation.endpoint): the answer is not an image",
          charged: .unknown, endpoint: request.operation.endpoint)
      }
      let results = generated.map { StoredResult($0.asset, engine: $0.engine) }
      try await entry.recordStored(results)
      tally.withLock { $0.imagesMadeByEngine += results.count { $0.engine != nil } }
      if results.count == part.count, let key = try await cacheKey(of: part) {
        try run.cache(results, as: key)
      }
      return try await deliverImages(of: entry, for: part.call)
    }
  }

  /// The stored file of a result; nil if it is missing or has another size.
  private func storedImage(_ result: StoredResult) throws -> (asset: Asset, header: ImageHeader)? {
    guard let asset = try assets.asset(sha256: result.sha256), let header = asset.header,
      asset.byteCount == result.byteCount
    else { return nil }
    return (asset, header)
  }

  /// Downloads the images of a call that an earlier attempt left accepted; nil if there are none.
  private func downloadAccepted(_ part: Part, _ entry: CallEntry) async throws -> [Image]? {
    let addresses = entry.record.addresses
    guard entry.record.state == .accepted, !addresses.isEmpty else { return nil }
    do {
      var results: [StoredResult] = []
      for address in addresses {
        let asset = try await part.call.provider.download(address, into: assets)
        guard asset.header != nil else {
          throw ImagineError(
            .badResponse, "the address of a generated image does not return an image")
        }
        results.append(StoredResult(asset, engine: nil))
      }
      try await entry.recordStored(results)
      return try await deliverImages(of: entry, for: part.call)
    } catch var error as ImagineError {
      if run.retriesUncertain && !error.retryable { return nil }
      error.charged = .yes
      error.message +=
        "; it was paid for in an earlier attempt: --on-uncertain retry generates it again and pays"
        + " again"
      throw error
    }
  }

  /// The answer to an equal request of an earlier run; nil if the call does not use the cache.
  private func cached(_ part: Part, _ entry: CallEntry) async throws -> [Image]? {
    guard let key = try await cacheKey(of: part), let results = try run.cached(key),
      try results.allSatisfy({ try storedImage($0) != nil })
    else { return nil }
    run.countCached()
    try await entry.recordIntent(part.description, price: .tokens(0))
    try await entry.recordStored(results)
    return try await deliverImages(of: entry, for: part.call)
  }

  /// Returns the images of an answered call and marks it done.
  private func deliverImages(of entry: CallEntry, for call: PreparedCall) async throws -> [Image] {
    let images = try images(entry.record, of: call)
    try await entry.recordDone()
    return images
  }

  /// The cache key of a request; nil if the call does not use the cache, or if an equal request may
  /// have another answer: one without an explicit seed, or with redacted `extra` fields.
  private func cacheKey(of part: Part) async throws -> String? {
    let call = part.call
    guard call.usesCache else { return nil }
    let isRepeatable =
      call.request.operation.takesSeed ? call.request.seed != nil : !call.images.isEmpty
    guard isRepeatable, part.description.extra.count == call.request.extra.count else { return nil }
    let version = try await providers.version(of: call.provider)
    return "\(call.provider.name) \(version) ×\(part.count) \(part.description.json)"
  }

  /// The images of an answered call.
  private func images(_ record: JournaledCall, of call: PreparedCall) throws -> [Image] {
    try record.results.map { result in
      guard let (asset, header) = try storedImage(result) else {
        throw ImagineError(
          .io,
          "the stored image \(result.sha256) is missing from the asset store, or damaged;"
            + " --on-uncertain retry generates it again and pays again", charged: .yes)
      }
      return Image(
        asset: asset, header: header, metadata: metadata(of: result, header, record, call),
        cost: record.price.map { $0 / record.results.count }, workflow: self)
    }
  }

  private func metadata(
    of result: StoredResult, _ header: ImageHeader, _ record: JournaledCall, _ call: PreparedCall
  ) -> ImageMetadata {
    let request = record.request.seed.map { call.request.with(seed: $0) } ?? call.request
    return ImageMetadata(
      request: RequestDescription(request, images: call.images), provider: record.provider,
      engine: result.engine,
      size: header.size, sha256: result.sha256,
      price: record.price.map { $0 / record.results.count }, run: run.id)
  }

  /// Imports an image from a file or a web address.
  package func open(_ path: FilePath) async throws -> Image {
    if let address = path.text, address.hasPrefix("https://") || address.hasPrefix("http://") {
      return try image(in: await fetch(address), from: "the file at the address")
    }
    return try image(in: await assets.importFile(path), from: path.description)
  }

  package func decode(_ bytes: [UInt8]) async throws -> Image {
    if let fault = MediaFault(in: MediaSource(bytes)) {
      throw ImagineError(.validation, "the string \(fault)", field: "image")
    }
    return try image(in: await assets.store(bytes), from: "the string")
  }

  /// The content of an asset.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it is damaged.
  package func content(of asset: Asset) throws -> [UInt8] {
    let bytes = try assets.bytes(of: asset, from: 0, count: asset.byteCount)
    if assets.sha256(of: bytes) != asset.sha256 { try assets.verify(asset) }
    return bytes
  }

  private func image(in asset: Asset, from source: String) throws(ImagineError) -> Image {
    guard let header = asset.header else {
      throw ImagineError(
        .validation, "\(source) is not an image (expected \(ImageHeader.expectation))",
        field: "image")
    }
    return Image(asset: asset, header: header, metadata: nil, cost: nil, workflow: self)
  }

  package func convert(_ image: Image, to conversion: Conversion) async throws -> Image {
    try assets.verify(image.asset)
    let asset = try await converter.convert(image.asset, to: conversion, into: assets)
    guard let header = asset.header else {
      throw ImagineError(.badResponse, "the conversion did not return an image")
    }
    var metadata = image.metadata
    metadata?.size = header.size
    return Image(asset: asset, header: header, metadata: metadata, cost: nil, workflow: self)
  }

  /// Saves an image in the format of the path's extension, converted if needed.
  package func save(_ image: Image, to path: FilePath, replacing: Bool, metadata: Bool) async throws
  {
    var asset = image.asset
    if let wanted = try ImageFormat(forSavingTo: path), wanted != image.header.format {
      asset = try await convert(image, to: Conversion(format: wanted)).asset
    }
    try await assets.export(
      asset, to: path, replacing: replacing, embedding: metadata ? image.metadata : nil)
  }

  package func save(_ video: Video, to path: FilePath, replacing: Bool) async throws {
    try await assets.export(video.asset, to: path, replacing: replacing, embedding: nil)
  }

  /// Imports the input images of a request, which gives them a permanent name and a size. Rejects a
  /// mask of another size than its image before anything is sent.
  ///
  /// - Parameter hashes: SHA-256 of the images when the script made the call, by field name.
  /// - Throws: ``ImagineError`` of kind `io` for a file that has changed since: the journal key
  ///   would not match the bytes sent.
  func importImages(
    of request: Request, as hashes: [String: String], for provider: any Provider
  ) async throws -> Request {
    var imported: [String: Asset] = [:]
    for (name, image) in request.images {
      let asset =
        switch image {
        case .bytes(let bytes): try await assets.store(bytes)
        case .file(let path):
          if let stored = try storedAsset(image) {
            try verified(stored)
          } else {
            try await assets.importFile(path)
          }
        }
      guard asset.header != nil else {
        throw ImagineError.invalid(
          field: name, given: "a file that is not an image",
          expected: ImageHeader.expectation)
      }
      guard hashes[name] == asset.sha256 else {
        throw ImagineError(
          .io, "field '\(name)': the file has changed since the call was made; nothing was sent",
          field: name)
      }
      imported[name] = asset
    }
    if let mask = imported["mask"]?.header, mask.hasAlpha, !provider.usesMaskAlpha {
      throw ImagineError.invalid(
        field: "mask", given: "a mask with an alpha channel",
        expected: "one without alpha, which services read in different ways: white for the parts to"
          + " edit and black for the parts to keep")
    }
    if let image = imported["image"]?.header?.size, let mask = imported["mask"]?.header?.size,
      image != mask
    {
      throw ImagineError.invalid(
        field: "mask", given: "a mask of \(mask) pixels", expected: "the image's size, \(image)")
    }
    return request.with(images: imported.mapValues { .file(path: FilePath($0.path)) })
  }

  /// Checks the content before money is spent on it.
  private func verified(_ asset: Asset) throws -> Asset {
    try assets.verify(asset)
    return asset
  }

  /// The asset behind an image; nil for a user's file, even if its name is that of an asset.
  func storedAsset(_ image: ImageInput) throws -> Asset? {
    guard let sha256 = image.storedSHA256, let asset = try assets.asset(sha256: sha256),
      image == .file(path: FilePath(asset.path))
    else { return nil }
    return asset
  }
}

/// Only some of the requested images were generated.
package struct PartialFailure: Error {
  /// The first error.
  package let error: ImagineError
  /// The images that were generated and paid for.
  package let images: [Image]
}

extension ImageFormat {
  /// The format of a path's extension; nil without an extension, which keeps the image's own
  /// format.
  init?(forSavingTo path: FilePath) throws(ImagineError) {
    let name = String(decoding: path.name.bytes, as: UTF8.self)
    guard !name.isEmpty else {
      throw .invalid(field: "path", given: "\"\(path)\"", expected: "the name of a file")
    }
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      !path.isStream
    else { return nil }
    let suffix = name[name.index(after: dot)...]
    guard let format = ImageFormat(pathExtension: suffix), Self.writable.contains(format) else {
      throw .invalid(
        field: "path", given: "\"\(path)\"", expected: "an extension of png, jpg, webp or avif",
        allowed: ImageFormat.writable.map(\.pathExtension))
    }
    self = format
  }
}
