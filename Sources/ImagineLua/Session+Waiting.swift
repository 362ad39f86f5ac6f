import ImagineCore

/// Waiting for jobs.
extension Session {
  /// Waits for a job's video and downloads it at once, since its address expires.
  ///
  /// - Parameter timeout: seconds.
  func wait(for job: Job, timeout: Double) async throws -> Video {
    let watch = JobWatch(job, timeout: timeout)
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
    progress?.began(job.id)
    defer { progress?.ended(job.id) }
    while true {
      if watch.hasMoved() { return nil }
      progress?.moved(job.id, job.status)
      if job.status.state.isFinal { return try await video(of: job, job.status) }
      if watch.questions > 0 { try await pause(watch) }
      try await refreshPatiently(watch)
    }
  }

  /// Asks for a job; a passing fault of the question is met by asking again.
  private func refreshPatiently(_ watch: JobWatch) async throws {
    while true {
      watch.asked()
      do {
        return try await watch.job.refresh()
      } catch let error as ImagineError
        where error.retryable && ContinuousClock.now < watch.deadline
      {
        try await Task.sleep(
          for: .seconds(watch.job.provider.polling.pause(after: watch.questions)))
      }
    }
  }

  private func pause(_ watch: JobWatch) async throws {
    let job = watch.job
    guard ContinuousClock.now < watch.deadline else {
      throw ImagineError(
        .timeout, "the job \(job.id) was not finished within \(watch.timeout) seconds; it goes on",
        retryable: true, job: job.id)
    }
    let next = ContinuousClock.now + .seconds(job.provider.polling.pause(after: watch.questions))
    try await Task.sleep(until: min(next, watch.deadline), clock: .continuous)
  }
}
