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

  public var profile: ProviderProfile { provider.profile }
  public var reportsSends: Bool { true }
  public var stopsCalls: Bool { provider.stopsCalls }

  public func derivedInputs(
    of request: Request, _ context: CallContext
  ) async throws -> [String: [ImageInput]] {
    try await provider.derivedInputs(of: request, context)
  }

  public func imageSize(of request: Request) throws(ImagineError) -> PixelSize? {
    try provider.imageSize(of: request)
  }

  public func models(_ context: CallContext) async throws -> [ListedModel]? {
    try await provider.models(context)
  }

  public func keyRetention(_ context: CallContext) async throws -> Double? {
    try await provider.keyRetention(context)
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    var context = context
    // The host asks about such a call by its ticket instead.
    if profile.takesTickets { context.options.retry.retriesUncertain = false }
    // The service does it once, however often it is sent.
    if context.idempotencyKey != nil { context.options.retry.retriesUncertain = true }
    return try await withRetries(context) { [provider] in
      try await provider.perform(request, $0)
    }
  }

  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    try await withRetries(context) { [provider] in try await provider.poll(ticket, $0) }
  }

  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    try await withRetries(context) { [provider] in try await provider.cancel(ticket, $0) }
  }

  /// Downloads resume by themselves and do not count against the service's limits.
  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    try await provider.download(address, context)
  }

  /// A call that is cancelled while it waits for its turn is never sent. A sent call is billed, so
  /// it continues until its answer is stored, unless the provider stops its calls.
  ///
  /// A later attempt never lowers the charge: if an attempt may have been billed, it stays so when
  /// the retry is refused or not sent.
  private func withRetries<Result: Sendable>(
    _ context: CallContext, _ call: @escaping @Sendable (CallContext) async throws -> Result
  ) async throws -> Result {
    let options = context.options
    let stopsCalls = stopsCalls
    /// The deadline of the wait that the call is part of.
    let deadline = options.deadline
    var charged = ImagineError.Charged.no
    var attempt = 1
    while true {
      do {
        return try await limiter.call(by: deadline) {
          var current = context
          // The attempt's timeout starts at its turn, not while it waits in the limiter.
          current.options.deadline = deadline ?? options.timeout.map(Deadline.init(in:))
          // An unstructured task is not cancelled with the task that awaits it.
          let attempt = Task { [current] in
            try await current.observer?.willSend()
            return try await call(current)
          }
          return try await withTaskCancellationHandler {
            try await attempt.value
          } onCancel: {
            if stopsCalls { attempt.cancel() }
          }
        }
      } catch var error as ImagineError {
        let isNewPause = limiter.learn(from: error)
        await context.observer?.attemptFailed(error.charged)
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
