/// When to poll a job: often at first, rarely later.
public struct JobPolling: Sendable, Hashable, Codable {
  /// Seconds before the second request.
  public var firstPause: Double
  /// The maximum pause, in seconds.
  public var maxPause: Double
  /// The factor from one pause to the next.
  public var growth: Double

  public init(firstPause: Double = 1, maxPause: Double = 10, growth: Double = 1.5) {
    self.firstPause = firstPause
    self.maxPause = maxPause
    self.growth = growth
  }

  /// Seconds to wait after request number `request`, the first being 1.
  ///
  /// - Parameter retryAfter: seconds that the service asked to wait, with its answer or its error.
  public func pause(after request: Int, retryAfter: Double? = nil) -> Double {
    var pause = firstPause
    for _ in 1..<max(1, min(request, 64)) { pause = min(pause * growth, maxPause) }
    return max(min(pause, maxPause), retryAfter ?? 0)
  }
}
