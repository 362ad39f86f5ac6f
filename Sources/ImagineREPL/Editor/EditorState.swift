/// The texts before each change, for Undo, and after, for Redo.
struct UndoStack {
  private var earlier: [TextBuffer] = []
  private var later: [TextBuffer] = []
  private static let limit = 500

  /// Notes a change from `old`; one that continues the last change is undone with it.
  mutating func note(_ old: TextBuffer, continues: Bool) {
    later = []
    if continues, !earlier.isEmpty { return }
    earlier.append(old)
    if earlier.count > Self.limit { earlier.removeFirst() }
  }

  mutating func undo(_ buffer: inout TextBuffer) -> Bool {
    guard let old = earlier.popLast() else { return false }
    later.append(buffer)
    buffer = old
    return true
  }

  mutating func redo(_ buffer: inout TextBuffer) -> Bool {
    guard let new = later.popLast() else { return false }
    earlier.append(buffer)
    buffer = new
    return true
  }
}

/// What was killed, the newest last.
struct KillRing {
  private var entries: [String] = []
  private var position = 0

  mutating func add(_ text: String, joins: Bool, atEnd: Bool) {
    if joins, let last = entries.popLast() {
      entries.append(atEnd ? last + text : text + last)
    } else {
      entries.append(text)
      if entries.count > 30 { entries.removeFirst() }
    }
    position = entries.count - 1
  }

  var current: String? { entries.isEmpty ? nil : entries[position] }

  /// The entry before the current one, after the first the newest.
  mutating func rotate() -> String? {
    guard !entries.isEmpty else { return nil }
    position = (position + entries.count - 1) % entries.count
    return entries[position]
  }
}

/// Going through the history with Up and Down.
struct Recall {
  /// The position in ``HistorySource/recent``; nil for the line itself.
  var position: Int?
  /// The line before the first Up.
  var draft = TextBuffer()
  /// Entries that begin with this are shown.
  var prefix = ""
  /// False once the entry was changed: the next Up begins anew.
  var isBrowsing = false
}

/// An incremental search of the history.
struct HistorySearch {
  var query = ""
  /// The position in ``HistorySource/all``; nil if nothing matches.
  var position: Int?
  var hasFailed = false
  /// The line before the search.
  var original: TextBuffer
}

/// The menu of completions.
struct CompletionMenu {
  var completions: Completions
  var selected: Int?
  /// The line before a candidate was put in.
  var original: TextBuffer
}
