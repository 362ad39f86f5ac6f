/// What the terminal shall show from the prompt's row down.
struct View: Equatable, Sendable {
  var rows: [Row]
  /// The cursor, counted from the first row and column.
  var cursorRow: Int
  var cursorColumn: Int
  /// Whether rows above the first are scrolled out of sight.
  var isScrolled = false
}

/// One row of cells.
struct Row: Equatable, Sendable {
  var cells: [Cell] = []
  var columns = 0

  mutating func append(_ cell: Cell) {
    cells.append(cell)
    columns += cell.columns
  }

  /// Appends text as far as it fits; what would act on the terminal is escaped.
  mutating func append(_ text: String, _ style: Style, limit: Int) {
    for cluster in Printable.escaped(text) {
      let cell = Cell(cluster, style)
      guard columns + cell.columns <= limit else { return }
      append(cell)
    }
  }
}

/// A grapheme cluster on the screen.
struct Cell: Equatable, Sendable {
  var text: String
  var columns: Int
  var style: Style

  /// The cell of a cluster. One that has no width of its own, or would act on the terminal, gets
  /// something to stand on.
  init(_ cluster: Character, _ style: Style) {
    self.style = style
    let columns = CharacterWidth.columns(of: cluster)
    // A first scalar without width would join the cell before it.
    let joinsLeft = cluster.unicodeScalars.first.map { CharacterWidth.columns(of: $0) == 0 } ?? true
    if joinsLeft || cluster.unicodeScalars.contains(where: Printable.isHazard) {
      let isMark = cluster.unicodeScalars.allSatisfy {
        let category = $0.properties.generalCategory
        return category == .nonspacingMark || category == .enclosingMark
      }
      text = isMark ? "\u{25CC}\(cluster)" : "\u{FFFD}"
      self.columns = 1
    } else {
      text = String(cluster)
      self.columns = columns
    }
  }
}
