import ImagineCore
import ImagineSystem
import Lua
import Synchronization

/// Pictures: drawn, opened, converted, saved.
extension Session {
  /// Draws what a call asks for: one picture, or as many as it counts.
  ///
  /// A provider that takes no count is called as often, with seeds that follow one another.
  /// - Throws: ``PartialFailure`` where some were drawn and others were not.
  func draw(_ call: Call) async throws -> [Image] {
    let count = call.count ?? 1
    let first = call.request.seed ?? run.seed.pictureSeed(for: call.name.key)
    if call.provider.takesCount || count == 1 {
      return try await draw(Part(call, seed: first, count: count, name: call.name))
    }
    let results = await concurrentResults(count) { [self] index in
      let (seed, isOver) = first.addingReportingOverflow(Int64(index))
      return try await draw(
        Part(call, seed: isOver ? Int64(index) : seed, count: 1, name: call.name.part(index)))
    }
    let images = results.flatMap { (try? $0.get()) ?? [] }
    for case .failure(let error) in results {
      guard let error = error as? ImagineError, !images.isEmpty else { throw error }
      throw PartialFailure(error: error, images: images)
    }
    return images
  }

  /// What is sent as one request.
  private struct Part: Sendable {
    let call: Call
    var request: Request
    var description: RequestDescription
    let count: Int
    let name: CurrentRun.Name

    init(_ call: Call, seed: Int64, count: Int, name: CurrentRun.Name) {
      self.call = call
      self.count = count
      self.name = name
      request = call.request.with(seed: seed)
      description = call.description(of: request)
    }
  }

  /// - Throws: ``PartialFailure`` where the answer holds fewer pictures than were asked for.
  private func draw(_ part: Part) async throws -> [Image] {
    let images = try await answer(to: part)
    guard images.count < part.count else { return images }
    let endpoint = part.request.operation.endpoint
    throw PartialFailure(
      error: ImagineError(
        .badResponse, "\(endpoint): the answer holds \(images.count) of \(part.count) pictures",
        charged: .yes, endpoint: endpoint),
      images: images)
  }

  /// The answer that the journal has, or the cache, or else the provider's.
  private func answer(to part: Part) async throws -> [Image] {
    let provider = part.call.provider
    let price = provider.prices.price(of: part.request, count: part.count)
    let open = try run.open(
      part.name, provider: provider, request: part.description, price: price,
      spending: part.call.spending)
    if open.record.isAnswered {
      do {
        return try images(open.record, of: part.call)
      } catch {
        // A stored file is missing or damaged. It is drawn again only where that is free, or where
        // the user has said that it may be paid for again.
        guard price?.millionths == 0 || run.paysAgain else { throw error }
      }
    }
    if let images = try await downloaded(part, open) { return images }
    if let images = try await cached(part, open) { return images }
    return try await billed(open, price) { [self] in
      let request = try await importPictures(
        of: part.request, as: part.call.pictures, for: provider)
      try await open.intends(part.description, price: price)
      if !provider.tracesSends { try await open.willSend() }
      let drawings = try await provider.draw(
        request, count: part.count, options: part.call.options(tracedBy: open), into: assets)
      if Task.isCancelled {
        // Nobody waits for it any more, and it has been paid for.
        for drawing in drawings { notice("kept an answer: \(drawing.asset.path)") }
      }
      for drawing in drawings where drawing.asset.header == nil {
        throw ImagineError(
          .badResponse, "\(request.operation.endpoint): the answer is no picture",
          charged: .unknown, endpoint: request.operation.endpoint)
      }
      let results = drawings.map { StoredResult($0.asset, engine: $0.engine) }
      try await open.stored(results)
      tally.withLock { $0.picturesDrawnByEngine += results.count { $0.engine != nil } }
      if results.count == part.count, let key = try await cacheKey(of: part) {
        try run.cache(results, as: key)
      }
      return try await handOver(open, part.call)
    }
  }

  /// The file of an answer; nil where it is gone, or no longer what was stored.
  private func kept(_ result: StoredResult) throws -> (asset: Asset, header: PictureHeader)? {
    guard let asset = try assets.asset(sha256: result.sha256), let header = asset.header,
      asset.byteCount == result.byteCount
    else { return nil }
    return (asset, header)
  }

  /// The pictures of a call that was answered in an earlier attempt, and not downloaded then; nil
  /// where there are none.
  private func downloaded(_ part: Part, _ open: OpenCall) async throws -> [Image]? {
    let addresses = open.record.addresses
    guard open.record.state == .accepted, !addresses.isEmpty else { return nil }
    do {
      var results: [StoredResult] = []
      for address in addresses {
        let asset = try await part.call.provider.download(address, into: assets)
        guard asset.header != nil else {
          throw ImagineError(.badResponse, "the address of a drawn picture gives none")
        }
        results.append(StoredResult(asset, engine: nil))
      }
      try await open.stored(results)
      return try await handOver(open, part.call)
    } catch var error as ImagineError {
      if run.paysAgain && !error.retryable { return nil }
      error.charged = .yes
      error.message +=
        "; it was paid for in an earlier attempt: --on-uncertain retry draws it again, and pays again"
      throw error
    }
  }

  /// The answer to an equal request of an earlier run, where the call wants the cache.
  private func cached(_ part: Part, _ open: OpenCall) async throws -> [Image]? {
    guard let key = try await cacheKey(of: part), let results = try run.cached(key),
      try results.allSatisfy({ try kept($0) != nil })
    else { return nil }
    run.countCached()
    try await open.intends(part.description, price: .tokens(0))
    try await open.stored(results)
    return try await handOver(open, part.call)
  }

  /// Gives the script the pictures that the journal has.
  private func handOver(_ open: OpenCall, _ call: Call) async throws -> [Image] {
    let images = try images(open.record, of: call)
    try await open.done()
    return images
  }

  /// What an equal request is known by in later runs; nil where the call does not want the cache, or
  /// where an equal request may have another answer: one without an explicit seed, or with fields
  /// that are written down nowhere.
  private func cacheKey(of part: Part) async throws -> String? {
    let call = part.call
    guard call.usesCache else { return nil }
    let isRepeatable =
      call.request.operation.takesSeed ? call.request.seed != nil : !call.pictures.isEmpty
    guard isRepeatable, part.description.extra.count == call.request.extra.count else { return nil }
    let version = try await providers.version(of: call.provider)
    return "\(call.provider.name) \(version) ×\(part.count) \(part.description.json)"
  }

  /// The pictures of an answered call.
  private func images(_ record: JournaledCall, of call: Call) throws -> [Image] {
    try record.results.map { result in
      guard let (asset, header) = try kept(result) else {
        throw ImagineError(
          .io,
          "the stored picture \(result.sha256) is gone from the asset store, or damaged;"
            + " --on-uncertain retry draws it again, and pays again", charged: .yes)
      }
      return Image(
        asset: asset, header: header, metadata: metadata(of: result, header, record, call),
        cost: record.price.map { $0 / record.results.count }, session: self)
    }
  }

  private func metadata(
    of result: StoredResult, _ header: PictureHeader, _ record: JournaledCall, _ call: Call
  ) -> PictureMetadata {
    let request = record.request.seed.map { call.request.with(seed: $0) } ?? call.request
    return PictureMetadata(
      request: RequestDescription(request, pictures: call.pictures), provider: record.provider,
      engine: result.engine,
      size: header.size, sha256: result.sha256,
      price: record.price.map { $0 / record.results.count }, run: run.id)
  }

  /// A picture of the user's own: a file, an address of the web, or bytes.
  func open(_ path: FilePath) async throws -> Image {
    if let address = path.text, address.hasPrefix("https://") || address.hasPrefix("http://") {
      return try picture(in: await fetch(address), from: "what the address gives")
    }
    return try picture(in: await assets.importFile(path), from: path.description)
  }

  func decode(_ bytes: [UInt8]) async throws -> Image {
    if let fault = MediaFault(in: MediaSource(bytes)) {
      throw ImagineError(.validation, "the string \(fault)", field: "image")
    }
    return try picture(in: await assets.store(bytes), from: "the string")
  }

  /// The content of an asset as a script has it; counted against its memory while it is read.
  func content(of asset: Asset, for state: LuaState) throws -> LuaString {
    let memory = try state.reserve(bytes: asset.byteCount)
    defer { memory.release() }
    let bytes = try assets.bytes(of: asset, from: 0, count: asset.byteCount)
    if assets.sha256(of: bytes) != asset.sha256 { try assets.verify(asset) }
    return LuaString(bytes)
  }

  private func picture(in asset: Asset, from source: String) throws(ImagineError) -> Image {
    guard let header = asset.header else {
      throw ImagineError(
        .validation, "\(source) is no picture (expected \(PictureHeader.expectation))",
        field: "image")
    }
    return Image(asset: asset, header: header, metadata: nil, cost: nil, session: self)
  }

  func convert(_ image: Image, to conversion: Conversion) async throws -> Image {
    try assets.verify(image.asset)
    let asset = try await converter.convert(image.asset, to: conversion, into: assets)
    guard let header = asset.header else {
      throw ImagineError(.badResponse, "the conversion gave no picture")
    }
    var metadata = image.metadata
    metadata?.size = header.size
    return Image(asset: asset, header: header, metadata: metadata, cost: nil, session: self)
  }

  /// Saves in the format that the path's extension names: another one is converted.
  func save(_ image: Image, to path: FilePath, replacing: Bool, metadata: Bool) async throws {
    var asset = image.asset
    if let wanted = try PictureFormat(forSavingTo: path), wanted != image.header.format {
      asset = try await convert(image, to: Conversion(format: wanted)).asset
    }
    try await assets.export(
      asset, to: path, replacing: replacing, embedding: metadata ? image.metadata : nil)
  }

  func save(_ video: Video, to path: FilePath, replacing: Bool) async throws {
    try await assets.export(video.asset, to: path, replacing: replacing, embedding: nil)
  }

  /// The request with its input pictures in the store, so that they have a name that lasts and a
  /// size; a mask of another size than its image is refused before anything is sent.
  ///
  /// - Parameter hashes: SHA-256 of the pictures when the script made the call, by their fields.
  /// - Throws: ``ImagineError`` of kind `io` for a file that has changed since: the journal would know
  ///   the call by other bytes than those that are sent.
  func importPictures(
    of request: Request, as hashes: [String: String], for provider: any Provider
  ) async throws -> Request {
    var imported: [String: Asset] = [:]
    for (name, picture) in request.pictures {
      let asset =
        switch picture {
        case .bytes(let bytes): try await assets.store(bytes)
        case .file(let path):
          if let stored = try storedAsset(picture) {
            try verified(stored)
          } else {
            try await assets.importFile(path)
          }
        }
      guard asset.header != nil else {
        throw ImagineError.invalid(
          field: name, given: "a file that is no picture",
          expected: PictureHeader.expectation)
      }
      guard hashes[name] == asset.sha256 else {
        throw ImagineError(
          .io, "field '\(name)': the file has changed since the call was made; nothing was sent",
          field: name)
      }
      imported[name] = asset
    }
    if let mask = imported["mask"]?.header, mask.hasAlpha, !provider.readsAlphaOfMasks {
      throw ImagineError.invalid(
        field: "mask", given: "a mask with an alpha channel",
        expected: "one without: services read it in different ways; save it in white for what is"
          + " worked on and black for what is kept")
    }
    if let image = imported["image"]?.header?.size, let mask = imported["mask"]?.header?.size,
      image != mask
    {
      throw ImagineError.invalid(
        field: "mask", given: "a mask of \(mask) pixels", expected: "the image's size, \(image)")
    }
    return request.with(pictures: imported.mapValues { .file(path: FilePath($0.path)) })
  }

  /// What is paid for is done with the very picture that the script has.
  private func verified(_ asset: Asset) throws -> Asset {
    try assets.verify(asset)
    return asset
  }

  /// The asset that a picture is; nil for a file of the user's, which may bear the name of an asset
  /// and hold something else.
  func storedAsset(_ picture: Picture) throws -> Asset? {
    guard let sha256 = picture.storedSHA256, let asset = try assets.asset(sha256: sha256),
      picture == .file(path: FilePath(asset.path))
    else { return nil }
    return asset
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
  init?(forSavingTo path: FilePath) throws(ImagineError) {
    let name = String(decoding: path.name.bytes, as: UTF8.self)
    guard !name.isEmpty else {
      throw .invalid(field: "path", given: "\"\(path)\"", expected: "the name of a file")
    }
    guard let dot = name.lastIndex(of: "."), dot != name.startIndex,
      !path.isStream
    else { return nil }
    let suffix = name[name.index(after: dot)...]
    guard let format = PictureFormat(pathExtension: suffix), Self.writable.contains(format) else {
      throw .invalid(
        field: "path", given: "\"\(path)\"", expected: "an extension of png, jpg, webp or avif",
        allowed: PictureFormat.writable.map(\.pathExtension))
    }
    self = format
  }
}
