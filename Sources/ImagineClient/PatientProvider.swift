public import ImagineCore

/// A provider whose calls wait for their turn, and are sent again where the policy allows it.
///
/// What it decorates sends each call once; so what a call may cost is decided here and nowhere else.
public struct PatientProvider: Provider {
  private let provider: any Provider
  private let limiter: CallLimiter
  private let notice: @Sendable (String) -> Void

  /// - Parameter notice: told of a wait that a service asks for and that a user would wonder about.
  public init(
    _ provider: any Provider, limiter: CallLimiter,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.provider = provider
    self.limiter = limiter
    self.notice = notice
  }

  public var name: String { provider.name }
  public var operations: [Operation] { provider.operations }
  public var takesCount: Bool { provider.takesCount }
  public var polling: JobPolling { provider.polling }
  public var prices: PriceList { provider.prices }
  public var tracesSends: Bool { true }

  public func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing] {
    try await withRetries(options) { [provider] options in
      try await provider.draw(request, count: count, options: options, into: store)
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

  /// Downloads resume by themselves, and are no calls that a service counts.
  public func download(
    _ address: String, options: CallOptions, into store: any AssetStore
  ) async throws -> Asset {
    try await provider.download(address, options: options, into: store)
  }

  /// A call that is cancelled while it waits for its turn is never sent; one that has been sent is
  /// paid for, so it goes on until its answer is stored.
  ///
  /// What one attempt knew of the charge is never taken back by a later one: an attempt that may have
  /// been billed stays so when the next is refused, or is not even sent.
  private func withRetries<Result: Sendable>(
    _ options: CallOptions, _ call: @escaping @Sendable (CallOptions) async throws -> Result
  ) async throws -> Result {
    /// Of the wait that the call is part of.
    let deadline = options.deadline
    var charged = ImagineError.Charged.no
    var attempt = 1
    while true {
      do {
        return try await limiter.call(by: deadline) {
          var current = options
          // The time that a call waits for its turn is the host's own affair.
          current.deadline = deadline ?? options.timeout.map(Deadline.init(in:))
          // A task of its own does not see the cancellation of the one that awaits it.
          return try await Task { [current] in
            try await current.trace?.willSend()
            return try await call(current)
          }.value
        }
      } catch var error as ImagineError {
        let isNewPause = limiter.learn(from: error)
        await options.trace?.attemptFailed(error.charged)
        charged = max(charged, error.charged)
        error.charged = charged
        guard let pause = options.retry.pause(after: error, attempt: attempt) else { throw error }
        let longest = deadline?.left ?? (error.retryAfter == nil ? nil : options.timeout)
        if let longest, pause >= longest {
          throw error.tooLate(for: pause, deadline?.seconds ?? options.timeout ?? 0)
        }
        if pause > Self.longestSilence, isNewPause || error.kind != .rateLimit {
          notice(
            "\(name): waits \(Int(pause.rounded())) s, as the service asks, and sends the call again"
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
      } catch let late as CallLimiter.TooLate {
        throw ImagineError(
          .timeout, "the call's turn did not come within \(late.deadline.seconds) seconds",
          retryable: true, charged: charged)
      }
    }
  }

  /// The longest wait, in seconds, that a user is not told of.
  private static let longestSilence = 2.0

  /// If the wait is cancelled, the error is thrown that it waited upon.
  private static func sleep(_ seconds: Double, before error: ImagineError) async throws {
    do { try await Task.sleep(for: .clamped(seconds: seconds)) } catch { throw error }
  }
}

extension ImagineError {
  /// The error of a call whose next attempt would begin too late.
  fileprivate func tooLate(for pause: Double, _ timeout: Double) -> ImagineError {
    var error = self
    if retryAfter != nil {
      error.message +=
        "; it asks to wait \(Int(pause.rounded(.up))) s, which the timeout of"
        + " \(timeout) seconds does not allow"
    }
    return error
  }
}
