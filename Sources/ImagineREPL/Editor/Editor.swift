/// The line editor: keys change its text, and some ask for an ``Effect``. It does no input or output
/// and knows no clock.
struct Editor {
  let language: any Language
  var history: any HistorySource
  /// What precedes the first row, and the others.
  var prompt = "> "
  var continuation = "  "
  /// A dim line below the text, such as the arguments of the call around the cursor.
  var hint: String?
  /// Whether suggestions and the menu are shown.
  var showsSuggestions = true

  var buffer = TextBuffer()
  var undo = UndoStack()
  var killRing = KillRing()
  var recall = Recall()
  var search: HistorySearch?
  var menu: CompletionMenu?
  /// The column that Up and Down keep.
  var goalColumn: Int?
  var completionNumber = 0
  /// The rest of an earlier statement that begins with the text.
  var suggestion = ""
  /// The first row that is shown of a text with more rows than the screen.
  var firstRow = 0
  var action = Action.other
  /// A longer text is refused: nobody edits it, and each key would take too long.
  static let limit = 4 << 20

  /// What the last key did: some keys continue what the one before began.
  enum Action: Equatable {
    case insert, blank, kill, yank(Range<Int>), vertical, other
  }

  init(language: any Language, history: any HistorySource = EmptyHistory()) {
    self.language = language
    self.history = history
  }

  var text: String { buffer.text }

  /// Empties the line for the next statement.
  mutating func reset() {
    buffer = TextBuffer()
    undo = UndoStack()
    recall = Recall()
    search = nil
    menu = nil
    hint = nil
    goalColumn = nil
    suggestion = ""
    firstRow = 0
    action = .other
  }

  /// Puts text in place of the line.
  mutating func setText(_ text: String) {
    edit(.other) { $0 = TextBuffer(text) }
    updateSuggestion()
  }

  // MARK: Input

  mutating func handle(_ input: Input) -> [Effect] {
    switch input {
    case .reply: return []
    case .paste(let bytes):
      leaveModes()
      insertPasted(Printable.pasted(bytes))
      updateSuggestion()
      return []
    case .key(let key, let modifiers):
      var effects: [Effect] = []
      if search != nil, handleSearch(key, modifiers, &effects) { return effects }
      if menu != nil, handleMenu(key, modifiers, &effects) { return effects }
      effects += handle(key, modifiers)
      updateSuggestion()
      return effects
    }
  }

  /// Accepts what the search or the menu shows, and closes it.
  mutating func leaveModes() {
    if search != nil { acceptSearch() }
    menu = nil
  }

  // MARK: Changes

  /// Changes the text, so that Undo restores it. Insertions that follow each other are one change.
  mutating func edit(_ next: Action, _ change: (inout TextBuffer) -> Void) {
    let old = buffer
    change(&buffer)
    goalColumn = nil
    // Undo goes back a word with the blank behind it.
    let continues = (next == .insert || next == .blank) && action == .insert
    action = next
    if buffer.text == old.text { return }
    undo.note(old, continues: continues)
    recall.isBrowsing = false
  }

  mutating func insertPasted(_ new: String) {
    guard buffer.count + new.utf8.count <= Self.limit else { return }
    edit(.other) { $0.insert(new) }
  }

  mutating func insertTyped(_ character: Character) {
    guard buffer.count < Self.limit else { return }
    edit(character == " " ? .blank : .insert) { $0.insert(String(character)) }
    dedentAfterTyping()
  }

  /// A line break, and the indentation of the new line.
  mutating func insertLineBreak() {
    let spaces = language.indentation(after: String(buffer.beforeCursor))
    edit(.other) { buffer in
      // Blanks at the end of the old line, and those that the indentation replaces.
      var end = buffer.cursor
      while end < buffer.count, buffer[end..<(end + 1)] == " " { end += 1 }
      buffer.replace(
        buffer.cursor..<end, with: "\n" + String(repeating: " ", count: min(spaces, 80)))
    }
  }

  /// Moves a line back when its first word has become one that ends a block.
  private mutating func dedentAfterTyping() {
    let start = buffer.lineStart(buffer.cursor)
    guard start > 0 else { return }
    let line = buffer[start..<buffer.cursor]
    let blanks = line.prefix { $0 == " " }.count
    let word = String(line.dropFirst(blanks))
    guard blanks >= 2, language.endsBlock(word) else { return }
    let expected = language.indentation(after: String(buffer[0..<(start - 1)]))
    guard blanks == expected else { return }
    // Not an edit of its own: Undo takes it back with the word.
    let cursor = buffer.cursor
    buffer.replace(start..<(start + 2), with: "")
    buffer.moveCursor(to: cursor - 2)
  }

  mutating func kill(_ range: Range<Int>, forward: Bool) {
    let killed = String(buffer[range])
    guard !killed.isEmpty else { return }
    killRing.add(killed, joins: action == .kill, atEnd: forward)
    edit(.kill) { $0.replace(range, with: "") }
  }

  // MARK: Suggestions

  mutating func updateSuggestion() {
    guard showsSuggestions, search == nil, menu == nil, buffer.isAtEnd, !buffer.isEmpty,
      buffer.count < 1000
    else { return suggestion = "" }
    let text = buffer.text
    let found = history.recent.first {
      $0.utf8.count > text.utf8.count && $0.utf8.starts(with: text.utf8)
    }
    if let found {
      suggestion = String(decoding: found.utf8.dropFirst(text.utf8.count), as: UTF8.self)
    } else {
      suggestion = ""
    }
  }

  /// Appends the suggestion, or its first word.
  mutating func acceptSuggestion(word: Bool) -> Bool {
    guard !suggestion.isEmpty, buffer.isAtEnd else { return false }
    var accepted = suggestion
    if word {
      let rest = TextBuffer(suggestion)
      accepted = String(rest[0..<rest.wordEnd(0)])
    }
    edit(.other) { $0.insert(accepted) }
    return true
  }
}
