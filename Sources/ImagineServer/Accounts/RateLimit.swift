import ImagineAPI
import Synchronization

/// Limits how many calls each account may start in 60 seconds.
///
/// A token bucket per account: it holds as many calls as the limit and refills evenly, so it allows
/// a burst and limits the average.
final class RateLimit: Sendable {
  /// An account's limit and what is left of it.
  struct Allowance {
    /// Calls in 60 seconds.
    let limit: Int
    /// Calls that it may start now.
    let left: Int
  }

  private struct Bucket {
    var calls: Double
    var filledAt: Double

    func calls(at time: Double, limit: Int) -> Double {
      min(Double(limit), calls + (time - filledAt) * Double(limit) / 60)
    }
  }

  private let buckets = Mutex<[String: Bucket]>([:])
  /// Seconds on a monotonic clock.
  private let now: @Sendable () -> Double

  init(now: @escaping @Sendable () -> Double = ContinuousClock.seconds) {
    self.now = now
  }

  func allowance(of account: String, limit: Int) -> Allowance {
    let time = now()
    let calls = buckets.withLock { $0[account]?.calls(at: time, limit: limit) ?? Double(limit) }
    return Allowance(limit: limit, left: Int(calls))
  }

  /// Counts a call.
  ///
  /// - Throws: ``APIError`` 1202 if the account has no calls left, with the seconds until it has.
  func count(_ account: String, limit: Int) throws(APIError) {
    let time = now()
    let wait: Double? = buckets.withLock { buckets in
      if buckets.count > 10_000 {
        // A full bucket is the same as no bucket.
        buckets = buckets.filter { time - $0.value.filledAt < 60 }
      }
      var bucket = buckets[account] ?? Bucket(calls: Double(limit), filledAt: time)
      bucket.calls = bucket.calls(at: time, limit: limit)
      bucket.filledAt = time
      defer { buckets[account] = bucket }
      guard bucket.calls >= 1 else { return (1 - bucket.calls) * 60 / Double(limit) }
      bucket.calls -= 1
      return nil
    }
    if let wait {
      throw APIError(
        .tooManyRequests, "this token may start \(limit) calls in 60 seconds",
        retryAfter: max(1, Int(wait.rounded(.up))))
    }
  }
}
