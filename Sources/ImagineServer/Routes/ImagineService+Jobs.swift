import Hummingbird
import ImagineCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension ImagineService {
  /// The operations that answer with a job, and what can be asked of one.
  var jobRoutes: [Route] {
    let submissions = Operation.builtIn.filter { $0.answer == .job }.map { operation in
      Route(.post, "/v2" + operation.path) { try await submit(operation, $0) }
    }
    return submissions + [
      Route(.get, "/v2/video/*/status") { try await status($0) },
      // The vendor's page says POST and its sample GET.
      Route(.get, "/v2/assets/*/status") { try await status($0) },
      Route(.post, "/v2/assets/*/status") { try await status($0) },
      Route(.get, "/v2/video/status/*") { try await status($0) },
      Route(.delete, "/v2/video/*") { try await delete($0) },
      Route(.delete, "/v2/video/delete/*") { try await delete($0) },
    ]
  }

  private func submit(_ operation: Operation, _ call: Call) async throws -> Response {
    try check(operation)
    try admit(call)
    let form = try await Form(call.request, by: bodies, for: call.account)
    let request = try form.request(for: operation.toleratingRatios)
    let size = try RequestCheck(configuration.limits).check(request)
    _ = try engine.memory(for: operation, picture: size, aspectRatio: request.aspectRatio)
    let id = try RandomID.next()
    let folder = home.folder(ofJob: id)
    try Folder.makeNew(folder)
    let acceptance: JobAcceptance
    let price = call.account.isMetered ? Tariff.price(of: request) : 0
    do {
      let work = StoredJob.Work(
        operation: operation.name, prompt: request.prompt ?? "",
        style: request.style ?? VideoStyle.standard,
        aspectRatio: request.aspectRatio.flatMap { AspectRatio.video.contains($0) ? $0 : nil },
        seed: .random(in: 1...2_147_483_647), picture: try keepPicture(of: request, in: folder))
      acceptance = try await add(
        StoredJob(
          id: id, owner: call.account.id, work: work, price: price,
          createdAt: Date().timeIntervalSince1970))
    } catch {
      // A store that did not answer may have the job all the same. If not, the worker removes the
      // folder later.
      if !(error is StoreUnreachable) { Folder.remove(folder) }
      throw error
    }
    if acceptance != .accepted { Folder.remove(folder) }
    try check(acceptance, price: price)
    rehearsal?.charge(call.account, route: call.request.uri.path)
    worker.wake()
    return .json(SubmissionAnswer(id: id))
  }

  /// Hands a job to the store. Where the store gives no answer it is asked whether it has the job.
  private func add(_ job: StoredJob) async throws -> JobAcceptance {
    let limits = JobLimits(
      all: configuration.limits.filmQueue, perOwner: configuration.limits.filmsPerAccount)
    do {
      return try await jobs.add(job, limits: limits)
    } catch let fault as StoreUnreachable {
      if try await !jobs.known(among: [job.id]).isEmpty { return .accepted }
      throw Failure(fault)
    }
  }

  private func check(_ acceptance: JobAcceptance, price: Int64) throws(Failure) {
    switch acceptance {
    case .accepted: break
    case .balanceTooLow: throw Till.tooLittle(price)
    case .ownerQueueFull:
      throw Failure(
        .tooManyRequests,
        "\(configuration.limits.filmsPerAccount) films of this token wait already", retryAfter: 15)
    case .queueFull:
      throw Failure(
        .tooManyRequests, "\(configuration.limits.filmQueue) films wait already", retryAfter: 15)
    }
  }

  /// Stores the input picture where any server on the home finds it, before the job is accepted.
  private func keepPicture(of request: ImagineCore.Request, in folder: String) throws -> String? {
    guard case .bytes(let bytes)? = request["image"]?.picture else { return nil }
    _ = try SmallFile.create("\(folder)/input", bytes)
    try Folder.sync(folder)
    try Folder.sync(home.jobs)
    return "input"
  }

  private func status(_ call: Call) async throws -> Response {
    let id = call.parameters[0]
    guard let job = try await jobs.job(id: id, owner: call.account.id) else {
      throw Failure.notFound("there is no video with the id '\(id.prefix(80))'")
    }
    let base = baseAddress(for: call)
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

  private func delete(_ call: Call) async throws -> Response {
    let id = call.parameters[0]
    let existed = try await jobs.delete(id: id, owner: call.account.id)
    guard existed else {
      throw Failure.notFound("there is no video with the id '\(id.prefix(80))'")
    }
    worker.abandon(id)
    Folder.remove(home.folder(ofJob: id))
    return .json(DeletionAnswer())
  }
}

extension Operation {
  /// The same operation where a film takes its shape from a picture: then a ratio that no film has
  /// is no fault, and the picture's shape decides.
  fileprivate var toleratingRatios: Operation {
    guard name == Operation.animate.name else { return self }
    return Operation(
      name, title: title, path: path, answer: answer, summary: summary,
      fields: fields.map { field in
        guard field.name == "aspect_ratio" else { return field }
        return Field(
          field.name, .choice(AspectRatio.allCases.map(\.rawValue)), field.presence,
          summary: field.summary)
      })
  }
}

private struct SubmissionAnswer: Encodable {
  let id: String
  var status = "processing"
}

private struct DeletionAnswer: Encodable {
  var message = "video deleted"
  var status = "success"
}

private struct StatusAnswer: Encodable {
  struct Address: Encodable {
    var generation: String?
    var thumbnail: String?

    enum CodingKeys: CodingKey { case generation, thumbnail }

    /// Clients look for both keys in any state.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(generation, forKey: .generation)
      try container.encode(thumbnail, forKey: .thumbnail)
    }
  }

  struct Video: Encodable {
    let uuid: String
    let createdAt: String
    let status: String
    let progress: Double
    let error: String?
    let url: Address

    enum CodingKeys: String, CodingKey {
      case uuid, status, progress, error, url
      case createdAt = "created_at"
    }
  }

  var status = "success"
  let video: Video
}

/// A moment in UTC, as the vendor writes it: `2025-03-04T07:09:25.048523Z`.
struct Timestamp: CustomStringConvertible {
  /// Seconds since 1970.
  let seconds: Double

  var description: String {
    let whole = seconds.rounded(.down)
    let micros = min(999_999, Int((seconds - whole) * 1_000_000))
    let date = Date(timeIntervalSince1970: whole).formatted(.iso8601)
    let digits = String(micros)
    return date.dropLast() + "." + String(repeating: "0", count: 6 - digits.count) + digits + "Z"
  }
}
