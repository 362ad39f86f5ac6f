#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A time in UTC with microseconds: `2025-03-04T07:09:25.048523Z`.
struct Timestamp: CustomStringConvertible {
  /// Seconds since 1970.
  let seconds: Double

  var description: String {
    let whole = seconds.rounded(.down)
    var (time, parts) = (time_t(exactly: whole) ?? 0, tm())
    gmtime_r(&time, &parts)
    var text: [UInt8] = []
    func append(_ number: Int, digits: Int, _ end: Character) {
      let digitsOfNumber = String(number).utf8
      text += repeatElement(UInt8(ascii: "0"), count: max(0, digits - digitsOfNumber.count))
      text += digitsOfNumber
      text += String(end).utf8
    }
    append(Int(parts.tm_year) + 1900, digits: 4, "-")
    append(Int(parts.tm_mon) + 1, digits: 2, "-")
    append(Int(parts.tm_mday), digits: 2, "T")
    append(Int(parts.tm_hour), digits: 2, ":")
    append(Int(parts.tm_min), digits: 2, ":")
    append(Int(parts.tm_sec), digits: 2, ".")
    append(min(999_999, Int(((seconds - whole) * 1_000_000).rounded())), digits: 6, "Z")
    return String(decoding: text, as: UTF8.self)
  }
}
