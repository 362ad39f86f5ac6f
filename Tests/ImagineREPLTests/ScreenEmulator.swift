@testable import ImagineREPL

/// A terminal in memory: as much of one as the renderer uses, and strict about the rest.
struct ScreenEmulator {
  struct Cell: Equatable {
    /// Empty for the second column of a wide character.
    var text = " "
    var style = ""
  }

  private(set) var columns: Int
  private(set) var rows: Int
  private(set) var cells: [[Cell]]
  private(set) var row = 0
  private(set) var column = 0
  /// The rows that were scrolled out, for tests of what stays.
  private(set) var scrolledOut: [String] = []
  private(set) var faults: [String] = []
  /// The content of APC, OSC and DCS strings, such as images.
  private(set) var strings: [String] = []
  private(set) var questions: [String] = []
  private var pendingWrap = false
  private var style = ""

  init(columns: Int, rows: Int) {
    (self.columns, self.rows) = (columns, rows)
    cells = Array(repeating: Array(repeating: Cell(), count: columns), count: rows)
  }

  func text(_ row: Int) -> String {
    var text = cells[row].map(\.text).joined()
    while text.hasSuffix(" ") { text.removeLast() }
    return text
  }

  var lines: [String] { (0..<rows).map(text) }

  mutating func feed(_ bytes: [UInt8]) {
    let scalars = Array(String(decoding: bytes, as: UTF8.self).unicodeScalars)
    var index = 0
    while index < scalars.count {
      let scalar = scalars[index]
      index += 1
      switch scalar {
      case "\r": (column, pendingWrap) = (0, false)
      case "\n": lineFeed()
      case "\u{8}": (column, pendingWrap) = (max(0, column - 1), false)
      case "\u{7}": break
      case "\u{1b}": index = escape(scalars, index)
      case let scalar where scalar.value < 0x20: faults.append("control \(scalar.value)")
      default: put(scalar)
      }
    }
  }

  private mutating func lineFeed() {
    pendingWrap = false
    if row + 1 < rows {
      row += 1
    } else {
      scrolledOut.append(text(0))
      cells.removeFirst()
      cells.append(Array(repeating: Cell(), count: columns))
    }
  }

  private mutating func put(_ scalar: Unicode.Scalar) {
    let width = CharacterWidth.columns(of: scalar)
    if width == 0 {
      // It joins the character before it.
      var target = pendingWrap ? column : column - 1
      while target > 0, cells[row][target].text.isEmpty { target -= 1 }
      guard target >= 0 else { return faults.append("a mark at the start of a row") }
      cells[row][target].text.unicodeScalars.append(scalar)
      return
    }
    if pendingWrap || column + width > columns {
      if !pendingWrap { faults.append("a wide character does not fit") }
      column = 0
      lineFeed()
      faults.append("wrapped")
    }
    for covered in column..<(column + width) { clearWide(at: covered) }
    cells[row][column] = Cell(text: String(scalar), style: style)
    for covered in (column + 1)..<max(column + 1, column + width) {
      cells[row][covered] = Cell(text: "", style: style)
    }
    column += width
    if column >= columns { (column, pendingWrap) = (columns - 1, true) }
  }

  /// Writing over half of a wide character blanks the other half.
  private mutating func clearWide(at column: Int) {
    var start = column
    while start > 0, cells[row][start].text.isEmpty { start -= 1 }
    cells[row][start] = Cell()
    var next = start + 1
    while next < columns, cells[row][next].text.isEmpty {
      cells[row][next] = Cell()
      next += 1
    }
  }

  private mutating func escape(_ scalars: [Unicode.Scalar], _ start: Int) -> Int {
    var index = start
    if index < scalars.count, ["_", "]", "P"].contains(scalars[index]) {
      return string(scalars, index + 1)
    }
    guard index < scalars.count, scalars[index] == "[" else {
      faults.append("escape")
      return index
    }
    index += 1
    var parameters = ""
    while index < scalars.count, scalars[index].value < 0x40 {
      parameters.unicodeScalars.append(scalars[index])
      index += 1
    }
    guard index < scalars.count else { return index }
    control(parameters, scalars[index])
    return index + 1
  }

  /// An APC, OSC or DCS string, up to ST or BEL.
  private mutating func string(_ scalars: [Unicode.Scalar], _ start: Int) -> Int {
    var index = start
    var text = ""
    while index < scalars.count, scalars[index] != "\u{7}", scalars[index] != "\u{1b}" {
      text.unicodeScalars.append(scalars[index])
      index += 1
    }
    strings.append(text)
    return index < scalars.count && scalars[index] == "\u{1b}" ? index + 2 : index + 1
  }

  private mutating func control(_ parameters: String, _ final: Unicode.Scalar) {
    let count = max(1, Int(parameters) ?? 1)
    switch final {
    case "m": style = parameters
    case "A": (row, pendingWrap) = (max(0, row - count), false)
    case "B": (row, pendingWrap) = (min(rows - 1, row + count), false)
    case "C": (column, pendingWrap) = (min(columns - 1, column + count), false)
    case "D": (column, pendingWrap) = (max(0, column - count), false)
    case "G": (column, pendingWrap) = (min(columns, count) - 1, false)
    case "H": (row, column, pendingWrap) = (0, 0, false)
    case "K": erase(from: column)
    case "J":
      if parameters == "2" { return cells = cells.map { $0.map { _ in Cell() } } }
      erase(from: column)
      for below in (row + 1)..<max(row + 1, rows) {
        cells[below] = Array(repeating: Cell(), count: columns)
      }
    case "h", "l": break
    // Questions: DA1, a cell's size, and the number of colours.
    case "c" where parameters.isEmpty: questions.append("c")
    case "t" where parameters == "16": questions.append("16t")
    case "S" where parameters == "?1;1;0": questions.append("1S")
    default: faults.append("sequence \(parameters)\(final)")
    }
  }

  private mutating func erase(from start: Int) {
    if pendingWrap { faults.append("erased at the edge") }
    for column in start..<columns { clearWide(at: column) }
  }

  /// Changes the size as a terminal without reflow does: what is below the cursor goes first, then
  /// rows at the top.
  mutating func resize(columns: Int, rows: Int) {
    for index in cells.indices {
      if columns < self.columns {
        cells[index].removeSubrange(columns...)
        if cells[index].first?.text.isEmpty == true { cells[index][0] = Cell() }
      } else {
        cells[index] += Array(repeating: Cell(), count: columns - self.columns)
      }
    }
    while cells.count > rows {
      if row < cells.count - 1 {
        cells.removeLast()
      } else {
        scrolledOut.append(text(0))
        cells.removeFirst()
        row -= 1
      }
    }
    while cells.count < rows { cells.append(Array(repeating: Cell(), count: columns)) }
    (self.columns, self.rows) = (columns, rows)
    (column, pendingWrap) = (min(column, columns - 1), false)
  }
}
