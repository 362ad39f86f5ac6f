import Foundation
import ImagineAPI
import ImagineREPL
import ImagineScripting

/// Listings for people and for pipes. On a terminal: columns with a header, times as ages, fitted to
/// the width. Elsewhere: one line an item, with fields separated by tabs.
struct Listing {
  /// A field of an item.
  enum Field {
    case text(String)
    /// Aligned to the right.
    case number(String)
    /// Seconds since 1970.
    case time(Double)

    /// What a pipe gets.
    fileprivate var plain: String {
      switch self {
      case .text(let text), .number(let text): text.inOneLine
      case .time(let seconds): Date(timeIntervalSince1970: seconds).formatted(.iso8601)
      }
    }

    fileprivate var shown: String {
      if case .time(let seconds) = self { RelativeTime.text(seconds) } else { plain }
    }
  }

  private let titles: [String]
  private var rows: [[Field]] = []

  /// - Parameter titles: of the columns; the last takes the width that is left.
  init(_ titles: String...) { self.titles = titles }

  mutating func add(_ fields: Field...) { rows.append(fields) }

  /// Whether standard output is a terminal.
  static var isForTerminal: Bool { isatty(STDOUT_FILENO) == 1 }

  /// - Throws: the errors of ``Output``.
  func print() throws {
    guard Self.isForTerminal else {
      for row in rows { try Output.line(row.map(\.plain).joined(separator: "\t")) }
      return
    }
    guard !rows.isEmpty else { return try Output.line("none") }
    for line in lines(width: TerminalSize().columns) { try Output.line(line) }
  }

  /// The lines for a terminal.
  func lines(width: Int) -> [String] {
    let texts = [titles] + rows.map { $0.map(\.shown) }
    var widths = titles.indices.map { column in
      texts.map { TerminalText.columns(of: $0[column]) }.max() ?? 0
    }
    // Two blanks between columns. The widest column gives what is too much, the last one first.
    var excess = widths.reduce(0, +) + 2 * (widths.count - 1) - width
    for column in [widths.count - 1] + widths.indices.sorted(by: { widths[$0] > widths[$1] })
    where excess > 0 {
      let given = min(excess, max(0, widths[column] - 8))
      widths[column] -= given
      excess -= given
    }
    return texts.enumerated().map { index, row in
      var line = ""
      for (column, text) in row.enumerated() {
        let fitted = TerminalText.fitted(text, to: widths[column])
        let blanks = String(
          repeating: " ", count: max(0, widths[column] - TerminalText.columns(of: fitted)))
        let isRight = if index > 0, case .number = rows[index - 1][column] { true } else { false }
        line += isRight ? blanks + fitted : fitted + blanks
        if column < row.count - 1 { line += "  " }
      }
      return String(line.reversed().drop { $0 == Character(" ") }.reversed())
    }
  }

  /// A line of separate facts, for pipes.
  static func print(_ fields: String...) throws {
    try Output.line(fields.map(\.inOneLine).joined(separator: "\t"))
  }

  /// Names with values: separated by a tab, on a terminal aligned.
  static func print(facts: [(name: String, value: String)]) throws {
    let width = facts.map { TerminalText.columns(of: $0.name) }.max() ?? 0
    for (name, value) in facts {
      let gap = String(
        repeating: " ", count: max(0, width - TerminalText.columns(of: name)) + 2)
      try Output.line(
        isForTerminal
          ? "\(name.inOneLine)\(gap)\(value.inOneLine)"
          : "\(name.inOneLine)\t\(value.inOneLine)")
    }
  }

  /// Amounts with their units; different units are never added.
  static func amounts(_ amounts: [String: Double]) -> [String] {
    amounts.sorted { $0.key < $1.key }.map { unit, amount in
      Price(millionths: Int64((amount * 1_000_000).rounded()), unit: unit).description
    }
  }

  /// A number of bytes, such as `3.4 MB`.
  static func bytes(_ count: Int) -> String {
    var (value, unit) = (Double(count), 0)
    let units = ["bytes", "kB", "MB", "GB", "TB"]
    while value >= 1000, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
    return unit == 0 ? "\(count) bytes" : String(format: "%.1f \(units[unit])", value)
  }
}

/// How long ago something was, in words.
enum RelativeTime {
  static func text(_ seconds: Double, now: Double = Date().timeIntervalSince1970) -> String {
    let age = now - seconds
    func ago(_ count: Double, _ unit: String) -> String { "\(Int(count)) \(unit) ago" }
    switch age {
    case ..<(-60): return Date(timeIntervalSince1970: seconds).formatted(.iso8601)
    case ..<60: return "just now"
    case ..<3600: return ago(age / 60, "min")
    case ..<86_400: return ago(age / 3600, "h")
    case ..<172_800: return "1 day ago"
    case ..<2_592_000: return ago(age / 86_400, "days")
    default:
      let day = Date.ISO8601FormatStyle().year().month().day()
      return Date(timeIntervalSince1970: seconds).formatted(day)
    }
  }
}

/// Listings for programs: JSON with names in snake_case, and ISO 8601 for times, whose names end in
/// `_at`.
enum JSONOutput {
  static func print(_ value: some Encodable) throws {
    try Output.line(text(of: value))
  }

  /// The JSON, without a line break at its end.
  static func text(of value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.keyEncodingStrategy = .convertToSnakeCase
    let lines = String(decoding: try encoder.encode(value), as: UTF8.self)
      .split(separator: "\n", omittingEmptySubsequences: false).map(Self.withReadableTime)
    return lines.joined(separator: "\n").withoutControls
  }

  /// Converts a time from seconds since 1970. A JSON string contains no line break, so each line is
  /// one member.
  private static func withReadableTime(_ line: Substring) -> Substring {
    guard let end = line.firstRange(of: "_at\" : ")?.upperBound else { return line }
    let number = line[end...].prefix { $0.isNumber || $0 == "." || $0 == "-" }
    guard line.drop(while: { $0 == " " }).first == "\"", let seconds = Double(number),
      line[number.endIndex...].allSatisfy({ $0 == "," })
    else { return line }
    let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    let time = Date(timeIntervalSince1970: seconds).formatted(style)
    return "\(line[..<end])\"\(time)\"\(line[number.endIndex...])"
  }
}

extension String {
  /// Escapes control characters that a terminal would obey, such as U+009B; the JSON stays
  /// equivalent.
  var withoutControls: String {
    guard unicodeScalars.contains(where: \.isUnprintable) else { return self }
    return unicodeScalars.reduce(into: "") { text, scalar in
      if scalar.isUnprintable {
        for unit in String(scalar).utf16 { text += String(format: "\\u%04x", unit) }
      } else {
        text.unicodeScalars.append(scalar)
      }
    }
  }
}
