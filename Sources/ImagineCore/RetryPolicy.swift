/// When a call that failed is sent again.
///
/// Only what provably did not start is: a request that was certainly not written, and one that the
/// service refused for now (429, 503). A call that may have been billed is sent again only where the
/// script says that it may be.
public struct RetryPolicy: Sendable, Hashable {
  /// How often a call is sent again at the most.
  public var retries: Int
  /// Whether a call whose charge is unknown is sent again too.
  public var retriesUncertain: Bool

  /// The pause before the first retry, in seconds; each further one is twice as long.
  public static let firstPause = 0.5
  /// The longest pause of our own, in seconds.
  public static let longestPause = 8.0
  /// The longest that a service may ask us to wait, in seconds; past it the call fails.
  public static let longestRetryAfter = 120.0

  public init(retries: Int = 2, retriesUncertain: Bool = false) {
    self.retries = retries
    self.retriesUncertain = retriesUncertain
  }

  /// Seconds to wait before a call is sent again; nil where it is not.
  ///
  /// - Parameters:
  ///   - attempt: which attempt failed, the first being 1.
  ///   - jitter: 0 … 1, drawn for each pause, so that callers do not come back all at once.
  public func pause(
    after error: ImagineError, attempt: Int, jitter: Double = .random(in: 0...1)
  ) -> Double? {
    let mayRetry = error.retryable || (retriesUncertain && error.charged == .unknown)
    guard mayRetry, error.kind != .cancelled, attempt <= retries else { return nil }
    if let asked = error.retryAfter {
      return asked <= Self.longestRetryAfter ? asked : nil
    }
    var pause = Self.firstPause
    for _ in 1..<max(1, min(attempt, 16)) { pause = min(pause * 2, Self.longestPause) }
    return pause * (1 - 0.25 * jitter)
  }
}
