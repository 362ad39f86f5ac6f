// Tab and the menu.
extension Editor {
  mutating func tab(_ modifiers: Modifiers) -> [Effect] {
    guard !modifiers.contains(.shift) else { return [] }
    let line = buffer[buffer.lineStart(buffer.cursor)..<buffer.cursor]
    if line.allSatisfy({ $0 == " " }) {
      edit(.other) { $0.insert("  ") }
      return []
    }
    completionNumber += 1
    return [
      .complete(
        CompletionRequest(number: completionNumber, text: buffer.text, cursor: buffer.cursor))
    ]
  }

  /// Takes the answer to the last request: puts in what all candidates share, and opens the menu
  /// where there is a choice.
  mutating func show(_ completions: Completions) -> [Effect] {
    guard completions.number == completionNumber, search == nil, menu == nil else { return [] }
    // A key that came meanwhile has made the answer useless.
    completionNumber += 1
    let start = completions.start
    guard start >= 0, start <= buffer.cursor, let first = completions.candidates.first else {
      return [.bell]
    }
    let shared = completions.candidates.dropFirst().reduce(first.text) {
      Self.commonPrefix($0, $1.text)
    }
    let typed = String(buffer[start..<buffer.cursor])
    if completions.candidates.count == 1 || shared.utf8.count > typed.utf8.count {
      edit(.other) { $0.replace(start..<$0.cursor, with: shared) }
    }
    guard completions.candidates.count > 1 else {
      updateSuggestion()
      return []
    }
    suggestion = ""
    menu = CompletionMenu(completions: completions, original: buffer)
    return []
  }

  private static func commonPrefix(_ left: String, _ right: String) -> String {
    String(zip(left, right).prefix { $0 == $1 }.map(\.0))
  }

  /// Handles a key of the menu; false if the key closes it and has its usual meaning too.
  mutating func handleMenu(
    _ key: Key, _ modifiers: Modifiers, _ effects: inout [Effect]
  ) -> Bool {
    guard let menu else { return false }
    let isControl = modifiers.contains(.control)
    switch key {
    case .tab: select(by: modifiers.contains(.shift) ? -1 : 1)
    case .down: select(by: 1)
    case .up: select(by: -1)
    case .character("n") where isControl: select(by: 1)
    case .character("p") where isControl: select(by: -1)
    case .escape: close(menu)
    case .character("g") where isControl: close(menu)
    case .character("c") where isControl: close(menu)
    case .enter where menu.selected != nil && modifiers.isEmpty: self.menu = nil
    default:
      self.menu = nil
      return false
    }
    return true
  }

  /// Closes the menu and takes back the candidate that it put in.
  private mutating func close(_ menu: CompletionMenu) {
    buffer = menu.original
    self.menu = nil
  }

  private mutating func select(by step: Int) {
    guard var menu, !menu.completions.candidates.isEmpty else { return }
    let count = menu.completions.candidates.count
    let next = menu.selected.map { ($0 + step + count) % count } ?? (step > 0 ? 0 : count - 1)
    menu.selected = next
    buffer = menu.original
    let (start, text) = (menu.completions.start, menu.completions.candidates[next].text)
    edit(.other) { $0.replace(start..<$0.cursor, with: text) }
    self.menu = menu
  }
}
