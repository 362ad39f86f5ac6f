/// The moment by which a call has to be over, with its retries, pauses, questions and downloads.
public struct Deadline: Sendable, Hashable {
  public let instant: ContinuousClock.Instant
  /// The seconds that were given, for messages.
  public let seconds: Double

  /// The longest time that is counted, in seconds: about 30 years.
  public static let longest = 1e9

  /// - Parameter seconds: from now; what no clock counts (`inf`, NaN, negative) is clamped.
  public init(in seconds: Double) {
    self.seconds = seconds
    instant = ContinuousClock.now + .clamped(seconds: seconds)
  }

  public var hasPassed: Bool { left <= 0 }

  /// Seconds left; 0 where none are.
  public var left: Double { max(0, (instant - .now) / .seconds(1)) }
}

extension Duration {
  /// A number of seconds from outside as a duration: from 0 to ``Deadline/longest``. The standard
  /// library traps on what a `Duration` cannot hold.
  public static func clamped(seconds: Double) -> Duration {
    .seconds(seconds.isNaN ? 0 : min(max(0, seconds), Deadline.longest))
  }
}
