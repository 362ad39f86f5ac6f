import ImagineCore
import Synchronization

/// How many calls each account may start in 60 seconds.
///
/// A bucket for each account: it holds as many calls as the limit and refills evenly, so a burst
/// is let through whole and the average holds.
final class RateLimit: Sendable {
  /// What an account may do and what is left of that.
  struct Allowance {
    /// Calls in 60 seconds.
    let limit: Int
    /// Calls that it may start at this moment.
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
  /// Seconds on a clock that never goes back.
  private let now: @Sendable () -> Double

  init(now: @escaping @Sendable () -> Double) {
    self.now = now
  }

  convenience init() {
    let start = ContinuousClock.now
    self.init { (ContinuousClock.now - start).seconds }
  }

  /// What is left to an account.
  func allowance(of account: String, limit: Int) -> Allowance {
    let time = now()
    let calls = buckets.withLock { $0[account]?.calls(at: time, limit: limit) ?? Double(limit) }
    return Allowance(limit: limit, left: Int(calls))
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
      bucket.calls = bucket.calls(at: time, limit: limit)
      bucket.filledAt = time
      defer { buckets[account] = bucket }
      guard bucket.calls >= 1 else { return (1 - bucket.calls) * 60 / Double(limit) }
      bucket.calls -= 1
      return nil
    }
    if let wait {
      throw Failure(
        .tooManyRequests, "this token may make \(limit) calls in 60 seconds",
        retryAfter: max(1, Int(wait.rounded(.up))))
    }
  }
}
