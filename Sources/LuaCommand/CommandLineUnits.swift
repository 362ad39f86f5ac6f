/// Parses the values of options: sizes with units and durations.
enum CommandLineUnits {
  /// `64M`, `512K`, `1G` or a number of bytes.
  static func bytes(_ text: String) throws -> Int {
    let units: [(String, Int)] = [("K", 1 << 10), ("M", 1 << 20), ("G", 1 << 30)]
    let upper = text.uppercased()
    for (unit, factor) in units where upper.hasSuffix(unit) {
      if let number = Int(upper.dropLast()), number > 0, number < Int.max / factor {
        return number * factor
      }
    }
    if let number = Int(upper), number > 0 { return number }
    throw LuaCommand.OptionError("'\(text)' is not a size such as 64M or 512K")
  }

  /// `30s`, `500ms`, `2m`, `1h` or a number of seconds.
  static func duration(_ text: String) throws -> Duration {
    let units: [(String, Double)] = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600), ("", 1)]
    for (unit, factor) in units where text.hasSuffix(unit) {
      // A longer time is a mistake, and may overflow a `Duration`.
      if let number = Double(text.dropLast(unit.count)), number > 0, number * factor < 1e12 {
        return .seconds(number * factor)
      }
    }
    throw LuaCommand.OptionError("'\(text)' is not a time such as 30s or 500ms")
  }
}
