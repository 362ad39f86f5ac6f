public import ImagineCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// What the functions of `imagine` stand on while a program runs: providers, the asset store, the
/// converter, and what has been drawn so far.
///
/// It knows nothing of Lua. Its functions throw ``ImagineError``; those that wait for a disk or a
/// network are `async` and leave the thread of Lua at once.
public final class Session: Sendable {
  /// Gives providers to scripts.
  public protocol ProviderSource: Sendable {
    /// The provider with a name; nil asks for the one that options, environment and configuration
    /// name.
    func provider(named name: String?) throws -> any Provider

    /// A provider that a script describes: `kind`, `base_url`, `token` or `token_env`, `model`.
    func provider(describedBy members: [String: String]) throws -> any Provider

    /// Changes how many calls may be in flight at once, and begun in a minute; nil leaves one as it
    /// is.
    func limitCalls(concurrency: Int?, rate: Int?)
  }

  let assets: any AssetStore
  let ledger: any JobLedger
  private let converter: any PictureConverter
  private let providers: any ProviderSource
  /// Shows how far a job is; nil where nobody looks.
  private let progress: (any JobProgress)?
  /// Tells the user what no script can be told any more.
  private let notice: @Sendable (String) -> Void

  /// What calls use where they say nothing themselves.
  struct Defaults: Sendable {
    var provider: String?
    var options = CallOptions()
  }
  let defaults = Mutex(Defaults())

  private struct Tally {
    /// Which provider issued a job's id, in this run.
    var issuers: [String: any Provider] = [:]
    var picturesDrawnByEngine = 0
  }
  private let tally = Mutex(Tally())

  public init(
    assets: any AssetStore, ledger: any JobLedger, converter: any PictureConverter,
    providers: any ProviderSource, progress: (any JobProgress)? = nil,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.assets = assets
    self.ledger = ledger
    self.converter = converter
    self.providers = providers
    self.progress = progress
    self.notice = notice
  }

  /// How many pictures and videos were drawn by the built-in engine rather than by a model.
  public var picturesDrawnByEngine: Int { tally.withLock { $0.picturesDrawnByEngine } }

  // MARK: Pictures

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
    let request = try importPictures(of: call.request)
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
    let parents = request.operation.fields.compactMap { field in
      request[field.name]?.picture.flatMap { Self.sha256(ofStored: $0) }
    }
    let metadata = PictureMetadata(
      operation: request.operation.name, provider: provider.name, engine: drawing.engine,
      prompt: request.prompt, style: request.style ?? request["model"]?.text,
      aspectRatio: request.aspectRatio?.rawValue, seed: request.seed, size: header.size,
      parents: parents)
    return Image(
      asset: drawing.asset, header: header, metadata: metadata, cost: provider.price(of: request),
      session: self)
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

  /// A picture of the user's own: a file, or bytes.
  func open(_ path: String) async throws -> Image {
    try picture(in: assets.importFile(path), from: path)
  }

  func decode(_ bytes: [UInt8]) async throws -> Image {
    try picture(in: assets.store(bytes), from: "the string")
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
    try assets.export(
      asset, to: path, replacing: replacing, embedding: metadata ? image.metadata : nil)
  }

  func save(_ video: Video, to path: String, replacing: Bool) async throws {
    try assets.export(video.asset, to: path, replacing: replacing, embedding: nil)
  }

  /// The request with its input pictures in the store, so that they have a name that lasts and a
  /// size; a mask of another size than its image is refused before anything is sent.
  private func importPictures(of request: Request) throws -> Request {
    var imported: [String: Asset] = [:]
    for (name, picture) in request.pictures {
      let asset =
        switch picture {
        case .bytes(let bytes): try assets.store(bytes)
        case .file(let path):
          try Self.sha256(ofStored: picture).flatMap { try assets.asset(sha256: $0) }
            ?? assets.importFile(path)
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

  /// The hash in the name of a stored file: 64 hexadecimal digits and an extension.
  private static func sha256(ofStored picture: Picture) -> String? {
    guard case .file(let path) = picture, let name = path.split(separator: "/").last else {
      return nil
    }
    let stem = name.prefix { $0 != "." }
    return stem.count == 64 && stem.allSatisfy(\.isHexDigit) ? String(stem) : nil
  }

  // MARK: Jobs

  func submit(_ call: Call) async throws -> Job {
    let provider = call.provider
    let request = try importPictures(of: call.request)
    let status = try await provider.submit(request, options: call.options)
    tally.withLock {
      $0.issuers[status.id] = provider
      if status.engine != nil { $0.picturesDrawnByEngine += 1 }
    }
    if Task.isCancelled { notice("kept a job: \(status.id)") }
    try ledger.record(
      SubmittedJob(
        id: status.id, provider: provider.name, operation: request.operation.name,
        prompt: request.prompt ?? "", submittedAt: Double(time(nil)),
        state: status.state.rawValue))
    return Job(status: status, provider: provider, session: self)
  }

  /// The job with an id: asked for at the provider that is named, else at the one that issued it,
  /// else at the one in use.
  func job(id: String, provider: (any Provider)?) async throws -> Job {
    let provider = try provider ?? issuer(of: id)
    let status = try await provider.status(of: id)
    return Job(status: status, provider: provider, session: self)
  }

  func delete(id: String, provider: (any Provider)?) async throws {
    try await (provider ?? issuer(of: id)).delete(job: id)
    try ledger.forget(id: id)
  }

  private func issuer(of id: String) throws -> any Provider {
    if let provider = tally.withLock({ $0.issuers[id] }) { return provider }
    return try provider(ledger.job(id: id)?.provider)
  }

  /// Waits for a job's video and downloads it at once, since its address expires.
  ///
  /// - Parameter timeout: seconds.
  func wait(for job: Job, timeout: Double) async throws -> Video {
    let deadline = ContinuousClock.now + .seconds(timeout)
    progress?.began(job.id)
    defer { progress?.ended(job.id) }
    var question = 0
    while true {
      try await refreshPatiently(job, question: &question, deadline: deadline)
      let status = job.status
      progress?.moved(job.id, status)
      if status.state.isFinal { return try await video(of: job, status) }
      try await pause(after: question, deadline: deadline, job: job, timeout: timeout)
    }
  }

  /// Asks for a job; a passing fault of the question is met by asking again.
  private func refreshPatiently(
    _ job: Job, question: inout Int, deadline: ContinuousClock.Instant
  ) async throws {
    while true {
      question += 1
      do {
        return try await job.refresh()
      } catch let error as ImagineError where error.retryable && ContinuousClock.now < deadline {
        try await Task.sleep(for: .seconds(job.provider.polling.pause(after: question)))
      }
    }
  }

  private func pause(
    after question: Int, deadline: ContinuousClock.Instant, job: Job, timeout: Double
  ) async throws {
    guard ContinuousClock.now < deadline else {
      throw ImagineError(
        .timeout, "the job \(job.id) was not finished within \(timeout) seconds; it goes on",
        retryable: true, job: job.id)
    }
    let next = ContinuousClock.now + .seconds(job.provider.polling.pause(after: question))
    try await Task.sleep(until: min(next, deadline), clock: .continuous)
  }

  private func video(of job: Job, _ status: JobStatus) async throws -> Video {
    try remember(job, status)
    switch status.state {
    case .failed:
      let reason = status.failure.map { ": \($0)" } ?? ""
      throw ImagineError(.jobFailed, "the job \(job.id) failed\(reason)", job: job.id)
    case .cancelled:
      throw ImagineError(.cancelled, "the job \(job.id) was cancelled", job: job.id)
    default: break
    }
    guard let address = status.videoAddress else {
      throw ImagineError(
        .badResponse, "the job \(job.id) is finished, but no address of its video is given",
        job: job.id)
    }
    let asset = try await job.provider.download(address, into: assets)
    let header = try VideoHeader { try assets.bytes(of: asset, from: $0, count: $1) }
    guard let header else {
      throw ImagineError(.badResponse, "the video of job \(job.id) is no MP4", job: job.id)
    }
    return Video(
      asset: asset, header: header, job: job.id, provider: job.provider.name,
      thumbnail: try await thumbnail(of: job, status), session: self)
  }

  /// Keeps in the ledger how a job ended; one that is not there was not submitted from this home.
  func remember(_ job: Job, _ status: JobStatus) throws {
    guard var submitted = try ledger.job(id: job.id) else { return }
    submitted.state = status.state.rawValue
    try ledger.record(submitted)
  }

  private func thumbnail(of job: Job, _ status: JobStatus) async throws -> Image? {
    guard let address = status.thumbnailAddress else { return nil }
    let asset = try await job.provider.download(address, into: assets)
    guard let header = asset.header else { return nil }
    return Image(asset: asset, header: header, metadata: nil, cost: nil, session: self)
  }

  /// - Parameter name: nil for the provider in use.
  func provider(_ name: String?) throws -> any Provider {
    try providers.provider(named: name ?? defaults.withLock { $0.provider })
  }

  func limitCalls(concurrency: Int?, rate: Int?) {
    providers.limitCalls(concurrency: concurrency, rate: rate)
  }

  func provider(describedBy members: [String: String]) throws -> any Provider {
    try providers.provider(describedBy: members)
  }
}

/// Some of several pictures were drawn, and others were not.
struct PartialFailure: Error {
  /// The first fault.
  let error: ImagineError
  /// What was drawn, and paid for, all the same.
  let images: [Image]
}

/// Shows how far jobs are, to whoever watches. Called from any thread.
public protocol JobProgress: Sendable {
  func began(_ job: String)
  func moved(_ job: String, _ status: JobStatus)
  func ended(_ job: String)
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
