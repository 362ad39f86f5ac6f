import ImagineCore
import Synchronization

/// How many calls each account may start in 60 seconds.
///
/// A bucket for each account: it holds as many calls as the limit and refills evenly, so a burst
/// is let through whole and the average holds.
final class RateLimit: Sendable {
  private struct Bucket {
    var calls: Double
    var filledAt: Double
  }

  private let buckets = Mutex<[String: Bucket]>([:])
  /// Seconds on a clock that never goes back.
  private let now: @Sendable () -> Double

  init(now: @escaping @Sendable () -> Double) {
    self.now = now
  }

  convenience init() {
    let start = ContinuousClock.now
    self.init { (ContinuousClock.now - start).seconds }
  }

  /// Counts a call.
  ///
  /// - Throws: ``Failure`` 1202 where the account has none left, with the seconds until it has.
  func count(_ account: String, limit: Int) throws(Failure) {
    let time = now()
    let wait: Double? = buckets.withLock { buckets in
      if buckets.count > 10_000 {
        // A full bucket says nothing that an absent one does not.
        buckets = buckets.filter { time - $0.value.filledAt < 60 }
      }
      var bucket = buckets[account] ?? Bucket(calls: Double(limit), filledAt: time)
      let refill = (time - bucket.filledAt) * Double(limit) / 60
      bucket.calls = min(Double(limit), bucket.calls + refill)
      bucket.filledAt = time
      defer { buckets[account] = bucket }
      guard bucket.calls >= 1 else { return (1 - bucket.calls) * 60 / Double(limit) }
      bucket.calls -= 1
      return nil
    }
    if let wait {
      throw Failure(
        .tooManyRequests, "this token may make \(limit) calls in 60 seconds",
        retryAfter: max(1, Int(wait.rounded(.up))), callsPerMinute: limit)
    }
  }
}
