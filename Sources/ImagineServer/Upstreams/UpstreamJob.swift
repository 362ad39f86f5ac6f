import ImagineAPI

/// A job at an upstream, which is asked for until it has ended.
struct UpstreamJob: Sendable {
  let ticket: Ticket
  /// Of each question; their deadline bounds all of them and the pauses between.
  let options: CallOptions
  /// The most seconds between two questions. A job that was paid for must not pass its deadline because
  /// its upstream asked for a day.
  var mostSeconds = RetryPolicy.maxRetryAfter
  let provider: @Sendable () -> any Provider

  /// Waits for the end. Between two questions it waits as long as the upstream asks for, up to a limit.
  ///
  /// - Parameters:
  ///   - note: called with each status.
  ///   - outlives: whether the job may go on although a question failed so.
  /// - Returns: the status of a job that succeeded.
  /// - Throws: ``ImagineError`` of kind `refused` or `jobFailed` for a job without success, `timeout`
  ///   at the deadline, and that of a question which `outlives` rejects; what `note` throws.
  func finalStatus(
    note: (JobStatus) throws -> Void = { _ in }, outlives: (ImagineError) -> Bool
  ) async throws -> JobStatus {
    var questions = 0
    while true {
      questions += 1
      let provider = provider()
      var status: JobStatus?
      var pause: Double?
      do {
        status = try await provider.poll(ticket, CallContext(options, store: AnswerStore()))
        pause = status?.retryAfter
      } catch let error as ImagineError where outlives(error) {
        try Task.checkCancellation()
        pause = error.retryAfter
      }
      if let status {
        try note(status)
        if status.state.isFinal { return try Self.success(status) }
      }
      try await rest(provider.profile.polling.pause(after: questions, retryAfter: pause))
    }
  }

  private static func success(_ status: JobStatus) throws(ImagineError) -> JobStatus {
    guard status.state != .finished else { return status }
    throw ImagineError(
      status.isRefused ? .refused : .jobFailed, status.failure ?? "the job failed")
  }

  private func rest(_ pause: Double) async throws {
    let pause = min(pause, mostSeconds)
    guard let deadline = options.deadline else {
      return try await Task.sleep(for: .clamped(seconds: pause))
    }
    try await Task.sleep(for: .clamped(seconds: min(pause, deadline.remaining)))
    if deadline.hasPassed {
      throw ImagineError(.timeout, "the job took longer than the time limit")
    }
  }
}
