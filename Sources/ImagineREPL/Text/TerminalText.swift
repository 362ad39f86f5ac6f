/// Text in columns of a terminal.
public enum TerminalText {
  /// The columns that a text takes.
  public static func columns(of text: some StringProtocol) -> Int {
    text.reduce(0) { $0 + CharacterWidth.columns(of: $1) }
  }

  /// The beginning of a text, with a mark where it is cut.
  public static func fitted(_ text: String, to columns: Int) -> String {
    guard self.columns(of: text) > columns else { return text }
    var result = ""
    var width = 0
    for character in text {
      let next = width + CharacterWidth.columns(of: character)
      if next > columns - 1 { break }
      result.append(character)
      width = next
    }
    return columns > 0 ? result + "…" : ""
  }
}
