import BenchmarkTable

/// One row of the table: ours beside a peer.
struct Row {
  var name: String
  var ours: String
  var peer: String
  var ratio: Double?
  var target: String

  /// Times of one operation, in nanoseconds.
  static func times(
    _ name: String, ours: Double, peer: Double, each operations: Int, target: String = ""
  ) -> Row {
    let count = Double(operations)
    return Row(
      name: name, ours: nanoseconds(ours / count), peer: nanoseconds(peer / count),
      ratio: ours / peer, target: target)
  }

  private static func nanoseconds(_ seconds: Double) -> String {
    let value = seconds * 1e9
    if value >= 1e6 { return "\(rounded(value / 1e6)) ms" }
    if value >= 1e4 { return "\(rounded(value / 1e3)) µs" }
    return "\(rounded(value)) ns"
  }

  static func rounded(_ value: Double) -> String {
    "\((value * 10).rounded() / 10)"
  }
}

/// Prints rows as a table of Markdown.
enum Report {
  /// Two decimals, and four of what is small.
  private static func ratio(_ value: Double) -> String {
    let scale: Double = value < 0.1 ? 10_000 : 100
    return "\((value * scale).rounded() / scale)×"
  }

  static func print(_ rows: [Row]) {
    let header = ["what", "here", "peer", "ratio", "target"]
    let cells = rows.map { row in
      [
        row.name, row.ours, row.peer,
        row.ratio.map(ratio) ?? "", row.target,
      ]
    }
    MarkdownTable.print(header, cells)
  }
}
