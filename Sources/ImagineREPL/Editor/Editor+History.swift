// Earlier statements: Up and Down, and the search.
extension Editor {
  mutating func historyUp() -> [Effect] {
    let entries = history.recent
    if !recall.isBrowsing {
      recall = Recall(
        position: nil, draft: buffer, prefix: String(buffer.beforeCursor), isBrowsing: true)
    }
    var position = recall.position.map { $0 + 1 } ?? 0
    while position < entries.count,
      !entries[position].utf8.starts(with: recall.prefix.utf8) || entries[position] == text
    {
      position += 1
    }
    guard position < entries.count else { return [.bell] }
    recall.position = position
    show(entries[position])
    return []
  }

  mutating func historyDown() -> [Effect] {
    guard recall.isBrowsing, let current = recall.position else { return [.bell] }
    let entries = history.recent
    var position = min(current, entries.count) - 1
    while position >= 0,
      !entries[position].utf8.starts(with: recall.prefix.utf8) || entries[position] == text
    {
      position -= 1
    }
    if position >= 0 {
      recall.position = position
      show(entries[position])
    } else {
      buffer = recall.draft
      recall.isBrowsing = false
      action = .other
    }
    return []
  }

  /// Shows an entry, so that Undo returns to what was there.
  private mutating func show(_ entry: String) {
    let browsing = recall
    edit(.other) { $0 = TextBuffer(entry) }
    recall = browsing
  }

  // MARK: Search

  mutating func beginSearch() {
    search = HistorySearch(original: buffer)
    suggestion = ""
    action = .other
  }

  /// Ends the search; what it has found stays.
  mutating func acceptSearch() {
    guard let search else { return }
    let found = buffer
    self.search = nil
    if found.text != search.original.text {
      buffer = search.original
      edit(.other) { $0 = found }
    }
  }

  private mutating func abandonSearch() {
    guard let search else { return }
    buffer = search.original
    self.search = nil
  }

  /// Handles a key of the search; false if the key ends it and has its usual meaning too.
  mutating func handleSearch(
    _ key: Key, _ modifiers: Modifiers, _ effects: inout [Effect]
  ) -> Bool {
    guard var search else { return false }
    switch (key, modifiers.contains(.control)) {
    case (.character("r"), true), (.up, _): find(&search, from: (search.position ?? -1) + 1)
    case (.character("s"), true), (.down, _): findNewer(&search)
    case (.character("c"), true), (.character("g"), true), (.escape, _):
      abandonSearch()
      return true
    case (.backspace, _), (.character("h"), true):
      if !search.query.isEmpty { search.query.removeLast() }
      find(&search, from: 0)
    case (.character(let character), false) where !modifiers.contains(.alt):
      search.query.append(character)
      find(&search, from: search.position ?? 0)
    default:
      acceptSearch()
      return false
    }
    self.search = search
    if search.hasFailed { effects.append(.bell) }
    return true
  }

  private mutating func find(_ search: inout HistorySearch, from start: Int) {
    let entries = history.all
    guard !search.query.isEmpty else {
      (search.position, search.hasFailed) = (nil, false)
      buffer = search.original
      return
    }
    var position = start
    while position < entries.count {
      if entries[position] != text || search.position == nil || position == search.position,
        show(entries[position], in: &search, at: position)
      {
        return
      }
      position += 1
    }
    search.hasFailed = true
  }

  private mutating func findNewer(_ search: inout HistorySearch) {
    let entries = history.all
    var position = min(search.position ?? 0, entries.count) - 1
    while position >= 0 {
      if show(entries[position], in: &search, at: position) { return }
      position -= 1
    }
    search.hasFailed = true
  }

  /// Shows an entry if it contains the query, with the cursor there.
  private mutating func show(
    _ entry: String, in search: inout HistorySearch, at position: Int
  ) -> Bool {
    guard let offset = Self.offset(of: search.query, in: entry) else { return false }
    (search.position, search.hasFailed) = (position, false)
    buffer = TextBuffer(entry)
    buffer.moveCursor(to: offset)
    return true
  }

  /// Where a text is found first, as an offset into UTF-8 bytes.
  private static func offset(of query: String, in text: String) -> Int? {
    let (text, query) = (Array(text.utf8), Array(query.utf8))
    guard let first = query.first, query.count <= text.count else { return nil }
    return (0...(text.count - query.count)).first { start in
      text[start] == first && text[start..<(start + query.count)] == query[...]
    }
  }
}
