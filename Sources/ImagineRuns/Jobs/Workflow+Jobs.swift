public import ImagineAPI
import ImagineSystem
import MediaFiles
import Synchronization

/// Submits jobs, requests their status, downloads their videos, deletes them.
extension Workflow {
  /// The job of a call, or the one that an earlier attempt submitted.
  func job(of call: PreparedCall) async throws -> Job {
    let price = call.provider.profile.prices.price(of: call.request)
    let entry = try run.open(
      call.keys, provider: call.provider.profile, request: call.description.redacted,
      price: price, budgets: call.budgets, derived: call.derived, events: eventSource)
    return try await entry.withCharge { try await job(of: call, price, entry) }
  }

  private func job(
    of call: PreparedCall, _ price: Price?, _ entry: CallEntry
  ) async throws -> Job {
    let provider = call.provider
    let description = call.description.redacted
    try await askByTicket(entry, at: provider)
    try await forgetLostJob(of: entry, at: provider)
    if let job = journaledJob(of: entry, at: provider) { return job }
    return try await withReservation(entry, price) { [self] in
      var ready = try await ready(call.request, of: call, as: description, price, entry)
      switch try await send(&ready, entry) {
      case .running(let status):
        let job = try await accept(status, by: provider, entry)
        if status.engine != nil { tally.withLock { $0.videosMadeByEngine += 1 } }
        // The job is paid for, but nobody waits for it any more.
        if Task.isCancelled { notice("kept a job: \(status.id)") }
        try ledger.record(
          SubmittedJob(
            id: status.id, provider: provider.name, operation: call.request.operation.name,
            prompt: call.request.prompt ?? "", submittedAt: WallClock.now,
            state: status.state.rawValue))
        return job
      case .finished(let answer):
        let results = answer.outputs.map(StoredResult.init)
        try await entry.recordStored(results, price: answer.price, usage: answer.usage)
        return finishedJob(of: entry, at: provider)
      }
    }
  }

  /// Journals a job that a provider has accepted.
  func accept(
    _ status: JobStatus, by provider: any Provider, _ entry: CallEntry
  ) async throws -> Job {
    try await entry.recordAccepted(job: status.id)
    run.register(entry)
    tally.withLock {
      $0.issuers[SubmittedJob.Key(provider: provider.name, id: status.id)] = provider
    }
    eventSource.send(.job(status, provider: provider.name))
    return Job(status: status, provider: provider, workflow: self, call: entry)
  }

  /// The job that an earlier attempt submitted for this call; nil if there is none.
  private func journaledJob(of entry: CallEntry, at provider: any Provider) -> Job? {
    let record = entry.record
    if record.isAnswered, record.job == nil { return finishedJob(of: entry, at: provider) }
    guard let id = record.job, record.isAnswered || record.state == .accepted else { return nil }
    tally.withLock { $0.issuers[SubmittedJob.Key(provider: provider.name, id: id)] = provider }
    return Job(
      status: JobStatus(id: id, state: record.isAnswered ? .finished : .queued),
      provider: provider, workflow: self, call: entry)
  }

  /// The job of a provider that makes videos at once. Its id is only known here.
  private func finishedJob(of entry: CallEntry, at provider: any Provider) -> Job {
    let key = entry.record.key
    let hash = assets.sha256(of: Array("\(key.request)#\(key.occurrence)#\(key.part)".utf8))
    return Job(
      status: JobStatus(id: "call-\(hash.prefix(12))", state: .finished), provider: provider,
      workflow: self, call: entry)
  }

  /// The job with an id, from the given provider, else from the one that issued the id, else from
  /// the default provider.
  ///
  /// - Parameter deadline: of the wait that this status request is part of.
  /// - Throws: ``ImagineError`` of kind `validation` if several providers issued the id.
  package func job(
    id: String, provider: (any Provider)?, by deadline: Deadline? = nil
  ) async throws -> Job {
    let provider = try provider ?? issuer(of: id)
    let status = try await provider.poll(
      Ticket(id: id), CallContext(CallOptions(deadline: deadline), store: assets))
    eventSource.send(.job(status, provider: provider.name))
    return Job(status: status, provider: provider, workflow: self, call: call(ofJob: id, provider))
  }

  /// Deletes a job and its video at the provider; does nothing if this run has deleted it.
  package func delete(id: String, provider: (any Provider)?) async throws {
    let provider = try provider ?? issuer(of: id)
    let call = call(ofJob: id, provider)
    if call?.record.isDeleted == true { return }
    try await provider.cancel(Ticket(id: id), CallContext(store: assets))
    try await call?.recordDeleted()
    try ledger.forget(SubmittedJob.Key(provider: provider.name, id: id))
  }

  private func call(ofJob id: String, _ provider: any Provider) -> CallEntry? {
    run.call(
      ofJob: SubmittedJob.Key(provider: provider.name, id: id), budgets: budgets(),
      events: eventSource)
  }

  /// Each service has its own numbering, so one id may name several jobs.
  private func issuer(of id: String) throws -> any Provider {
    var issuers = tally.withLock { tally in
      Dictionary(
        uniqueKeysWithValues: tally.issuers.filter { $0.key.id == id }
          .map { ($0.key.provider, $0.value) })
    }
    let names = Set(issuers.keys).union(try ledger.jobs(id: id).map(\.provider)).sorted()
    guard names.count <= 1 else {
      throw ImagineError(
        .validation,
        "the job id '\(id)' is ambiguous: \(names.joined(separator: ", ")) issued one each;"
          + " set `provider` to one of them", field: "provider", allowed: names, job: id)
    }
    return try names.first.flatMap { issuers.removeValue(forKey: $0) } ?? provider(names.first)
  }

  /// - Throws: ``ImagineError`` of kind `jobFailed`, `refused` or `cancelled` for a job that ended without a
  ///   result.
  func throwIfEnded(_ job: Job, _ status: JobStatus) async throws {
    let error: ImagineError
    switch status.state {
    case .failed:
      let reason = status.failure.map { ": \($0)" } ?? ""
      error = ImagineError(
        status.isRefused ? .refused : .jobFailed, "the job \(job.id) failed\(reason)",
        job: job.id)
    case .cancelled:
      error = ImagineError(.cancelled, "the job \(job.id) was cancelled", job: job.id)
    default: return
    }
    try await job.call?.recordJobFailure(error)
    throw error
  }

  /// Downloads the video of a job that has ended.
  ///
  /// - Parameter deadline: of the wait that the download is part of. A finished job can be waited
  ///   for again.
  func video(of job: Job, _ status: JobStatus, by deadline: Deadline) async throws -> Video {
    let context = CallContext(CallOptions(deadline: deadline), store: assets)
    if let video = try storedVideo(of: job) { return video }
    try updateLedger(job, status)
    try await throwIfEnded(job, status)
    guard let address = status.videoAddress else {
      throw ImagineError(
        .badResponse, "the job \(job.id) is finished, but the service gave no address of its video",
        job: job.id)
    }
    let asset: Asset
    do {
      asset = try await job.provider.download(address, context)
    } catch var error as ImagineError {
      if error.kind == .timeout, deadline.hasPassed {
        error.message =
          "the video of job \(job.id) was not downloaded within \(deadline.seconds) seconds;"
          + " wait again to fetch it"
      }
      error.job = job.id
      throw error
    }
    guard let header = try videoHeader(of: asset) else {
      throw ImagineError(.badResponse, "the video of job \(job.id) is not an MP4", job: job.id)
    }
    let thumbnail = await thumbnail(of: job, status, context)
    try await job.call?.recordStored(
      ([asset] + (thumbnail.map { [$0.asset] } ?? []))
        .map { StoredResult($0, engine: status.engine) })
    try await job.call?.recordDone()
    return downloaded(asset, header, of: job, thumbnail: thumbnail)
  }

  /// Size and duration of the video in an asset; nil if it is no video.
  func videoHeader(of asset: Asset) throws(ImagineError) -> VideoHeader? {
    let source = source(of: asset)
    let header = VideoHeader(source)
    if let failure = source.failure { throw failure }
    return header
  }

  func source(of asset: Asset) -> MediaSource {
    MediaSource(byteCount: asset.byteCount) { [assets] offset, count throws(ImagineError) in
      do {
        return try assets.bytes(of: asset, from: offset, count: count)
      } catch {
        throw error as? ImagineError ?? ImagineError(.io, "cannot read \(asset.path): \(error)")
      }
    }
  }

  /// A video with what the journal knows of its call.
  private func downloaded(
    _ asset: Asset, _ header: VideoHeader, of job: Job, thumbnail: Image?
  ) -> Video {
    let record = job.call?.record
    let metadata = record.map { record in
      ImageMetadata(
        request: record.request, provider: record.provider, engine: record.results.first?.engine,
        size: header.size, sha256: asset.sha256, price: record.cost, run: run.id)
    }
    let still = thumbnail.map { thumbnail in
      var own = metadata
      own?.size = thumbnail.header.size
      own?.sha256 = thumbnail.asset.sha256
      return Image(
        asset: thumbnail.asset, header: thumbnail.header, metadata: own, cost: nil, workflow: self)
    }
    return Video(
      asset: asset, header: header, job: job.id, provider: job.provider.name, thumbnail: still,
      cost: record?.cost, metadata: metadata, workflow: self)
  }

  /// The video of a job if this or an earlier attempt of the run has downloaded it.
  private func storedVideo(of job: Job) throws -> Video? {
    guard let record = job.call?.record, record.isAnswered, let video = record.results.first,
      let asset = try assets.asset(sha256: video.sha256), asset.byteCount == video.byteCount,
      let header = try videoHeader(of: asset)
    else { return nil }
    let thumbnail = try record.results.dropFirst().first
      .flatMap { try assets.asset(sha256: $0.sha256) }
      .flatMap { asset in
        asset.header.map {
          Image(asset: asset, header: $0, metadata: nil, cost: nil, workflow: self)
        }
      }
    return downloaded(asset, header, of: job, thumbnail: thumbnail)
  }

  /// Writes the job's state to the ledger, unless the job was submitted from another home.
  func updateLedger(_ job: Job, _ status: JobStatus) throws {
    let jobs = try ledger.jobs(id: job.id)
    guard var submitted = jobs.first(where: { $0.provider == job.provider.name }) else { return }
    submitted.state = status.state.rawValue
    try ledger.record(submitted)
  }

  /// The thumbnail of a video; nil if there is none or it cannot be downloaded, which does not fail
  /// the wait.
  private func thumbnail(
    of job: Job, _ status: JobStatus, _ context: CallContext
  ) async -> Image? {
    guard let address = status.thumbnailAddress,
      let asset = try? await job.provider.download(address, context),
      let header = asset.header
    else { return nil }
    return Image(asset: asset, header: header, metadata: nil, cost: nil, workflow: self)
  }
}
