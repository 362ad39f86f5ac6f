import Hummingbird
import ImagineAPI
import MediaFiles
import ServerStore

/// OpenAI's API of videos, over the same jobs as `/v2/video`.
extension ImagineService {
  var openAIVideoRoutes: [Route] {
    [
      Route(.post, "/v1/videos") { try await createVideo($0) },
      Route(.get, "/v1/videos") { try await listVideos($0) },
      Route(.get, "/v1/videos/*") { incoming in
        .json(answer(about: try await job(incoming.parameters[0], for: incoming)))
      },
      Route(.get, "/v1/videos/*/content") { try await content($0) },
      Route(.delete, "/v1/videos/*") { incoming in
        let id = incoming.parameters[0]
        try await deleteJob(id, for: incoming)
        let answer: Value = ["id": .text(id), "object": "video.deleted", "deleted": true]
        return .json(answer)
      },
    ]
  }

  private func createVideo(_ incoming: IncomingRequest) async throws -> Response {
    try countCall(incoming)
    let given = try await openAIRequest(for: .openAIVideos, from: incoming)
    let style = try model(
      given["model"]?.text ?? VideoStyle.standard, among: OpenAIModel.videos + upstreams.models)
    let images = given.images["input_reference"]
    let operation = images == nil ? MediaOperation.video : .animate
    try checkOffer(operation)
    try RequestCheck(configuration.limits).check(given)
    let request = try upstreams.extend(operation).request(
      from: [
        "prompt": .text(given.prompt ?? ""), "style": .text(style),
        "aspect_ratio": .text(Self.shape(of: given).rawValue),
      ], images: images.map { ["file": $0] } ?? [:], source: .wire)
    return .json(answer(about: try await submit(request, seed: given.seed, for: incoming)))
  }

  private static func shape(of request: ImagineAPI.Request) -> AspectRatio {
    if let size = request["size"]?.text,
      let shape = AspectRatio.video.first(where: { $0.videoSize.description == size })
    {
      return shape
    }
    guard case .bytes(let image)? = request.image("input_reference"),
      let header = ImageHeader(image)
    else { return .sixteenToNine }
    return .nearest(to: header.size, among: AspectRatio.video)
  }

  private func listVideos(_ incoming: IncomingRequest) async throws -> Response {
    let query = incoming.http.uri.queryParameters
    func value(of field: Field) throws -> Value? {
      try query[Substring(field.name)].map { try field.value(of: .text(String($0))) }
    }
    let limit = try value(of: Self.limitField)?.integer ?? 20
    let order = try value(of: Self.orderField)?.text ?? "desc"
    let after = query["after"].map(String.init)
    guard
      var jobs = try await store.list(
        owner: incoming.account.id, after: after, limit: Int(limit) + 1,
        isAscending: order == "asc")
    else {
      throw APIError.invalid(
        "field 'after': there is no video with the id '\(after?.prefix(80) ?? "")'",
        field: "after")
    }
    let hasMore = jobs.count > limit
    if hasMore { jobs.removeLast() }
    let ids = jobs.map { Value.text($0.id) }
    let (first, last) = (ids.first ?? .null, ids.last ?? .null)
    let answer: Value = [
      "object": "list", "data": .list(jobs.map(answer(about:))), "has_more": .flag(hasMore),
      "first_id": first, "last_id": last,
    ]
    return .json(answer)
  }

  private static let limitField = Field(
    "limit", .integer(1...100), .optional, summary: "how many videos")
  private static let orderField = Field(
    "order", .choice(["asc", "desc"]), .optional, summary: "by the time of creation")

  private func content(_ incoming: IncomingRequest) async throws -> Response {
    let file: MediaLinks.File
    switch incoming.http.uri.queryParameters["variant"] ?? "video" {
    case "video": file = .video
    case "thumbnail": file = .thumbnail
    case let other:
      throw APIError.invalid(
        "field 'variant': '\(other.prefix(40))' is not available (expected one of: video,"
          + " thumbnail)", field: "variant")
    }
    let job = try await job(incoming.parameters[0], for: incoming)
    guard job.state == .finished, let folder = job.videoFolder else {
      throw APIError.notFound(
        "the video is not ready: its status is \(Self.status(of: job.state))")
    }
    return try await send(file, ofJob: job.id, folder, to: incoming)
  }

  /// A job in OpenAI's form.
  private func answer(about job: StoredJob) -> Value {
    func time(_ seconds: Double?) -> Value { seconds.map { .integer(Int64($0)) } ?? .null }
    let progress = job.state == .finished ? 1 : worker.progress(of: job.id) ?? job.progress
    // A job of the other API may leave its shape to the image.
    let size = job.work.aspectRatio.map { Value.text($0.videoSize.description) } ?? .null
    var fault = Value.null
    if let failure = job.failure {
      fault = ["code": "video_generation_failed", "message": .text(failure)]
    }
    return [
      "id": .text(job.id), "object": "video", "model": .text(job.work.style),
      "status": .text(Self.status(of: job.state)),
      "progress": .integer(Int64(max(0, min(1, progress)) * 100)),
      "created_at": time(job.createdAt),
      "completed_at": time(job.state == .finished ? job.endedAt : nil),
      "expires_at": time(job.endedAt.map { $0 + configuration.limits.keepSeconds }),
      "prompt": .text(job.work.prompt), "size": size,
      "seconds": .text(String(VideoFiles.standardSeconds)), "seed": .integer(job.work.seed),
      "remixed_from_video_id": .null, "error": fault,
    ]
  }

  private static func status(of state: JobState) -> String {
    switch state {
    case .queued: "queued"
    case .processing: "in_progress"
    case .finished: "completed"
    case .failed, .cancelled: "failed"
    }
  }
}
