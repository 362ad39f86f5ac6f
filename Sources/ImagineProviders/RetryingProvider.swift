public import ImagineAPI

/// Limits and retries the calls of another provider.
///
/// The other provider sends each call once. Only this type decides on retries, and so on what a
/// call may cost.
public struct RetryingProvider: Provider {
  private let provider: any Provider
  private let limiter: CallLimiter
  private let notice: @Sendable (String) -> Void

  /// - Parameter notice: receives messages about long waits that a service asks for.
  public init(
    _ provider: any Provider, limiter: CallLimiter,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.provider = provider
    self.limiter = limiter
    self.notice = notice
  }

  public var name: String { provider.name }
  public var operations: [MediaOperation] { provider.operations }
  public var takesCount: Bool { provider.takesCount }
  public var polling: JobPolling { provider.polling }
  public var prices: PriceList { provider.prices }
  public var reportsSends: Bool { true }

  public func generate(
    _ request: Request, count: Int, options: CallOptions, into store: any MediaSink
  ) async throws -> [GeneratedImage] {
    try await withRetries(options) { [provider] options in
      try await provider.generate(request, count: count, options: options, into: store)
    }
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    try await withRetries(options) { [provider] options in
      try await provider.submit(request, options: options)
    }
  }

  public func status(of job: String, options: CallOptions) async throws -> JobStatus {
    try await withRetries(options) { [provider] options in
      try await provider.status(of: job, options: options)
    }
  }

  public func delete(job: String) async throws {
    try await withRetries(CallOptions()) { [provider] _ in try await provider.delete(job: job) }
  }

  /// Downloads resume by themselves and do not count against the service's limits.
  public func download(
    _ address: String, options: CallOptions, into store: any MediaSink
  ) async throws -> Asset {
    try await provider.download(address, options: options, into: store)
  }

  /// A call that is cancelled while it waits for its turn is never sent. A sent call is billed, so
  /// it continues until its answer is stored.
  ///
  /// A later attempt never lowers the charge: if an attempt may have been billed, it stays so when
  /// the retry is refused or not sent.
  private func withRetries<Result: Sendable>(
    _ options: CallOptions, _ call: @escaping @Sendable (CallOptions) async throws -> Result
  ) async throws -> Result {
    /// The deadline of the wait that the call is part of.
    let deadline = options.deadline
    var charged = ImagineError.Charged.no
    var attempt = 1
    while true {
      do {
        return try await limiter.call(by: deadline) {
          var current = options
          // The attempt's timeout starts at its turn, not while it waits in the limiter.
          current.deadline = deadline ?? options.timeout.map(Deadline.init(in:))
          // An unstructured task is not cancelled with the task that awaits it.
          return try await Task { [current] in
            try await current.observer?.willSend()
            return try await call(current)
          }.value
        }
      } catch var error as ImagineError {
        let isNewPause = limiter.learn(from: error)
        await options.observer?.attemptFailed(error.charged)
        charged = max(charged, error.charged)
        error.charged = charged
        guard let pause = options.retry.pause(after: error, attempt: attempt) else { throw error }
        let maxPause = deadline?.remaining ?? (error.retryAfter == nil ? nil : options.timeout)
        if let maxPause, pause >= maxPause {
          throw error.refusingWait(of: pause, deadline?.seconds ?? options.timeout ?? 0)
        }
        if pause > Self.minNoticedPause, isNewPause || error.kind != .rateLimit {
          notice(
            "\(name): waits \(Int(pause.rounded())) s as the service asks, then retries the call"
              + " (\(error.message))")
        }
        try await Self.sleep(pause, before: error)
        attempt += 1
      } catch is CancellationError {
        throw ImagineError(
          .cancelled,
          charged == .no
            ? "the call was cancelled before it was sent"
            : "the call was cancelled before it was sent again", charged: charged)
      } catch let late as CallLimiter.TurnTimedOut {
        throw ImagineError(
          .timeout, "the call's turn did not come within \(late.deadline.seconds) seconds",
          retryable: true, charged: charged)
      }
    }
  }

  /// The minimum wait, in seconds, that the user is told of.
  private static let minNoticedPause = 2.0

  /// If the back-off sleep is cancelled, rethrow the original error.
  private static func sleep(_ seconds: Double, before error: ImagineError) async throws {
    do { try await Task.sleep(for: .clamped(seconds: seconds)) } catch { throw error }
  }
}

extension ImagineError {
  /// The error of a call whose retry would start too late.
  fileprivate func refusingWait(of pause: Double, _ timeout: Double) -> ImagineError {
    var error = self
    if retryAfter != nil {
      error.message +=
        "; it asks to wait \(Int(pause.rounded(.up))) s, which the timeout of"
        + " \(timeout) seconds does not allow"
    }
    return error
  }
}
