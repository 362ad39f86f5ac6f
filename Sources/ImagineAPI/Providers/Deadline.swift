/// The moment by which a call must end, including its retries, pauses, status requests and
/// downloads.
public struct Deadline: Sendable, Hashable {
  public let instant: ContinuousClock.Instant
  /// The given seconds, for messages.
  public let seconds: Double

  /// The maximum, in seconds: about 30 years.
  public static let maxSeconds = 1e9

  /// - Parameter seconds: from now; `inf`, NaN and negative values are clamped.
  public init(in seconds: Double) {
    self.seconds = seconds
    instant = ContinuousClock.now + .clamped(seconds: seconds)
  }

  public var hasPassed: Bool { remaining <= 0 }

  /// Seconds left; 0 after the deadline.
  public var remaining: Double { max(0, (instant - .now) / .seconds(1)) }
}

extension Duration {
  /// Converts untrusted seconds, clamped to 0 … ``Deadline/maxSeconds``. The standard library traps
  /// on values that a `Duration` cannot hold.
  public static func clamped(seconds: Double) -> Duration {
    .seconds(seconds.isNaN ? 0 : min(max(0, seconds), Deadline.maxSeconds))
  }
}
