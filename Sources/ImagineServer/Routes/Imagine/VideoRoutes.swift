import Hummingbird
import ImagineAPI
import ImagineSystem
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
    try checkSupport(operation)
    try countCall(incoming)
    let form = try await Form(incoming.http, by: bodies, for: incoming.account)
    let request = try form.request(for: operation.toleratingAspectRatios)
    let size = try RequestCheck(configuration.limits).check(request)
    _ = try engine.memory(for: operation, image: size, aspectRatio: request.aspectRatio)
    let id = try RandomID.next()
    let folder = FilePath(directory.jobFolder(id))
    try folder.createFolder()
    let acceptance: JobAcceptance
    let price = incoming.account.isMetered ? ServicePrices.price(of: request) : 0
    do {
      let work = StoredJob.Work(
        operation: operation.name, prompt: request.prompt ?? "",
        style: request.style ?? VideoStyle.standard,
        aspectRatio: request.aspectRatio.flatMap { AspectRatio.video.contains($0) ? $0 : nil },
        seed: .random(in: 1...2_147_483_647), image: try storeInput(of: request, in: folder))
      acceptance = try await add(
        StoredJob(
          id: id, owner: incoming.account.id, work: work, price: price,
          createdAt: Date().timeIntervalSince1970))
    } catch {
      // A store that did not answer may still have recorded the job. If not, the worker's cleanup
      // removes the folder.
      if !(error is StoreUnreachable) { folder.removeAll() }
      throw error
    }
    if acceptance != .accepted { folder.removeAll() }
    try check(acceptance, price: price)
    faultInjection?.charge(incoming.account, route: incoming.http.uri.path)
    worker.wake()
    return .json(SubmissionAnswer(id: id))
  }

  /// Adds a job to the store. If the store does not answer, asks whether it has the job.
  private func add(_ job: StoredJob) async throws -> JobAcceptance {
    let limits = JobLimits(
      all: configuration.limits.videoQueue, perOwner: configuration.limits.videosPerAccount)
    do {
      return try await store.add(job, limits: limits)
    } catch let fault as StoreUnreachable {
      if try await !store.existing(among: [job.id]).isEmpty { return .accepted }
      throw APIError(fault)
    }
  }

  private func check(_ acceptance: JobAcceptance, price: Int64) throws(APIError) {
    switch acceptance {
    case .accepted: break
    case .balanceTooLow: throw AccountCharges.balanceTooLow(price)
    case .ownerQueueFull:
      throw APIError(
        .tooManyRequests,
        "this token already has \(configuration.limits.videosPerAccount) unfinished videos",
        retryAfter: 15)
    case .queueFull:
      throw APIError(
        .tooManyRequests, "\(configuration.limits.videoQueue) videos are already waiting",
        retryAfter: 15)
    }
  }

  /// Stores and fsyncs the input image before the job is accepted, so that any server can do the job.
  private func storeInput(
    of request: ImagineAPI.Request, in folder: FilePath
  ) throws -> String? {
    guard case .bytes(let bytes)? = request.image("image") else { return nil }
    _ = try folder.appending("input").createPrivateFile(bytes)
    try folder.sync()
    try FilePath(directory.jobs).sync()
    return "input"
  }

  private func status(_ incoming: IncomingRequest) async throws -> Response {
    let id = incoming.parameters[0]
    guard let job = try await store.job(id: id, owner: incoming.account.id) else {
      throw APIError.notFound("there is no video with the id '\(id.prefix(80))'")
    }
    let base = baseAddress(for: incoming)
    var address = StatusAnswer.Address()
    if job.state == .finished {
      address.generation = base + links.path(id, .video)
      address.thumbnail = base + links.path(id, .thumbnail)
    }
    return .json(
      StatusAnswer(
        video: StatusAnswer.Video(
          uuid: id, createdAt: Timestamp(seconds: job.createdAt).description,
          status: job.state.rawValue, progress: worker.progress(of: id) ?? job.progress,
          error: job.failure, url: address)))
  }

  private func delete(_ incoming: IncomingRequest) async throws -> Response {
    let id = incoming.parameters[0]
    let existed = try await store.delete(id: id, owner: incoming.account.id)
    guard existed else {
      throw APIError.notFound("there is no video with the id '\(id.prefix(80))'")
    }
    worker.stop(deleted: id)
    FilePath(directory.jobFolder(id)).removeAll()
    return .json(DeletionAnswer())
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
