import Foundation
import ImagineAPI

/// Rows for people, for pipes and for programs: aligned on a terminal, separated by tabs elsewhere,
/// and as JSON if that is asked for.
struct Listing {
  /// A column: its name in JSON and, in capitals, on a terminal.
  typealias Row = [(name: String, value: Value)]

  private let rows: [Row]

  init(_ rows: [Row]) { self.rows = rows }

  /// - Parameter isTerminal: whether the output is a terminal.
  func text(asJSON: Bool, isTerminal: Bool = isatty(STDOUT_FILENO) == 1) -> String {
    if asJSON {
      let objects = rows.map { row in
        Value.table(Dictionary(row.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
      }
      return Value.list(objects).json + "\n"
    }
    let lines = rows.map { row in row.map { Self.shown($0.value) } }
    guard isTerminal else {
      return lines.map { $0.joined(separator: "\t") + "\n" }.joined()
    }
    guard let titles = rows.first?.map({ $0.name.uppercased() }) else { return "none\n" }
    let table = [titles] + lines
    let widths = titles.indices.map { column in table.map { $0[column].count }.max() ?? 0 }
    return table.map { line in
      let cells = zip(line, widths).map { $0.padding(toLength: $1, withPad: " ", startingAt: 0) }
      let text = cells.joined(separator: "  ")
      return String(text.reversed().drop { $0 == " " }.reversed()) + "\n"
    }.joined()
  }

  private static func shown(_ value: Value) -> String {
    if case .null = value { return "-" }
    return value.description.replacing("\n", with: " ").replacing("\t", with: " ").printable
  }

  /// A time as `2026-11-28T21:00:00Z`.
  static func time(_ seconds: Double?) -> Value {
    seconds.map { .text(Date(timeIntervalSince1970: $0).formatted(.iso8601)) } ?? .null
  }

  static func text(_ text: String?) -> Value { text.map(Value.text) ?? .null }

  static func number(_ number: Int64?) -> Value { number.map(Value.integer) ?? .null }

  func print(asJSON: Bool) {
    FileHandle.standardOutput.write(Data(text(asJSON: asJSON).utf8))
  }
}
