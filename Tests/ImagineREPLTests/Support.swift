@testable import ImagineREPL

/// Keys as a terminal sends them.
enum Keys {
  static let escape = "\u{1b}"
  static let up = "\u{1b}[A"
  static let down = "\u{1b}[B"
  static let right = "\u{1b}[C"
  static let left = "\u{1b}[D"
  static let controlLeft = "\u{1b}[1;5D"
  static let altEnter = "\u{1b}\r"
  static func control(_ letter: Character) -> String {
    String(Character(Unicode.Scalar((letter.asciiValue ?? 0) & 0x1f)))
  }
  static func pasted(_ text: String) -> String { "\u{1b}[200~\(text)\u{1b}[201~" }
}

struct FixedHistory: HistorySource {
  var recent: [String]
  var all: [String] { recent }
}

/// An editor that is typed into.
struct Typist {
  var editor: Editor
  private var decoder = KeyDecoder()
  private var now = ContinuousClock.now

  init(history: [String] = []) {
    editor = Editor(language: LuaLanguage(), history: FixedHistory(recent: history))
  }

  /// Types text and returns what the editor asks for. A lone Esc at the end is the key.
  @discardableResult
  mutating func type(_ text: String) -> [Effect] {
    var inputs = decoder.feed(text.utf8, at: now)
    now += .seconds(1)
    inputs += decoder.expire(at: now)
    return inputs.flatMap { editor.handle($0) }
  }

  /// The text with `|` at the cursor.
  var line: String { "\(editor.buffer.beforeCursor)|\(editor.buffer.afterCursor)" }
}
