// The keys of the line: those of Emacs and the arrows.
extension Editor {
  mutating func handle(_ key: Key, _ modifiers: Modifiers) -> [Effect] {
    if case .character(let character) = key {
      if modifiers.contains(.control) { return control(character, modifiers) }
      if modifiers.contains(.alt) { return alt(character) }
      insertTyped(character)
      return []
    }
    let isWord = modifiers.contains(.control) || modifiers.contains(.alt)
    switch key {
    case .enter: return enter(modifiers)
    case .tab: return tab(modifiers)
    case .backspace: isWord ? killWordBefore() : deleteBefore()
    case .delete: isWord ? killWordAfter() : deleteAfter()
    case .left: move { isWord ? $0.wordStart($0.cursor) : $0.previous($0.cursor) }
    case .right: moveRight(isWord: isWord)
    case .home: move { isWord ? 0 : $0.lineStart($0.cursor) }
    case .end: moveToEnd(ofText: isWord)
    case .up: return modifiers.contains(.alt) ? historyUp() : up()
    case .down: return modifiers.contains(.alt) ? historyDown() : down()
    case .pageUp: return historyUp()
    case .pageDown: return historyDown()
    case .character, .escape, .insert, .function: break
    }
    return []
  }

  private mutating func control(_ character: Character, _ modifiers: Modifiers) -> [Effect] {
    switch character {
    case "a": move { $0.lineStart($0.cursor) }
    case "b": move { $0.previous($0.cursor) }
    case "c": return interrupt()
    case "d":
      if buffer.isEmpty { return [.endOfInput] }
      deleteAfter()
    case "e": moveToEnd(ofText: false)
    case "f": moveRight(isWord: false)
    case "h": deleteBefore()
    case "j": return enter(modifiers.subtracting(.control))
    case "k": killToLineEnd()
    case "l": return [.clearScreen]
    case "n": return down()
    case "p": return up()
    case "r", "s": beginSearch()
    case "t": transpose()
    case "u": kill(buffer.lineStart(buffer.cursor)..<buffer.cursor, forward: false)
    case "w":
      kill(
        buffer.wordStart(buffer.cursor) { !$0.isWhitespace }..<buffer.cursor, forward: false)
    case "y": yank()
    case "z": return [.suspend]
    case "_", "/": return undoLast()
    default: break
    }
    return []
  }

  private mutating func alt(_ character: Character) -> [Effect] {
    switch character {
    case "b": move { $0.wordStart($0.cursor) }
    case "f": moveRight(isWord: true)
    case "d": killWordAfter()
    case "y": yankEarlier()
    case "u": changeWord { $0.uppercased() }
    case "l": changeWord { $0.lowercased() }
    case "c": changeWord { $0.prefix(1).uppercased() + $0.dropFirst().lowercased() }
    case "/", "_": return redoLast()
    case "<": move { _ in 0 }
    case ">": move { $0.count }
    default: break
    }
    return []
  }

  // MARK: Moving

  mutating func move(_ place: (TextBuffer) -> Int) {
    buffer.moveCursor(to: place(buffer))
    goalColumn = nil
    action = .other
  }

  private mutating func moveRight(isWord: Bool) {
    if buffer.isAtEnd, acceptSuggestion(word: isWord) { return }
    move { isWord ? $0.wordEnd($0.cursor) : $0.next($0.cursor) }
  }

  private mutating func moveToEnd(ofText: Bool) {
    if buffer.isAtEnd, acceptSuggestion(word: false) { return }
    move { ofText ? $0.count : $0.lineEnd($0.cursor) }
  }

  private mutating func up() -> [Effect] {
    if buffer.isOnFirstLine { return historyUp() }
    moveVertically { $0.lineStart($0.cursor) - 1 }
    return []
  }

  private mutating func down() -> [Effect] {
    if buffer.isOnLastLine { return historyDown() }
    moveVertically { $0.lineEnd($0.cursor) + 1 }
    return []
  }

  private mutating func moveVertically(_ line: (TextBuffer) -> Int) {
    let column = goalColumn ?? buffer.column(buffer.cursor)
    buffer.moveCursor(to: buffer.place(inLineOf: line(buffer), column: column))
    goalColumn = column
    action = .vertical
  }

  // MARK: Deleting

  private mutating func deleteBefore() {
    let cursor = buffer.cursor
    let start = buffer.lineStart(cursor)
    // Within the indentation a whole step goes.
    let blanks = buffer[start..<cursor]
    let isIndentation = blanks.count >= 2 && blanks.allSatisfy { $0 == " " } && start > 0
    let from = isIndentation ? cursor - 2 : buffer.previous(cursor)
    edit(.other) { $0.replace(from..<cursor, with: "") }
  }

  private mutating func deleteAfter() {
    edit(.other) { $0.replace($0.cursor..<$0.next($0.cursor), with: "") }
  }

  private mutating func killWordBefore() {
    kill(buffer.wordStart(buffer.cursor)..<buffer.cursor, forward: false)
  }

  private mutating func killWordAfter() {
    kill(buffer.cursor..<buffer.wordEnd(buffer.cursor), forward: true)
  }

  private mutating func killToLineEnd() {
    let end = buffer.lineEnd(buffer.cursor)
    // At the end of a line, the line break.
    kill(buffer.cursor..<(end == buffer.cursor ? buffer.next(end) : end), forward: true)
  }

  private mutating func yank() {
    guard let text = killRing.current, buffer.count + text.utf8.count <= Self.limit else { return }
    let start = buffer.cursor
    edit(.other) { $0.insert(text) }
    action = .yank(start..<(start + text.utf8.count))
  }

  private mutating func yankEarlier() {
    guard case .yank(let range) = action, range.upperBound <= buffer.count,
      let text = killRing.rotate()
    else { return }
    edit(.other) { $0.replace(range, with: text) }
    action = .yank(range.lowerBound..<(range.lowerBound + text.utf8.count))
  }

  private mutating func transpose() {
    let end = buffer.isAtEnd ? buffer.count : buffer.next(buffer.cursor)
    let middle = buffer.previous(end)
    let start = buffer.previous(middle)
    guard start < middle else { return }
    let swapped = String(buffer[middle..<end]) + buffer[start..<middle]
    edit(.other) { $0.replace(start..<end, with: swapped) }
  }

  private mutating func changeWord(_ change: (String) -> String) {
    let range = buffer.cursor..<buffer.wordEnd(buffer.cursor)
    let changed = change(String(buffer[range]))
    edit(.other) { $0.replace(range, with: changed) }
  }

  private mutating func undoLast() -> [Effect] {
    action = .other
    return undo.undo(&buffer) ? [] : [.bell]
  }

  private mutating func redoLast() -> [Effect] {
    action = .other
    return undo.redo(&buffer) ? [] : [.bell]
  }

  // MARK: Enter and Ctrl-C

  private mutating func enter(_ modifiers: Modifiers) -> [Effect] {
    let runs =
      modifiers.isEmpty && buffer.isOnLastLine
      && language.completeness(buffer.text) != .incomplete
    guard runs else {
      insertLineBreak()
      return []
    }
    return [.submit(buffer.text)]
  }

  private mutating func interrupt() -> [Effect] {
    let dropped = buffer.text
    reset()
    return [.interrupt(dropped: dropped)]
  }
}
