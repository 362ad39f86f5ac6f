/// Prints measurements as a table of Markdown, with columns of equal width.
public enum MarkdownTable {
  public static func print(_ header: [String], _ rows: [[String]]) {
    let widths = header.indices.map { column in
      ([header] + rows).map(\.[column].count).max() ?? 0
    }
    func line(_ cells: [String]) -> String {
      let padded = zip(cells, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }
      return "| " + padded.joined(separator: " | ") + " |"
    }
    Swift.print(line(header))
    Swift.print(line(widths.map { String(repeating: "-", count: $0) }))
    for row in rows { Swift.print(line(row)) }
  }
}
