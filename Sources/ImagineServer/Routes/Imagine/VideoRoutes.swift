import Hummingbird
import ImagineAPI
import ServerStore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ImagineService {
  /// The operations that return a job, and the status and deletion of a job.
  var videoRoutes: [Route] {
    let submissions = MediaOperation.builtIn.filter { $0.answer == .job }.map { operation in
      Route(.post, "/v2" + operation.path) { try await submit(operation, $0) }
    }
    return submissions + [
      Route(.get, "/v2/video/*/status") { try await status($0) },
      // The vendor's reference says POST, its sample GET.
      Route(.get, "/v2/assets/*/status") { try await status($0) },
      Route(.post, "/v2/assets/*/status") { try await status($0) },
      Route(.get, "/v2/video/status/*") { try await status($0) },
      Route(.delete, "/v2/video/*") { try await delete($0) },
      Route(.delete, "/v2/video/delete/*") { try await delete($0) },
    ]
  }

  private func submit(_ operation: MediaOperation, _ incoming: IncomingRequest) async throws
    -> Response
  {
    try checkOffer(operation)
    try countCall(incoming)
    let form = try await Form(incoming, by: bodies)
    let request = try form.request(for: upstreams.extend(operation).toleratingAspectRatios)
    let job = try await submit(request, for: incoming)
    var response = Response.json(SubmissionAnswer(id: job.id))
    if job.upstream != nil { response.headers.setMaker(nil) }
    return response
  }

  /// Records a job and charges its owner. Then any server can do it.
  ///
  /// - Parameter seed: nil for a random one.
  func submit(
    _ request: ImagineAPI.Request, seed: Int64? = nil, for incoming: IncomingRequest
  ) async throws -> StoredJob {
    let operation = request.operation
    let size = try RequestCheck(configuration.limits).check(request)
    let upstream = try upstreams.candidates(for: ImageCall(request: request)).first?.upstream
    if upstream == nil {
      try checkSupport(operation)
      _ = try engine.memory(for: operation, image: size, aspectRatio: request.aspectRatio)
    }
    let id = try incoming.jobID()
    incoming.keyed?.answerIsOfJob()
    if incoming.keyed != nil,
      // An attempt that was lost may have added the job.
      let job = try await store.job(id: id, owner: incoming.account.id)
    {
      return job
    }
    let price = incoming.account.isMetered ? ServicePrices.price(of: request) : 0
    let work = StoredJob.Work(
      operation: operation.name, prompt: request.prompt ?? "",
      style: request.style ?? VideoStyle.standard,
      aspectRatio: request.aspectRatio.flatMap { AspectRatio.video.contains($0) ? $0 : nil },
      seed: seed ?? incoming.seed, image: try await storeInput(of: request, job: id))
    let job = StoredJob(
      id: id, owner: incoming.account.id, work: work, price: price,
      createdAt: Date().timeIntervalSince1970, upstream: upstream?.name)
    // A store that did not answer may still have recorded the job. If not, its input is removed when
    // that is due.
    let acceptance = try await add(job)
    if acceptance != .accepted, work.image != nil {
      await removal.remove(below: MediaName.folder(ofJob: id))
    }
    try await check(acceptance, price: price)
    faultInjection?.charge(incoming.account, route: incoming.http.uri.path)
    worker.wake()
    return job
  }

  /// Adds a job to the store; again, if the store does not answer.
  private func add(_ job: StoredJob) async throws -> JobAcceptance {
    let limits = JobLimits(
      all: configuration.limits.videoQueue, perOwner: configuration.limits.videosPerAccount)
    return try await untilAnswered { try await store.add(job, limits: limits) }
  }

  private func check(_ acceptance: JobAcceptance, price: Int64) async throws {
    switch acceptance {
    case .accepted: break
    case .balanceTooLow: throw AccountCharges.balanceTooLow(price)
    case .ownerQueueFull:
      throw APIError(
        .tooManyRequests,
        "this token already has \(configuration.limits.videosPerAccount) unfinished videos",
        retryAfter: await secondsToNextPlace())
    case .queueFull:
      throw APIError(
        .tooManyRequests, "\(configuration.limits.videoQueue) videos are already waiting",
        retryAfter: await secondsToNextPlace())
    }
  }

  /// How long it takes at the queue's present speed until one more job fits in.
  private func secondsToNextPlace() async -> Int {
    let seconds = (try? await store.jobCounts())?.secondsPerPlace ?? 60
    return Int(min(60, max(1, seconds.rounded(.up))))
  }

  /// Seconds after which an input is removed whose job was not added.
  private static let inputSeconds = 3600.0

  /// Stores the input image before the job is accepted, so that any server can do the job.
  private func storeInput(of request: ImagineAPI.Request, job id: String) async throws -> String? {
    guard case .bytes(let bytes)? = request.image("image") else { return nil }
    try await store.scheduleRemoval(
      of: MediaName.folder(ofJob: id), after: Self.inputSeconds)
    try await storage.put(
      bytes, as: MediaName.input(ofJob: id), type: "application/octet-stream")
    return "input"
  }

  /// A job of the caller.
  ///
  /// - Throws: ``APIError`` with 404 if it has none with this id.
  func job(_ id: String, for incoming: IncomingRequest) async throws -> StoredJob {
    guard let job = try await store.job(id: id, owner: incoming.account.id) else {
      throw Self.noVideo(id)
    }
    return job
  }

  static func noVideo(_ id: String) -> APIError {
    .notFound("there is no video with the id '\(id.prefix(80))'")
  }

  private func status(_ incoming: IncomingRequest) async throws -> Response {
    let id = incoming.parameters[0]
    guard let job = try await store.summary(id: id, owner: incoming.account.id) else {
      throw Self.noVideo(id)
    }
    var answer = StatusAnswer(
      id: id, job: job, progress: worker.progress(of: id) ?? job.progress)
    if job.state == .finished {
      let base = baseAddress(for: incoming)
      let links = try await linkKeys.current()
      answer.video = base + links.path(id, .video)
      answer.thumbnail = base + links.path(id, .thumbnail)
    }
    var response = Response.json(bytes: answer.json)
    if job.upstream != nil { response.headers.setMaker(nil) }
    return response
  }

  private func delete(_ incoming: IncomingRequest) async throws -> Response {
    try await deleteJob(incoming.parameters[0], for: incoming)
    return .json(DeletionAnswer())
  }

  /// Deletes a job of the caller with its video, and stops the work on it.
  func deleteJob(_ id: String, for incoming: IncomingRequest) async throws {
    let job = try await store.job(id: id, owner: incoming.account.id)
    guard try await store.delete(id: id, owner: incoming.account.id) else { throw Self.noVideo(id) }
    worker.stop(deleted: id)
    if let job, job.ticket != nil, !job.state.isFinal {
      Task { await worker.upstreams.cancel(job) }
    }
    // Nobody finds them any more; what cannot be removed now is due.
    Task { [removal] in await removal.remove(below: MediaName.folder(ofJob: id)) }
  }
}

extension MediaOperation {
  /// The operation as its route takes it: image-to-video accepts any aspect ratio, and ignores one
  /// that no video can have in favor of the image's shape.
  fileprivate var toleratingAspectRatios: MediaOperation {
    guard name == MediaOperation.animate.name else { return self }
    return with(
      fields: fields.map { field in
        guard field.name == "aspect_ratio" else { return field }
        return field.limited(to: .choice(AspectRatio.allCases.map(\.rawValue)))
      })
  }
}
