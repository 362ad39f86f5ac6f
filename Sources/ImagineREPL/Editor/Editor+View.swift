// What the editor looks like.
extension Editor {
  /// The most candidates that are shown at once.
  private static let menuRows = 8

  /// The view for a terminal of this size: at most `rows` − 1 rows, scrolled to the cursor.
  mutating func view(columns: Int, rows: Int) -> View {
    let limit = max(1, rows - 1)
    let layout = layout(columns: columns, isFinal: false)
    var below = rowsBelow(columns: layout.columns)
    below.removeLast(max(0, below.count - limit / 2))
    let cursor = layout.cursor ?? (0, 0)
    let space = max(1, limit - below.count)
    let last = max(0, layout.rows.count - space)
    firstRow = min(max(firstRow, cursor.row - space + 1), cursor.row, last)
    let visible = Array(layout.rows[firstRow..<min(layout.rows.count, firstRow + space)])
    return View(
      rows: visible + below, cursorRow: cursor.row - firstRow, cursorColumn: cursor.column,
      isScrolled: firstRow > 0 || layout.rows.count > space)
  }

  /// All rows of the text as they stay on the screen: without suggestion, hint and menu.
  func finalView(columns: Int) -> View {
    let layout = layout(columns: columns, isFinal: true)
    return View(
      rows: layout.rows, cursorRow: layout.rows.count - 1, cursorColumn: layout.last.columns)
  }

  private func layout(columns: Int, isFinal: Bool) -> RowLayout {
    var layout = RowLayout(columns: columns)
    for cluster in Printable.escaped(prompt) { layout.append(Cell(cluster, .prompt)) }
    let styles = styles(isFinal: isFinal)
    var offset = 0
    for cluster in buffer.text {
      let isCursor = offset == buffer.cursor && !isFinal
      if cluster == "\n" {
        if isCursor { layout.markCursor(width: 1) }
        layout.newLine()
        for cluster in continuation { layout.append(Cell(cluster, .dim)) }
      } else if cluster == "\t" {
        if isCursor { layout.markCursor(width: 1) }
        for _ in 0..<2 { layout.append(Cell(" ", .plain)) }
      } else {
        let cell = Cell(cluster, styles.isEmpty ? .plain : styles[offset])
        if isCursor { layout.markCursor(width: cell.columns) }
        layout.append(cell)
      }
      offset += cluster.utf8.count
    }
    if !isFinal {
      if buffer.isAtEnd { layout.markCursor(width: 1) }
      appendSuggestion(to: &layout)
    }
    return layout
  }

  private func appendSuggestion(to layout: inout RowLayout) {
    guard !suggestion.isEmpty, buffer.isAtEnd, search == nil, menu == nil else { return }
    layout.appendToRow(String(suggestion.prefix { $0 != "\n" }), .dim)
  }

  /// The style of each byte of the text.
  private func styles(isFinal: Bool) -> [Style] {
    let text = buffer.text
    guard PromptCommand(text) == nil else { return [] }
    var result = [Style](repeating: .plain, count: buffer.count)
    let tokens = language.tokens(text)
    for token in tokens where token.range.upperBound <= result.count {
      guard let style = Self.style(token.kind) else { continue }
      for offset in token.range { result[offset] = style }
    }
    guard !isFinal, let (left, right) = matchingBrackets(tokens) else { return result }
    for range in [left, right] where range.upperBound <= result.count {
      for offset in range { result[offset] = .match }
    }
    return result
  }

  private static func style(_ kind: Token.Kind) -> Style? {
    switch kind {
    case .keyword: .keyword
    case .constant: .constant
    case .number: .number
    case .string: .string
    case .comment: .comment
    case .invalid: .invalid
    case .name, .symbol, .openBracket, .closeBracket: nil
    }
  }

  /// The bracket at or before the cursor and its partner.
  private func matchingBrackets(_ tokens: [Token]) -> (Range<Int>, Range<Int>)? {
    var open: [Token] = []
    for token in tokens {
      switch token.kind {
      case .openBracket: open.append(token)
      case .closeBracket:
        guard let start = open.popLast() else { continue }
        let cursor = buffer.cursor
        if start.range.lowerBound == cursor || token.range.upperBound == cursor
          || token.range.lowerBound == cursor || start.range.upperBound == cursor
        {
          return (start.range, token.range)
        }
      default: break
      }
    }
    return nil
  }

  // MARK: Below the text

  private func rowsBelow(columns: Int) -> [Row] {
    if let search {
      var row = Row()
      let state = search.hasFailed ? "no match for" : "search"
      row.append("\(state): \(search.query)", search.hasFailed ? .error : .dim, limit: columns)
      return [row]
    }
    if let menu { return menuRows(menu, columns: columns) }
    guard let hint else { return [] }
    var row = Row()
    row.append(hint, .dim, limit: columns)
    return [row]
  }

  private func menuRows(_ menu: CompletionMenu, columns: Int) -> [Row] {
    let candidates = menu.completions.candidates
    let selected = menu.selected ?? 0
    let first = min(max(0, selected - Self.menuRows / 2), max(0, candidates.count - Self.menuRows))
    let visible = candidates[first..<min(candidates.count, first + Self.menuRows)]
    let labels = visible.map { candidate in
      var row = Row()
      row.append(candidate.label ?? candidate.text, .plain, limit: 40)
      return row
    }
    let width = labels.map(\.columns).max() ?? 0
    var rows = zip(visible.indices, visible).map { index, candidate in
      var row = Row()
      let style: Style = index == menu.selected ? .selected : .plain
      row.append("  ", .plain, limit: columns)
      row.append(candidate.label ?? candidate.text, style, limit: min(columns, 42))
      let gap = max(0, width + 4 - row.columns)
      if !candidate.detail.isEmpty {
        row.append(String(repeating: " ", count: gap), .plain, limit: columns)
        row.append(candidate.detail, .dim, limit: columns)
      }
      return row
    }
    if candidates.count > visible.count {
      var row = Row()
      row.append("  \(selected + 1) of \(candidates.count)", .dim, limit: columns)
      rows.append(row)
    }
    return rows
  }
}
