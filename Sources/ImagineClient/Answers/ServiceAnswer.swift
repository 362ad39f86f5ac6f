import ImagineCore

/// Reads what the Imagine API says in JSON of jobs, in every form that is documented or in use.
enum ServiceAnswer {
  private static let idMembers = ["id", "uuid", "video_id", "job_id", "request_id", "task_id"]

  /// Whether a body says `"status":"error"`, or nothing but an error, whatever the HTTP status
  /// beside it.
  static func isError(_ body: [UInt8]) -> Bool {
    guard let root = JSONValue(body) else { return false }
    if root["status"]?.text?.lowercased() == "error" { return true }
    return root["error"] != nil && subject(of: root) == nil
  }

  /// What an answer tells of a job: under `video`, `data` or `job`, or at the root.
  private static func subject(of root: JSONValue) -> JSONValue? {
    for name in ["video", "data", "job"] {
      if let inner = root[name] {
        if inner.isObject { return inner }
        if let first = inner.list?.first, first.isObject { return first }
      }
    }
    return root[idMembers] == nil && root["url"] == nil ? nil : root
  }

  /// The job that a submission made.
  static func submission(_ body: [UInt8]) -> JobStatus? {
    guard let root = JSONValue(body),
      let id = (subject(of: root)?[idMembers] ?? root[idMembers])?.word, !id.isEmpty
    else { return nil }
    return JobStatus(id: id, state: .processing)
  }

  /// The state of a job.
  ///
  /// `status` at the root says only that the question was answered: the job is finished when
  /// `video` says so by its status, its code, or by having an address.
  ///
  /// - Parameter resolve: makes an address whole that may be relative.
  static func status(
    _ body: [UInt8], id: String, resolve: (String) -> String? = { $0 }
  ) -> JobStatus? {
    guard let video = JSONValue(body).flatMap(subject) else { return nil }
    let urls = video["url"]
    let address =
      (urls?.firstText ?? urls?[["generation", "video", "url"]]?.firstText
      ?? video[["video_url", "output", "unsigned_urls"]]?.firstText).flatMap(resolve)
    let word = video["status"]?.text ?? video["state"]?.text
    let known = word.flatMap { knownState($0) } ?? knownState(ofCode: video["code"]?.integer)
    let state: JobState = known ?? (address != nil ? .finished : .processing)
    var status = JobStatus(
      id: id, state: state, createdAt: video["created_at"]?.word, videoAddress: address,
      thumbnailAddress: (urls?["thumbnail"] ?? video["thumbnail_url"])?.firstText
        .flatMap(resolve),
      progress: progress(video["progress"]))
    if known == nil { status.word = word }
    let plain = ["failed", "failure", "error"]
    let told = video["error"].flatMap { ErrorAnswer($0).words }
    status.failure =
      state == .failed
      ? told ?? video[["message", "reason", "failure"]]?.text
        ?? word.flatMap { plain.contains($0.lowercased()) ? nil : $0 }
      : told
    return status
  }

  /// The state that a service's word means; nil for a word that nobody documents.
  private static func knownState(_ word: String) -> JobState? {
    switch word.lowercased() {
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

  /// The part done, 0 … 1, from a share, a percentage, or a text of either.
  private static func progress(_ value: JSONValue?) -> Double? {
    guard let value else { return nil }
    if let text = value.text, text.hasSuffix("%") {
      return Double(String(text.dropLast()).trimmingWhitespace()).flatMap { share($0 / 100) }
    }
    return value.number.flatMap { share($0 > 1 ? $0 / 100 : $0) }
  }

  private static func share(_ number: Double) -> Double? {
    (0...1).contains(number) ? number : nil
  }
}
