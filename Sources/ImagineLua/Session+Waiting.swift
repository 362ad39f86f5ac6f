import ImagineCore

/// Waiting for jobs.
extension Session {
  /// Waits for a job's video and downloads it at once, since its address expires.
  func wait(for job: Job, by deadline: Deadline) async throws -> Video {
    let watch = JobWatch(job, by: deadline)
    while true {
      if let video = try await proceed(watch) { return video }
    }
  }

  /// Waits until a job has its video, or has moved.
  ///
  /// - Returns: the video, downloaded; nil where the job's state or progress has changed, which is
  ///   told of the last state too, before the download.
  func proceed(_ watch: JobWatch) async throws -> Video? {
    let job = watch.job
    progress?.began(job.id, at: watch.began)
    defer { progress?.ended(job.id) }
    while true {
      if watch.hasMoved() { return nil }
      progress?.moved(job.id, job.status)
      if job.status.state.isFinal {
        return try await video(of: job, job.status, by: watch.deadline)
      }
      if watch.questions > 0 { try await pause(watch) }
      try await refreshPatiently(watch)
    }
  }

  /// Asks for a job. A passing fault of the question is met by asking again: the job has been paid
  /// for, and asking costs nothing.
  private func refreshPatiently(_ watch: JobWatch) async throws {
    while true {
      watch.asked()
      do {
        return try await watch.job.refresh(watch.question)
      } catch let error as ImagineError where Self.mayPass(error) {
        guard !watch.deadline.hasPassed else { throw watch.overdue }
        try await pause(watch, after: error)
      }
    }
  }

  /// Whether a question that met a fault may be answered when it is asked again.
  private static func mayPass(_ error: ImagineError) -> Bool {
    switch error.kind {
    case .badResponse, .server, .timeout, .rateLimit: true
    case .connection, .unavailable: error.retryable
    default: false
    }
  }

  /// - Throws: where the time of the wait is over: the fault that it was spent on, or that the job
  ///   did not end.
  private func pause(_ watch: JobWatch, after error: ImagineError? = nil) async throws {
    guard let pause = watch.nextPause(asked: error?.retryAfter) else {
      try await Task.sleep(until: watch.deadline.instant, clock: .continuous)
      var overdue = watch.overdue
      if let error { overdue.message += " (\(error.message))" }
      throw overdue
    }
    try await Task.sleep(for: .clamped(seconds: pause))
  }
}
