/// What the editor asks of whoever drives it.
enum Effect: Equatable, Sendable {
  /// Run this text.
  case submit(String)
  /// Ctrl-C; `dropped` is the text that was given up, empty at an empty prompt.
  case interrupt(dropped: String)
  case endOfInput
  case suspend
  case clearScreen
  case complete(CompletionRequest)
  case bell
}

/// A question for candidates; an answer with another number comes too late.
struct CompletionRequest: Equatable, Sendable {
  var number: Int
  var text: String
  /// An offset into the UTF-8 bytes.
  var cursor: Int
}

/// The answer to a ``CompletionRequest``.
struct Completions: Equatable, Sendable {
  var number: Int
  /// The bytes that a candidate replaces; they end at the cursor.
  var start: Int
  var candidates: [Candidate]
}

/// Something that the text before the cursor may become.
struct Candidate: Equatable, Sendable {
  /// What is inserted.
  var text: String
  /// What the menu shows; the text if nil.
  var label: String?
  /// Its meaning in a few words.
  var detail: String

  init(_ text: String, label: String? = nil, detail: String = "") {
    self.text = text
    self.label = label
    self.detail = detail
  }
}

/// Earlier statements.
protocol HistorySource: Sendable {
  /// For Up and suggestions: this session's first, then older ones; the newest first.
  var recent: [String] { get }
  /// For the search: all, the newest first.
  var all: [String] { get }
}

/// A history that keeps nothing.
struct EmptyHistory: HistorySource {
  var recent: [String] { [] }
  var all: [String] { [] }
}
