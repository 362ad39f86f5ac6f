import CLua

/// Nanoseconds of the system's monotonic clock.
enum MonotonicClock {
  static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  /// A time that is never reached but can still be added to.
  private static var farFuture: UInt64 { now + (1 << 62) }

  /// The time `duration` from now.
  static func after(_ duration: Duration) -> UInt64 {
    let (seconds, attoseconds) = duration.components
    guard seconds < 1 << 32 else { return farFuture }
    guard seconds >= 0, attoseconds >= 0 else { return now }
    return now + UInt64(seconds) * 1_000_000_000 + UInt64(attoseconds / 1_000_000_000)
  }

  /// The time `seconds` from now.
  static func after(seconds: Double) -> UInt64 {
    seconds < 0x1p32 ? now + UInt64(max(0, seconds) * 1e9) : farFuture
  }
}
