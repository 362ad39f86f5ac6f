#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The wait that an answer asks for.
enum RetryAfter {
  /// Seconds, from `retry-after-ms` or from `Retry-After` as seconds or HTTP date; nil if neither
  /// can be read.
  ///
  /// A date is compared with the service's clock, from the answer's `Date`: this machine's clock
  /// may be wrong by hours.
  static func seconds(in answer: (_ header: String) -> String?, now: Date = Date()) -> Double? {
    if let text = answer("retry-after-ms"), let milliseconds = Double(text.trimmingWhitespace()) {
      return valid(milliseconds / 1000)
    }
    guard let text = answer("Retry-After")?.trimmingWhitespace() else { return nil }
    if let seconds = Double(text) { return valid(seconds) }
    return date(text).map {
      max(0, $0 - (answer("Date").flatMap(date) ?? now.timeIntervalSince1970))
    }
  }

  private static func valid(_ seconds: Double) -> Double? {
    seconds.isFinite && seconds >= 0 ? seconds : nil
  }

  private static let months = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
  ]

  /// Parses a date of RFC 9110, such as `Sun, 06 Nov 1994 08:49:37 GMT`, to seconds since 1970.
  private static func date(_ text: String) -> Double? {
    let words = text.trimmingWhitespace().split(separator: " ")
    guard words.count == 6, words[5] == "GMT", let day = number(words[1], 1...31),
      let month = months.firstIndex(of: String(words[2])),
      let year = number(words[3], 1970...9999)
    else { return nil }
    let clock = words[4].split(separator: ":", omittingEmptySubsequences: false)
    guard clock.count == 3, let hour = number(clock[0], 0...23),
      let minute = number(clock[1], 0...59), let second = number(clock[2], 0...60)
    else { return nil }
    let days = days(year, month + 1, day)
    return Double(days) * 86_400 + Double(hour * 3600 + minute * 60 + second)
  }

  /// Days from 1970 to a date of the Gregorian calendar, with years that start in March.
  static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    let shifted = month < 3 ? year - 1 : year
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return shifted * 365 + shifted / 4 - shifted / 100 + shifted / 400 + dayOfYear - 719_468
  }

  private static func number(_ text: Substring, _ range: ClosedRange<Int>) -> Int? {
    guard text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(text),
      range.contains(number)
    else { return nil }
    return number
  }
}
