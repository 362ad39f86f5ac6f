import BenchmarkTable

/// One row of the table: ours, with the call of a library beside it where there is one.
struct Row {
  var name: String
  var ours: Measurement
  var peer: (name: String, measurement: Measurement)?
  /// What is promised, in words: "≤ 600 ms".
  var target: String

  /// Measures `body` in turns with a library's call.
  static func measured(
    _ name: String, target: String = "", rounds: Int = 7, _ body: @escaping () throws -> Void,
    beside peerName: String, _ peer: @escaping () throws -> Void
  ) throws -> Row {
    let both = try Measurement.inTurn(rounds: rounds, [body, peer])
    return Row(name: name, ours: both[0], peer: (peerName, both[1]), target: target)
  }

  /// Measures `body` alone.
  static func measured(
    _ name: String, target: String = "", rounds: Int = 7, _ body: @escaping () throws -> Void
  ) throws -> Row {
    Row(
      name: name, ours: try Measurement.inTurn(rounds: rounds, [body])[0], peer: nil,
      target: target)
  }
}

/// Prints rows as a table of Markdown.
enum Report {
  static func print(_ rows: [Row]) {
    let header = ["what", "here", "processor", "peak", "beside", "takes", "ratio", "target"]
    let cells = rows.map { row in
      [
        row.name, milliseconds(row.ours.seconds), milliseconds(row.ours.processorSeconds),
        megabytes(row.ours.peakBytes), row.peer?.name ?? "",
        row.peer.map { milliseconds($0.measurement.seconds) } ?? "",
        row.peer.map { rounded(row.ours.seconds / $0.measurement.seconds, 100) + "×" } ?? "",
        row.target,
      ]
    }
    MarkdownTable.print(header, cells)
  }

  private static func milliseconds(_ seconds: Double) -> String {
    rounded(seconds * 1000, seconds < 0.1 ? 10 : 1) + " ms"
  }

  private static func megabytes(_ bytes: Int) -> String {
    bytes == 0 ? "" : rounded(Double(bytes) / 1_048_576, 1) + " MB"
  }

  private static func rounded(_ value: Double, _ parts: Double) -> String {
    let result = (value * parts).rounded() / parts
    return result == result.rounded() ? "\(Int(result))" : "\(result)"
  }
}
