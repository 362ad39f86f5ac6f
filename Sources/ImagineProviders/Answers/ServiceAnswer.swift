import ImagineAPI

/// Reads the Imagine API's JSON about jobs, in every form that is documented or in use.
enum ServiceAnswer {
  private static let idMembers = ["id", "uuid", "video_id", "job_id", "request_id", "task_id"]

  /// Whether a body has `"status":"error"`, or only an error, whatever the HTTP status.
  static func isError(_ body: [UInt8]) -> Bool {
    guard let root = JSONValue(body) else { return false }
    if root["status"]?.text?.lowercased() == "error" { return true }
    return root["error"] != nil && jobObject(in: root) == nil
  }

  /// The object about the job: under `video`, `data` or `job`, or the root.
  private static func jobObject(in root: JSONValue) -> JSONValue? {
    for name in ["video", "data", "job"] {
      if let inner = root[name] {
        if inner.isObject { return inner }
        if let first = inner.list?.first, first.isObject { return first }
      }
    }
    return root[idMembers] == nil && root["url"] == nil ? nil : root
  }

  /// The job that a submission created.
  static func submission(_ body: [UInt8]) -> JobStatus? {
    guard let root = JSONValue(body),
      let id = (jobObject(in: root)?[idMembers] ?? root[idMembers])?.identifier, !id.isEmpty
    else { return nil }
    return JobStatus(id: id, state: .processing)
  }

  /// The status of a job.
  ///
  /// `status` at the root says only that the request was answered. The job is finished if the
  /// status or code of `video` says so, or if it has an address.
  ///
  /// - Parameter resolve: makes a relative address absolute.
  static func status(
    _ body: [UInt8], id: String, resolve: (String) -> String? = { $0 }
  ) -> JobStatus? {
    guard let video = JSONValue(body).flatMap(jobObject) else { return nil }
    let urls = video["url"]
    let address =
      (urls?.firstText ?? urls?[["generation", "video", "url"]]?.firstText
      ?? video[["video_url", "output", "unsigned_urls"]]?.firstText).flatMap(resolve)
    let name = video["status"]?.text ?? video["state"]?.text
    let known = name.flatMap { knownState($0) } ?? knownState(ofCode: video["code"]?.integer)
    let state: JobState = known ?? (address != nil ? .finished : .processing)
    var status = JobStatus(
      id: id, state: state, createdAt: video["created_at"]?.identifier, videoAddress: address,
      thumbnailAddress: (urls?["thumbnail"] ?? video["thumbnail_url"])?.firstText
        .flatMap(resolve),
      progress: progress(video["progress"]))
    if known == nil { status.undocumentedState = name }
    let uninformative = ["failed", "failure", "error"]
    let error = video["error"].map { ErrorAnswer($0) }
    let message = error?.message
    status.isRefused = state == .failed && error?.isRefused == true
    status.failure =
      state == .failed
      ? message ?? video[["message", "reason", "failure"]]?.text
        ?? name.flatMap { uninformative.contains($0.lowercased()) ? nil : $0 }
      : message
    return status
  }

  /// The state that a service's name means; nil for an undocumented name.
  private static func knownState(_ name: String) -> JobState? {
    switch name.lowercased() {
    case "queued", "pending", "submitted", "in_queue", "waiting", "accepted", "created": .queued
    case "processing", "in_progress", "running", "generating", "started", "starting", "dreaming",
      "throttled":
      .processing
    case "finished", "completed", "complete", "succeeded", "succeed", "success", "ready", "done":
      .finished
    case "failed", "failure", "error", "expired", "rejected": .failed
    case "cancelled", "canceled", "aborted": .cancelled
    default: nil
    }
  }

  private static func knownState(ofCode code: Int?) -> JobState? {
    switch code {
    case 2: .finished
    case 3: .failed
    default: nil
    }
  }

  /// Progress, 0 … 1, from a fraction, a percentage, or a text of either.
  private static func progress(_ value: JSONValue?) -> Double? {
    guard let value else { return nil }
    if let text = value.text, text.hasSuffix("%") {
      return Double(String(text.dropLast()).trimmingWhitespace()).flatMap { fraction($0 / 100) }
    }
    return value.number.flatMap { fraction($0 > 1 ? $0 / 100 : $0) }
  }

  private static func fraction(_ number: Double) -> Double? {
    (0...1).contains(number) ? number : nil
  }
}

extension HTTPAnswer {
  /// The job that a submission created.
  ///
  /// - Throws: ``ImagineError`` of an unsuccessful answer, or of one without an id.
  func submittedJob() async throws -> JobStatus {
    guard let job = ServiceAnswer.submission(try await json()) else {
      throw unexpected("the answer has no job id")
    }
    return job
  }

  /// The status of a job.
  ///
  /// - Parameter resolve: makes a relative address absolute.
  /// - Throws: ``ImagineError`` of an unsuccessful answer, or of one without a status.
  func status(
    ofJob id: String, resolve: (String) -> String?
  ) async throws -> JobStatus {
    let body = try await json(about: id)
    guard var status = ServiceAnswer.status(body, id: id, resolve: resolve) else {
      throw unexpected("the answer has no video status")
    }
    status.retryAfter = RetryAfter.seconds(in: header)
    return status
  }
}
