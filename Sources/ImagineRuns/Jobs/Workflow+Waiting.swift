package import ImagineAPI

/// Waits for jobs.
extension Workflow {
  /// Waits for a job's video and downloads it at once, because its address expires.
  package func wait(for job: Job, by deadline: Deadline) async throws -> Video {
    let wait = JobWait(job, by: deadline)
    while true {
      if let video = try await proceed(wait) { return video }
    }
  }

  /// Waits until a job has its video or its status changes.
  ///
  /// - Returns: the downloaded video; nil if the job's state or progress has changed. The last
  ///   state is reported in this way too, before the download.
  package func proceed(_ wait: JobWait) async throws -> Video? {
    guard let status = try await poll(wait) else { return nil }
    return try await video(of: wait.job, status, by: wait.deadline)
  }

  /// Waits until a job has ended.
  func finalStatus(of job: Job, by deadline: Deadline) async throws -> JobStatus {
    let wait = JobWait(job, by: deadline)
    while true {
      if let status = try await poll(wait) { return status }
    }
  }

  /// Waits until a job has ended or its status changes.
  ///
  /// - Returns: the final status; nil if the job's state or progress has changed.
  private func poll(_ wait: JobWait) async throws -> JobStatus? {
    let job = wait.job
    progress?.began(job.id, at: wait.began)
    defer { progress?.ended(job.id) }
    while true {
      if wait.hasChanged() { return nil }
      progress?.updated(job.id, job.status)
      if job.status.state.isFinal { return job.status }
      if wait.statusRequests > 0 { try await pause(wait) }
      try await refreshWithRetries(wait)
    }
  }

  /// Requests the status of a job and retries after a transient error: the job is paid for, and a
  /// status request costs nothing.
  private func refreshWithRetries(_ wait: JobWait) async throws {
    while true {
      wait.countStatusRequest()
      do {
        return try await wait.job.refresh(wait.statusOptions)
      } catch let error as ImagineError where Self.isTransient(error) {
        guard !wait.deadline.hasPassed else { throw wait.timeoutError }
        try await pause(wait, after: error)
      }
    }
  }

  /// Whether a retry of the status request may succeed.
  private static func isTransient(_ error: ImagineError) -> Bool {
    switch error.kind {
    case .badResponse, .server, .timeout, .rateLimit: true
    case .connection, .unavailable: error.retryable
    default: false
    }
  }

  /// - Throws: ``ImagineError`` of kind `timeout` at the deadline, with the message of `error`
  ///   appended.
  private func pause(_ wait: JobWait, after error: ImagineError? = nil) async throws {
    let asked = error == nil ? wait.job.status.retryAfter : error?.retryAfter
    guard let pause = wait.nextPause(retryAfter: asked) else {
      try await Task.sleep(until: wait.deadline.instant, clock: .continuous)
      var timeoutError = wait.timeoutError
      if let error { timeoutError.message += " (\(error.message))" }
      throw timeoutError
    }
    try await Task.sleep(for: .clamped(seconds: pause))
  }
}
