/// Lays clusters out in rows of a limited width and notes where the cursor comes to be.
struct RowLayout {
  let columns: Int
  private(set) var rows: [Row] = [Row()]
  private(set) var cursor: (row: Int, column: Int)?

  /// - Parameter columns: at least 2, so that a wide cluster fits.
  init(columns: Int) {
    self.columns = max(2, columns)
  }

  var last: Row { rows[rows.count - 1] }

  mutating func append(_ cell: Cell) {
    var cell = cell
    // A joined cluster may claim more columns than a row has.
    if cell.columns > columns { cell = Cell("\u{FFFD}", cell.style) }
    if last.columns + cell.columns > columns { rows.append(Row()) }
    rows[rows.count - 1].append(cell)
  }

  mutating func newLine() {
    rows.append(Row())
  }

  /// The next cluster, or the end of the text, is where the cursor is. A cursor behind a full row is
  /// on a row of its own; `width` is that of the cluster under it.
  mutating func markCursor(width: Int) {
    if last.columns + max(1, min(width, columns)) > columns { rows.append(Row()) }
    cursor = (rows.count - 1, last.columns)
  }

  /// Appends to the last row as far as it fits.
  mutating func appendToRow(_ text: String, _ style: Style) {
    rows[rows.count - 1].append(text, style, limit: columns)
  }
}
