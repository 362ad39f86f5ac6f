/// A bearer token. Prints as its first three letters, so that no log can hold it whole.
public struct Token: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The token itself, for the `Authorization` header and nothing else.
  let value: String

  /// - Parameter text: with or without `Bearer ` before it; white space around it is dropped.
  /// - Returns: nil where nothing is left, or what cannot stand in a header: anything but printable
  ///   ASCII without spaces.
  public init?(_ text: String) {
    var rest = text.trimmingWhitespace()
    if rest.lowercased().hasPrefix("bearer ") || rest.lowercased() == "bearer" {
      rest = String(rest.dropFirst(6)).trimmingWhitespace()
    }
    guard !rest.isEmpty, rest.unicodeScalars.allSatisfy({ (0x21...0x7E).contains($0.value) }) else {
      return nil
    }
    value = rest
  }

  /// What a token is made of, in words.
  public static let expectation = "a token of printable ASCII characters, without spaces"

  public var description: String { "\(value.prefix(3))…" }
  public var debugDescription: String { description }
}

extension String {
  func trimmingWhitespace() -> String {
    guard let first = firstIndex(where: { !$0.isWhitespace }),
      let last = lastIndex(where: { !$0.isWhitespace })
    else { return "" }
    return String(self[first...last])
  }
}
