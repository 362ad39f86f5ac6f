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
    if call.provider.profile.takesCount(of: call.operation) || count == 1 {
      return try await images(of: CallPart(call, seed: first, count: count, keys: call.keys))
    }
    let results = await concurrentResults(count) { [self] index in
      try await images(
        of: CallPart(
          call, seed: call.operation.seed(first, plus: index), count: 1,
          keys: call.keys.part(index)))
    }
    var finished: [Image] = []
    var fault: ImagineError?
    // The first error, with the charge of all of them.
    func note(_ error: ImagineError) {
      let charged = max(fault?.charged ?? .no, error.charged)
      fault = fault ?? error
      fault?.charged = charged
    }
    for result in results {
      do {
        finished += try result.get()
      } catch let error as ImagineError {
        note(error)
      } catch let failure as PartialFailure {
        note(failure.error)
        finished += failure.images
      }
    }
    guard let fault else { return finished }
    guard !finished.isEmpty else { throw fault }
    throw PartialFailure(error: fault, images: finished)
  }

  /// - Throws: ``PartialFailure`` if the answer has fewer images than requested.
  private func images(of part: CallPart) async throws -> [Image] {
    let images = try await answer(to: part)
    guard images.count < part.request.count else {
      if part.request.wantsTransparency { try Self.checkTransparency(of: images, part) }
      if part.call.provider.profile.keepsSizes { try Self.checkSize(of: images, part) }
      return images
    }
    let endpoint = part.request.operation.endpoint
    throw PartialFailure(
      error: ImagineError(
        .badResponse,
        "\(endpoint): the answer holds \(images.count) of \(part.request.count) images",
        charged: images.first?.cost?.millionths == 0 ? .no : .yes, endpoint: endpoint),
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

  /// - Throws: ``PartialFailure`` for an image of another size than the call fixes.
  private static func checkSize(
    of images: [Image], _ part: CallPart
  ) throws(PartialFailure) {
    guard let wanted = part.request.fixedSize,
      // Of a composite, the answer counts: the composite always has the size of its image.
      let answer = images.first(where: { ($0.answer?.header ?? $0.header).size != wanted })
    else { return }
    let size = (answer.answer?.header ?? answer.header).size
    let endpoint = part.request.operation.endpoint
    throw PartialFailure(
      error: ImagineError(
        .badResponse,
        "\(endpoint): the server returned an image of \(size) pixels in place of"
          + " \(wanted)", charged: answer.cost?.millionths == 0 ? .no : .yes, endpoint: endpoint),
      images: images)
  }

  /// The answer from the journal, else from the cache, else from the provider.
  private func answer(to part: CallPart) async throws -> [Image] {
    let (call, provider) = (part.call, part.call.provider)
    let price = provider.profile.prices.price(of: part.request)
    let entry = try run.open(
      part.keys, provider: provider.profile, request: part.description, price: price,
      budgets: call.budgets, derived: call.derived, events: eventSource)
    return try await entry.withCharge { try await answer(to: part, price, entry) }
  }

  private func answer(
    to part: CallPart, _ price: Price?, _ entry: CallEntry
  ) async throws -> [Image] {
    let (call, provider) = (part.call, part.call.provider)
    if entry.record.isAnswered {
      let (paid, lost) = try paidImages(of: entry.record)
      guard let lost else { return try await deliver(paid, of: entry, for: call) }
      // Regenerate it only if that is free or `--on-uncertain retry` is set.
      guard price?.millionths == 0 || run.retriesUncertain else { throw Self.isLost(lost) }
    }
    try await askByTicket(entry, at: provider)
    if let images = try await downloadAccepted(part, entry) { return images }
    if let images = try await jobImages(part, entry) { return images }
    if let images = try await cached(part, entry) { return images }
    return try await withReservation(entry, price) { [self] in
      try await make(part, price, entry)
      return try await deliverImages(of: entry, for: call)
    }
  }

  /// Sends a call and stores its answer. A free call whose job is lost is sent again: a server of the
  /// user's own forgets its jobs when it is restarted.
  private func make(_ part: CallPart, _ price: Price?, _ entry: CallEntry) async throws {
    let (call, provider) = (part.call, part.call.provider)
    var ready = try await ready(part.request, of: call, as: part.description, price, entry)
    while true {
      switch try await send(&ready, entry) {
      case .finished(let answer): return try await store(answer, of: part, entry)
      case .running(let status):
        let job = try await accept(status, by: provider, entry)
        do {
          return try await store(finishedImages(of: job, for: call), of: part, entry)
        } catch let error as ImagineError where error.kind == .notFound && entry.ticket != nil {
          guard ready.takeResend(of: entry) else { throw error }
          notice("\(provider.name) has lost the job \(job.id); the call is sent again")
          try await entry.recordLost()
        }
      }
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
    let results = answer.outputs.map(StoredResult.init)
    try await entry.recordStored(results, price: answer.price, usage: answer.usage)
    tally.withLock { $0.imagesMadeByEngine += results.count { $0.engine != nil } }
    if results.count == part.request.count, let key = try await cacheKeys(of: part)?.key {
      try run.cache(results, as: key)
    }
    for result in results { noticeDoubt(result, part.request.operation) }
  }

  /// Says that an answer may not be what was asked for.
  private func noticeDoubt(_ result: StoredResult, _ operation: MediaOperation) {
    guard let confidence = result.confidence, confidence < CutoutImage.leastConfidence else {
      return
    }
    notice(
      "\(operation.name): it is not certain that this is the subject"
        + " (confidence \(confidence)); look at the image")
  }

  /// A stored image; nil if it is missing or has another size.
  func storedImage(_ file: StoredResult.File) throws -> StoredImage? {
    guard let asset = try assets.asset(sha256: file.sha256), let header = asset.header,
      asset.byteCount == file.byteCount
    else { return nil }
    return StoredImage(asset: asset, header: header)
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
      if error.kind == .notFound, entry.ticket != nil, entry.record.isFree {
        try await entry.recordLost()
        return nil
      }
      if run.retriesUncertain && !error.retryable {
        entry.renewTicket()
        return nil
      }
      if entry.record.isFree { throw error }
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
      try results.allSatisfy({ try storedImage($0.paid) != nil })
    else { return nil }
    run.countCached()
    try await entry.recordIntent(part.description, price: .tokens(0))
    try await entry.recordStored(results)
    return try await deliverImages(of: entry, for: part.call)
  }

  /// The answers of a call that were paid for, and the first that is missing or damaged.
  private func paidImages(
    of record: JournaledCall
  ) throws -> (images: [StoredImage], lost: StoredResult.File?) {
    var images: [StoredImage] = []
    for result in record.results {
      guard let image = try storedImage(result.paid) else { return (images, result.paid) }
      images.append(image)
    }
    return (images, nil)
  }

  private static func isLost(_ file: StoredResult.File) -> ImagineError {
    ImagineError(
      .io,
      "the stored image \(file.sha256) is missing from the asset store, or damaged;"
        + " --on-uncertain retry generates it again and pays again", charged: .yes)
  }

  /// Returns the images of an answered call and marks it done.
  private func deliverImages(of entry: CallEntry, for call: PreparedCall) async throws -> [Image] {
    let (paid, lost) = try paidImages(of: entry.record)
    if let lost { throw Self.isLost(lost) }
    return try await deliver(paid, of: entry, for: call)
  }

  /// - Throws: ``PartialFailure`` if the original could not be put back in all of them.
  private func deliver(
    _ paid: [StoredImage], of entry: CallEntry, for call: PreparedCall
  ) async throws -> [Image] {
    let (composites, fault) = try await composites(of: paid, entry, for: call)
    let images = images(entry.record, paid: paid, composites: composites, of: call)
    if let fault { throw PartialFailure(error: fault, images: images) }
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
  ///
  /// - Parameter composites: of each result the image with the original outside the mask; nil if that
  ///   was not asked for, or not possible.
  private func images(
    _ record: JournaledCall, paid: [StoredImage], composites: [StoredImage?], of call: PreparedCall
  ) -> [Image] {
    record.results.enumerated().map { index, result in
      let cost = record.cost.map { $0.part(index, of: record.results.count) }
      let (paid, composite) = (paid[index], composites[index])
      let image = composite ?? paid
      var metadata = metadata(of: result, image.header, record, cost, call)
      metadata.sha256 = image.asset.sha256
      metadata.isComposite = call.composites.map { _ in composite != nil }
      metadata.original = composite == nil ? nil : paid.asset.sha256
      metadata.drift = call.composites == nil ? nil : result.drift
      return Image(
        asset: image.asset, header: image.header, metadata: metadata, cost: cost, workflow: self,
        confidence: result.confidence, drift: metadata.drift,
        answer: composite.map { _ in (paid.asset, paid.header) })
    }
  }

  private func metadata(
    of result: StoredResult, _ header: ImageHeader, _ record: JournaledCall, _ cost: Price?,
    _ call: PreparedCall
  ) -> ImageMetadata {
    var request = call.description
    request.fields["seed"] =
      result.seed.map(Value.integer) ?? record.request.fields["seed"] ?? request.fields["seed"]
    return ImageMetadata(
      request: request, provider: record.provider, engine: result.engine,
      size: header.size, sha256: result.sha256,
      price: cost, run: run.id)
  }
}

/// An image of the asset store.
struct StoredImage {
  let asset: Asset
  let header: ImageHeader
}

/// Only some of the requested images were made.
public struct PartialFailure: Error {
  /// The first error.
  public let error: ImagineError
  /// The images that were made and paid for.
  public let images: [Image]
}
