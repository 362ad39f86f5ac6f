public import ImagineCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Jobs: submitted, asked for, deleted.
extension Session {
  func submit(_ call: Call) async throws -> Job {
    let provider = call.provider
    let description = call.description(of: call.request)
    let price = provider.prices.price(of: call.request)
    let open = try run.open(
      call.name, provider: provider, request: description, price: price, spending: call.spending)
    if let job = known(open, provider) { return job }
    return try await billed(open, price) { [self] in
      let request = try await importPictures(of: call.request, as: call.pictures, for: provider)
      try await open.intends(description, price: price)
      if !provider.tracesSends { try await open.willSend() }
      let status = try await provider.submit(request, options: call.options(tracedBy: open))
      try await open.accepted(job: status.id)
      run.register(open)
      tally.withLock {
        $0.issuers[SubmittedJob.Key(provider: provider.name, id: status.id)] = provider
        if status.engine != nil { $0.videosFilmedByEngine += 1 }
      }
      if Task.isCancelled { notice("kept a job: \(status.id)") }
      try ledger.record(
        SubmittedJob(
          id: status.id, provider: provider.name, operation: request.operation.name,
          prompt: request.prompt ?? "", submittedAt: WallClock.now, state: status.state.rawValue))
      return Job(status: status, provider: provider, session: self, call: open)
    }
  }

  /// The job that an earlier attempt got for a call; its service still has it, or has finished it.
  private func known(_ call: OpenCall, _ provider: any Provider) -> Job? {
    let record = call.record
    guard let id = record.job, record.isAnswered || record.state == .accepted else { return nil }
    tally.withLock { $0.issuers[SubmittedJob.Key(provider: provider.name, id: id)] = provider }
    return Job(
      status: JobStatus(id: id, state: record.isAnswered ? .finished : .queued),
      provider: provider, session: self, call: call)
  }

  /// The job with an id: asked for at the provider that is named, else at the one that issued it,
  /// else at the one in use.
  ///
  /// - Parameter deadline: of the wait that the question is part of.
  /// - Throws: ``ImagineError`` of kind `validation` where several providers issued the id.
  func job(
    id: String, provider: (any Provider)?, by deadline: Deadline? = nil
  ) async throws -> Job {
    let provider = try provider ?? issuer(of: id)
    var options = CallOptions()
    options.deadline = deadline
    let status = try await provider.status(of: id, options: options)
    return Job(status: status, provider: provider, session: self, call: call(ofJob: id, provider))
  }

  func delete(id: String, provider: (any Provider)?) async throws {
    let provider = try provider ?? issuer(of: id)
    let call = call(ofJob: id, provider)
    if call?.record.isDeleted == true { return }
    try await provider.delete(job: id)
    try await call?.deleted()
    try ledger.forget(SubmittedJob.Key(provider: provider.name, id: id))
  }

  private func call(ofJob id: String, _ provider: any Provider) -> OpenCall? {
    run.call(
      ofJob: SubmittedJob.Key(provider: provider.name, id: id), spending: Spending(in: nil, self))
  }

  /// Services number their jobs each for themselves, so one id may stand for several jobs.
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
        "several providers issued a job '\(id)': \(names.joined(separator: ", "));"
          + " name one of them as the provider", field: "provider", allowed: names, job: id)
    }
    return try names.first.flatMap { issuers.removeValue(forKey: $0) } ?? provider(names.first)
  }

  /// The video of a job that has ended, downloaded.
  ///
  /// - Parameter deadline: of the wait that the download is part of. A job that is finished can be
  ///   waited for again.
  func video(of job: Job, _ status: JobStatus, by deadline: Deadline) async throws -> Video {
    var options = CallOptions()
    options.deadline = deadline
    if let video = try storedVideo(of: job) { return video }
    try remember(job, status)
    switch status.state {
    case .failed:
      let reason = status.failure.map { ": \($0)" } ?? ""
      let error = ImagineError(.jobFailed, "the job \(job.id) failed\(reason)", job: job.id)
      try await job.call?.jobEnded(error)
      throw error
    case .cancelled:
      let error = ImagineError(.cancelled, "the job \(job.id) was cancelled", job: job.id)
      try await job.call?.jobEnded(error)
      throw error
    default: break
    }
    guard let address = status.videoAddress else {
      throw ImagineError(
        .badResponse, "the job \(job.id) is finished, but no address of its video is given",
        job: job.id)
    }
    let asset: Asset
    do {
      asset = try await job.provider.download(address, options: options, into: assets)
    } catch var error as ImagineError {
      if error.kind == .timeout, deadline.hasPassed {
        error.message =
          "the video of job \(job.id) was not downloaded within \(deadline.seconds) seconds;"
          + " another wait fetches it"
      }
      error.job = job.id
      throw error
    }
    guard let header = try videoHeader(of: asset) else {
      throw ImagineError(.badResponse, "the video of job \(job.id) is no MP4", job: job.id)
    }
    let thumbnail = await thumbnail(of: job, status, options)
    try await job.call?.stored(
      ([asset] + (thumbnail.map { [$0.asset] } ?? []))
        .map { StoredResult($0, engine: status.engine) })
    try await job.call?.done()
    return Video(
      asset: asset, header: header, job: job.id, provider: job.provider.name,
      thumbnail: thumbnail, session: self)
  }

  /// What an asset says of the film in it; nil where it is none.
  private func videoHeader(of asset: Asset) throws -> VideoHeader? {
    let source = MediaSource(byteCount: asset.byteCount) {
      [assets] offset, count throws(ImagineError) in
      do {
        return try assets.bytes(of: asset, from: offset, count: count)
      } catch {
        throw error as? ImagineError ?? ImagineError(.io, "cannot read \(asset.path): \(error)")
      }
    }
    let header = VideoHeader(source)
    if let failure = source.failure { throw failure }
    return header
  }

  /// The video of a job that was downloaded before, by this attempt of the run or an earlier one.
  private func storedVideo(of job: Job) throws -> Video? {
    guard let record = job.call?.record, record.isAnswered, let video = record.results.first,
      let asset = try assets.asset(sha256: video.sha256), asset.byteCount == video.byteCount,
      let header = try videoHeader(of: asset)
    else { return nil }
    let thumbnail = try record.results.dropFirst().first
      .flatMap { try assets.asset(sha256: $0.sha256) }
      .flatMap { asset in
        asset.header.map {
          Image(asset: asset, header: $0, metadata: nil, cost: nil, session: self)
        }
      }
    return Video(
      asset: asset, header: header, job: job.id, provider: job.provider.name,
      thumbnail: thumbnail, session: self)
  }

  /// Keeps in the ledger how a job ended; one that is not there was not submitted from this home.
  func remember(_ job: Job, _ status: JobStatus) throws {
    let known = try ledger.jobs(id: job.id).first { $0.provider == job.provider.name }
    guard var submitted = known else { return }
    submitted.state = status.state.rawValue
    try ledger.record(submitted)
  }

  /// The still of a video; nil where there is none, or none to be had: the video is there all the
  /// same.
  private func thumbnail(
    of job: Job, _ status: JobStatus, _ options: CallOptions
  ) async -> Image? {
    guard let address = status.thumbnailAddress,
      let asset = try? await job.provider.download(address, options: options, into: assets),
      let header = asset.header
    else { return nil }
    return Image(asset: asset, header: header, metadata: nil, cost: nil, session: self)
  }
}

/// Jobs without a script.
extension Session {
  public func submittedJobs() throws -> [SubmittedJob] {
    try ledger.jobs()
  }

  /// - Parameter name: the provider to ask; nil for the one that issued the id.
  public func status(ofJob id: String, provider name: String?) async throws -> JobStatus {
    let job = try await job(id: id, provider: name.map { try provider($0) })
    try remember(job, job.status)
    return job.status
  }

  public func saveVideo(
    ofJob id: String, to path: FilePath, timeout: Double, provider name: String?
  ) async throws {
    try Video.check(path)
    let deadline = Deadline(in: timeout)
    let job = try await job(id: id, provider: name.map { try provider($0) }, by: deadline)
    let video = try await wait(for: job, by: deadline)
    try await save(video, to: path, replacing: true)
  }

  public func deleteJob(_ id: String, provider name: String?) async throws {
    try await delete(id: id, provider: name.map { try provider($0) })
  }
}
