public import ImagineAPI
import MediaFiles
import Synchronization

/// Makes the images of calls.
extension Workflow {
  /// The images of a call.
  ///
  /// A provider that takes no count is called once per image, with consecutive seeds.
  ///
  /// - Throws: ``PartialFailure`` if only some of the images were made.
  func images(of call: PreparedCall) async throws -> [Image] {
    let count = call.count ?? 1
    let first = call.request.seed ?? run.seed.imageSeed(for: call.keys.key)
    if call.provider.profile.takesCount || count == 1 {
      return try await images(of: CallPart(call, seed: first, count: count, keys: call.keys))
    }
    let results = await concurrentResults(count) { [self] index in
      let (seed, isOver) = first.addingReportingOverflow(Int64(index))
      return try await images(
        of: CallPart(
          call, seed: isOver ? Int64(index) : seed, count: 1, keys: call.keys.part(index)))
    }
    let finished = results.flatMap { (try? $0.get()) ?? [] }
    for case .failure(let error) in results {
      guard let error = error as? ImagineError, !finished.isEmpty else { throw error }
      throw PartialFailure(error: error, images: finished)
    }
    return finished
  }

  /// - Throws: ``PartialFailure`` if the answer has fewer images than requested.
  private func images(of part: CallPart) async throws -> [Image] {
    let images = try await answer(to: part)
    guard images.count < part.request.count else {
      if part.request.wantsTransparency { try Self.checkTransparency(of: images, part) }
      return images
    }
    let endpoint = part.request.operation.endpoint
    throw PartialFailure(
      error: ImagineError(
        .badResponse,
        "\(endpoint): the answer holds \(images.count) of \(part.request.count) images",
        charged: .yes, endpoint: endpoint),
      images: images)
  }

  /// - Throws: ``PartialFailure`` for an image that has no alpha: some services paint a checkerboard.
  private static func checkTransparency(
    of images: [Image], _ part: CallPart
  ) throws(PartialFailure) {
    guard let image = images.first(where: { !$0.header.hasAlpha }) else { return }
    let endpoint = part.request.operation.endpoint
    throw PartialFailure(
      error: ImagineError(
        .badResponse,
        "\(endpoint): the service returned a \(image.header.format.rawValue) without transparency",
        charged: image.cost?.millionths == 0 ? .no : .yes, endpoint: endpoint),
      images: images)
  }

  /// The answer from the journal, else from the cache, else from the provider.
  private func answer(to part: CallPart) async throws -> [Image] {
    let (call, provider) = (part.call, part.call.provider)
    let price = provider.profile.prices.price(of: part.request)
    let entry = try run.open(
      part.keys, provider: provider.profile, request: part.description, price: price,
      budgets: call.budgets, derived: call.derived, events: eventSource)
    if entry.record.isAnswered {
      do {
        return try images(entry.record, of: call)
      } catch {
        // A stored file is missing or damaged. Regenerate it only if that is free or
        // `--on-uncertain retry` is set.
        guard price?.millionths == 0 || run.retriesUncertain else { throw error }
      }
    }
    try await askByTicket(entry, at: provider)
    if let images = try await downloadAccepted(part, entry) { return images }
    if let images = try await jobImages(part, entry) { return images }
    if let images = try await cached(part, entry) { return images }
    return try await withReservation(entry, price) { [self] in
      switch try await send(part.request, of: call, as: part.description, price, entry) {
      case .finished(let answer): try await store(answer, of: part, entry)
      case .running(let status):
        let job = try await accept(status, by: provider, entry)
        try await store(finishedImages(of: job, for: call), of: part, entry)
      }
      return try await deliverImages(of: entry, for: call)
    }
  }

  /// Journals the images of an answer.
  private func store(_ answer: Answer, of part: CallPart, _ entry: CallEntry) async throws {
    if Task.isCancelled {
      // The answer is paid for, but nobody waits for it any more.
      for output in answer.outputs { notice("kept an answer: \(output.asset.path)") }
    }
    let endpoint = part.request.operation.endpoint
    for output in answer.outputs where output.asset.header == nil {
      throw ImagineError(
        .badResponse, "\(endpoint): the answer is not an image", charged: .unknown,
        endpoint: endpoint)
    }
    let results = answer.outputs.map { StoredResult($0.asset, engine: $0.engine) }
    try await entry.recordStored(results, price: answer.price, usage: answer.usage)
    tally.withLock { $0.imagesMadeByEngine += results.count { $0.engine != nil } }
    if results.count == part.request.count, let key = try await cacheKeys(of: part)?.key {
      try run.cache(results, as: key)
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
  private func downloadAccepted(_ part: CallPart, _ entry: CallEntry) async throws -> [Image]? {
    let addresses = entry.record.addresses
    guard entry.record.state == .accepted, !addresses.isEmpty else { return nil }
    return try await fetchPaid(part, entry) { [self] in
      var outputs: [Output] = []
      for address in addresses {
        outputs.append(try await image(at: address, for: part.call, entry))
      }
      return Answer(outputs)
    }
  }

  /// Waits for the images of a job that an earlier attempt left accepted; nil if there is none.
  private func jobImages(_ part: CallPart, _ entry: CallEntry) async throws -> [Image]? {
    guard entry.record.state == .accepted, let id = entry.record.job else { return nil }
    let job = Job(
      status: JobStatus(id: id, state: .queued), provider: part.call.provider, workflow: self,
      call: entry)
    return try await fetchPaid(part, entry) { [self] in
      try await finishedImages(of: job, for: part.call)
    }
  }

  /// Stores what an earlier attempt has paid for; nil if it is lost and may be paid for again.
  private func fetchPaid(
    _ part: CallPart, _ entry: CallEntry, _ fetch: () async throws -> Answer
  ) async throws -> [Image]? {
    do {
      try await store(fetch(), of: part, entry)
      return try await deliverImages(of: entry, for: part.call)
    } catch var error as ImagineError {
      if entry.record.state == .failed { throw error }
      if run.retriesUncertain && !error.retryable { return nil }
      error.charged = .yes
      error.message +=
        "; it was paid for in an earlier attempt: --on-uncertain retry generates it again and pays"
        + " again"
      throw error
    }
  }

  /// Waits for a job that makes images, and downloads them.
  private func finishedImages(of job: Job, for call: PreparedCall) async throws -> Answer {
    let deadline =
      call.options.deadline ?? Deadline(in: call.options.timeout ?? StandardTimeout.wait)
    let status = try await finalStatus(of: job, by: deadline)
    try await throwIfEnded(job, status)
    var outputs: [Output] = []
    for address in status.imageAddresses {
      var output = try await image(at: address, for: call, job.call)
      output.engine = status.engine
      outputs.append(output)
    }
    guard !outputs.isEmpty else {
      throw ImagineError(
        .badResponse, "the job \(job.id) is finished, but the service gave no address of an image",
        job: job.id)
    }
    return Answer(outputs)
  }

  private func image(
    at address: String, for call: PreparedCall, _ entry: CallEntry?
  ) async throws -> Output {
    let asset = try await call.provider.download(
      address, CallContext(call.options, store: assets, observer: entry))
    guard asset.header != nil else {
      throw ImagineError(
        .badResponse, "the address of a generated image does not return an image")
    }
    return Output(asset: asset)
  }

  /// The answer to an equal request of an earlier run; nil if the call does not use the cache.
  private func cached(_ part: CallPart, _ entry: CallEntry) async throws -> [Image]? {
    guard let keys = try await cacheKeys(of: part),
      let results = try run.cached(keys.key) ?? run.cached(keys.older),
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

  /// The cache key of a request, and the one of older versions; nil if the call does
  /// not use the cache, or if an equal request may have another answer: one without an explicit
  /// seed, or with redacted `extra` fields.
  private func cacheKeys(of part: CallPart) async throws -> (key: String, older: String)? {
    let call = part.call
    guard call.usesCache else { return nil }
    let isRepeatable =
      call.request.operation.takesSeed ? call.request.seed != nil : !call.request.images.isEmpty
    guard isRepeatable, part.description.extra.count == call.request.extra.count else { return nil }
    let version = try await providers.version(of: call.provider)
    let start = "\(call.provider.name) \(version) ×\(part.request.count) "
    // The mark tells the integer 7 from an older entry for 7.0.
    return ("2 " + start + part.description.json, start + part.description.jsonOfVersion1)
  }

  /// The images of an answered call.
  private func images(_ record: JournaledCall, of call: PreparedCall) throws -> [Image] {
    try record.results.enumerated().map { index, result in
      let cost = record.cost.map { $0.part(index, of: record.results.count) }
      guard let (asset, header) = try storedImage(result) else {
        throw ImagineError(
          .io,
          "the stored image \(result.sha256) is missing from the asset store, or damaged;"
            + " --on-uncertain retry generates it again and pays again", charged: .yes)
      }
      return Image(
        asset: asset, header: header, metadata: metadata(of: result, header, record, cost, call),
        cost: cost, workflow: self)
    }
  }

  private func metadata(
    of result: StoredResult, _ header: ImageHeader, _ record: JournaledCall, _ cost: Price?,
    _ call: PreparedCall
  ) -> ImageMetadata {
    var request = call.description
    request.fields["seed"] = record.request.fields["seed"] ?? request.fields["seed"]
    return ImageMetadata(
      request: request, provider: record.provider, engine: result.engine,
      size: header.size, sha256: result.sha256,
      price: cost, run: run.id)
  }
}

/// The part of a call that is sent as one request.
private struct CallPart: Sendable {
  let call: PreparedCall
  let request: Request
  /// As the journal has it: redacted, with the seed that is sent.
  let description: RequestDescription
  let keys: CallKeys

  init(_ call: PreparedCall, seed: Int64, count: Int, keys: CallKeys) {
    self.call = call
    self.keys = keys
    let choosesSeed = call.provider.profile.choosesSeeds || call.request.seed != nil
    var request = choosesSeed ? call.request.with(seed: seed) : call.request
    request.count = count
    self.request = request
    var description = call.description.redacted
    description.fields["seed"] = request["seed"]
    self.description = description
  }
}

/// Only some of the requested images were made.
public struct PartialFailure: Error {
  /// The first error.
  public let error: ImagineError
  /// The images that were made and paid for.
  public let images: [Image]
}
