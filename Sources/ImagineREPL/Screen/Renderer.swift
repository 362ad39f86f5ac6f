/// Turns views into the bytes that change the screen from one to the next.
///
/// It knows the rows from the prompt's down and moves relative to them; rows above belong to the
/// terminal. It never asks where the cursor is.
struct Renderer {
  private(set) var columns: Int
  private(set) var rows: Int
  let usesColor: Bool
  /// Whether the terminal wraps rows anew when it becomes narrower.
  let reflows: Bool

  /// The rows that are on the screen; empty before the first draw.
  private var shown: [[Slot]] = []
  private var last: View?
  private var cursorRow = 0
  /// Nil if the terminal may count the width of a cluster differently.
  private var cursorColumn: Int? = 0
  private var style = Style.plain
  private var output: [UInt8] = []

  /// A column of a row: the cell that begins there, or the second column of a wide one.
  private enum Slot: Equatable {
    case cell(Cell)
    case covered
  }

  init(columns: Int, rows: Int, usesColor: Bool = true, reflows: Bool = true) {
    self.columns = max(2, columns)
    self.rows = max(2, rows)
    self.usesColor = usesColor
    self.reflows = reflows
  }

  /// Whether something of the view is on the screen.
  var isShown: Bool { !shown.isEmpty }

  // MARK: Drawing

  /// Shows a view of at most ``rows`` − 1 rows. The first draw begins at the start of an empty row.
  mutating func draw(_ view: View) -> [UInt8] {
    update(view)
    return takeOutput()
  }

  /// Writes text above the view. It is raw, and gets a newline at its end if it has none.
  mutating func above(_ text: [UInt8]) -> [UInt8] {
    guard !text.isEmpty else { return [] }
    erase()
    for byte in text {
      if byte == UInt8(ascii: "\n") { output.append(UInt8(ascii: "\r")) }
      output.append(byte)
    }
    // What the script left: attributes, and a row that is not complete.
    emit("\u{1b}[m")
    emit(text.last == UInt8(ascii: "\n") ? "\r" : "\r\n")
    if let last { update(last) }
    return takeOutput()
  }

  /// Erases the view after the terminal's size has changed; draw it anew then.
  mutating func resize(columns: Int, rows: Int) -> [UInt8] {
    let columns = max(2, columns)
    var up = cursorRow
    if reflows, columns < self.columns {
      up = shown.prefix(cursorRow).reduce(0) { $0 + max(1, ($1.count + columns - 1) / columns) }
      up += (cursorColumn ?? 0) / columns
    }
    if !shown.isEmpty {
      if up > 0 { emit("\u{1b}[\(up)A") }
      emit("\r\u{1b}[J")
    }
    (self.columns, self.rows) = (columns, max(2, rows))
    forget()
    return takeOutput()
  }

  /// Erases the view, so that the prompt's row is empty and the cursor at its start.
  mutating func clear() -> [UInt8] {
    erase()
    last = nil
    return takeOutput()
  }

  /// Shows the whole of a view for the last time and begins a row below it.
  mutating func leave(_ view: View) -> [UInt8] {
    if !shown.isEmpty, last?.isScrolled == true || view.rows.count >= rows {
      erase()
    }
    update(view)
    move(to: view.rows.count - 1, nil)
    emit("\r\n")
    forget()
    last = nil
    return takeOutput()
  }

  private mutating func erase() {
    if !shown.isEmpty {
      move(to: 0, 0)
      emit("\u{1b}[J")
    }
    forget()
  }

  private mutating func forget() {
    shown = []
    cursorRow = 0
    cursorColumn = 0
  }

  private mutating func takeOutput() -> [UInt8] {
    defer { output.removeAll(keepingCapacity: true) }
    return output
  }

  private mutating func update(_ view: View) {
    last = view
    for (index, row) in view.rows.enumerated() {
      let slots = Self.slots(row)
      if index < shown.count {
        change(row: index, from: shown[index], to: slots)
        shown[index] = slots
      } else {
        if index > 0 {
          move(to: index - 1, nil)
          emit("\r\n")
          (cursorRow, cursorColumn) = (index, 0)
        }
        write(slots, from: 0, to: slots.count, row: index)
        shown.append(slots)
      }
    }
    if shown.count > view.rows.count {
      move(to: view.rows.count, 0)
      emit("\u{1b}[J")
      shown.removeSubrange(view.rows.count...)
    }
    move(to: view.cursorRow, view.cursorColumn)
    setStyle(.plain)
  }

  private static func slots(_ row: Row) -> [Slot] {
    var result: [Slot] = []
    result.reserveCapacity(row.columns)
    for cell in row.cells {
      result.append(.cell(cell))
      for _ in 1..<max(1, cell.columns) { result.append(.covered) }
    }
    return result
  }

  private mutating func change(row: Int, from old: [Slot], to new: [Slot]) {
    var column = 0
    while column < new.count {
      if column < old.count, old[column] == new[column] {
        column += 1
        continue
      }
      // Cells that are equal again cost less than a move past a few of them.
      var end = column + 1
      var equal = 0
      while end < new.count, equal < 6 {
        equal = end < old.count && old[end] == new[end] ? equal + 1 : 0
        end += 1
      }
      end -= equal
      while end < new.count, new[end] == .covered { end += 1 }
      write(new, from: column, to: end, row: row)
      column = end
    }
    if new.count < old.count {
      move(to: row, new.count)
      setStyle(.plain)
      emit("\u{1b}[K")
    }
  }

  private mutating func write(_ slots: [Slot], from start: Int, to end: Int, row: Int) {
    for column in start..<max(start, end) {
      guard case .cell(let cell) = slots[column] else { continue }
      if cursorRow != row || cursorColumn != column { move(to: row, column) }
      setStyle(usesColor ? cell.style : cell.style.withoutColor)
      emit(cell.text)
      let isSimple = cell.columns == 1 && cell.text.unicodeScalars.count == 1
      cursorColumn = isSimple ? column + 1 : nil
      if column + cell.columns >= columns { cursorColumn = nil }
    }
  }

  // MARK: Moving

  /// Moves within the rows that exist; with no column only to the row.
  private mutating func move(to row: Int, _ column: Int?) {
    if row < cursorRow { emit("\u{1b}[\(row == cursorRow - 1 ? "" : "\(cursorRow - row)")A") }
    if row > cursorRow { emit("\u{1b}[\(row == cursorRow + 1 ? "" : "\(row - cursorRow)")B") }
    cursorRow = row
    guard let column, column != cursorColumn else { return }
    if column == 0 {
      emit("\r")
    } else if let known = cursorColumn, known == column + 1 {
      emit("\u{8}")
    } else {
      emit("\u{1b}[\(column + 1)G")
    }
    cursorColumn = column
  }

  private mutating func setStyle(_ new: Style) {
    guard new != style else { return }
    if style != .plain { emit("\u{1b}[m") }
    emit(new.sequence)
    style = new
  }

  private mutating func emit(_ text: String) {
    output.append(contentsOf: text.utf8)
  }
}
