/// What the editor knows of the language that is typed.
protocol Language: Sendable {
  /// The tokens of a text in order. What is between them is blank.
  func tokens(_ text: String) -> [Token]
  /// Whether Enter may run the text.
  func completeness(_ text: String) -> Completeness
  /// The spaces that a line after this text begins with.
  func indentation(after text: String) -> Int
  /// Whether a line goes one level back when this is its first word.
  func endsBlock(_ word: String) -> Bool
}

/// A token and its bytes in the UTF-8 text.
struct Token: Equatable, Sendable {
  enum Kind: Sendable {
    case keyword, constant, name, number, string, comment, symbol, openBracket, closeBracket,
      invalid
  }

  var kind: Kind
  var range: Range<Int>
}

enum Completeness: Equatable, Sendable {
  case complete
  /// More text can make it complete.
  case incomplete
  /// Nothing that follows can; running it reports why.
  case invalid
}
