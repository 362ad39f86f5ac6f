/// When to retry a failed call.
///
/// Retried are calls that provably did not start: requests that were certainly not written, and
/// those that the service refused for now (429, 503). A call that may have been billed is retried
/// only if the script allows it.
public struct RetryPolicy: Sendable, Hashable {
  /// The maximum number of retries.
  public var retries: Int
  /// Whether to retry calls whose charge is unknown.
  public var retriesUncertain: Bool

  /// The pause before the first retry, in seconds; each further pause is twice as long.
  public static let firstPause = 0.5
  /// The maximum pause of our own, in seconds.
  public static let maxPause = 8.0
  /// The maximum wait that a service may ask for, in seconds; beyond it the call fails.
  public static let maxRetryAfter = 120.0

  /// The maximum number of retries unless a script sets one.
  public static let standardRetries = 2

  public init(retries: Int = standardRetries, retriesUncertain: Bool = false) {
    self.retries = retries
    self.retriesUncertain = retriesUncertain
  }

  /// Seconds to wait before the retry; nil for no retry.
  ///
  /// - Parameters:
  ///   - attempt: number of the failed attempt, the first being 1.
  ///   - jitter: 0 … 1, random for each pause, so that callers do not retry all at once.
  public func pause(
    after error: ImagineError, attempt: Int, jitter: Double = .random(in: 0...1)
  ) -> Double? {
    let mayRetry = error.retryable || (retriesUncertain && error.charged == .unknown)
    guard mayRetry, error.kind != .cancelled, error.kind != .refused, attempt <= retries else {
      return nil
    }
    if let asked = error.retryAfter {
      return asked <= Self.maxRetryAfter ? asked : nil
    }
    var pause = Self.firstPause
    for _ in 1..<max(1, min(attempt, 16)) { pause = min(pause * 2, Self.maxPause) }
    return pause * (1 - 0.25 * jitter)
  }
}
