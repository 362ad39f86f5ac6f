public import ImagineCore

/// A provider whose calls wait for their turn, and are sent again where the policy allows it.
///
/// What it decorates sends each call once; so what a call may cost is decided here and nowhere else.
public struct PatientProvider: Provider {
  private let provider: any Provider
  private let limiter: CallLimiter

  public init(_ provider: any Provider, limiter: CallLimiter) {
    self.provider = provider
    self.limiter = limiter
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
    try await patiently(options.retry, options.trace) { [provider] in
      try await provider.draw(request, count: count, options: options, into: store)
    }
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    try await patiently(options.retry, options.trace) { [provider] in
      try await provider.submit(request, options: options)
    }
  }

  public func status(of job: String) async throws -> JobStatus {
    try await patiently(RetryPolicy()) { [provider] in try await provider.status(of: job) }
  }

  public func delete(job: String) async throws {
    try await patiently(RetryPolicy()) { [provider] in try await provider.delete(job: job) }
  }

  /// Downloads resume by themselves, and are no calls that a service counts.
  public func download(_ address: String, into store: any AssetStore) async throws -> Asset {
    try await provider.download(address, into: store)
  }

  /// A call that is cancelled while it waits for its turn is never sent; one that has been sent is
  /// paid for, so it goes on until its answer is stored.
  private func patiently<Result: Sendable>(
    _ policy: RetryPolicy, _ trace: (any CallTrace)? = nil,
    _ call: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    var attempt = 1
    while true {
      do {
        // A task of its own does not see the cancellation of the one that awaits it.
        return try await limiter.call {
          try await Task {
            try await trace?.willSend()
            return try await call()
          }.value
        }
      } catch let error as ImagineError {
        limiter.learn(from: error)
        guard let pause = policy.pause(after: error, attempt: attempt) else { throw error }
        await trace?.attemptFailed(error.charged)
        try await Self.sleep(pause, before: error)
        attempt += 1
      } catch is CancellationError {
        throw ImagineError(.cancelled, "the call was cancelled before it was sent")
      }
    }
  }

  /// A wait that is cancelled leaves the fault that it waited upon.
  private static func sleep(_ seconds: Double, before error: ImagineError) async throws {
    do { try await Task.sleep(for: .seconds(seconds)) } catch { throw error }
  }
}
