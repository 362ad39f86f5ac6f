import Foundation

/// How long an answer asks to wait.
enum RetryAfter {
  /// Seconds, from `retry-after-ms`, or from `Retry-After` in seconds or as an HTTP date; nil where
  /// neither says anything that can be read.
  ///
  /// A date is one of the service's clock, so it is held against that, which the answer's `Date`
  /// tells: this machine's may be wrong by hours.
  static func seconds(in answer: (_ header: String) -> String?, now: Date = Date()) -> Double? {
    if let text = answer("retry-after-ms"), let milliseconds = Double(text.trimmingWhitespace()) {
      return valid(milliseconds / 1000)
    }
    guard let text = answer("Retry-After")?.trimmingWhitespace() else { return nil }
    if let seconds = Double(text) { return valid(seconds) }
    return date(text).map { max(0, $0.timeIntervalSince(answer("Date").flatMap(date) ?? now)) }
  }

  private static func valid(_ seconds: Double) -> Double? {
    seconds.isFinite && seconds >= 0 ? seconds : nil
  }

  /// A date of RFC 9110, such as `Sun, 06 Nov 1994 08:49:37 GMT`.
  private static func date(_ text: String) -> Date? {
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(identifier: "GMT")
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
    return formatter.date(from: text)
  }
}
