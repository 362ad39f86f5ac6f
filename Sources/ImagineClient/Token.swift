/// A bearer token. Prints as its first three letters, so that no log can hold it whole.
public struct Token: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The token itself, for the `Authorization` header and nothing else.
  let value: String

  /// - Parameter text: with or without `Bearer ` before it; white space around it is dropped.
  /// - Returns: nil where nothing is left.
  public init?(_ text: String) {
    var rest = text.trimmingWhitespace()
    if rest.lowercased().hasPrefix("bearer ") || rest.lowercased() == "bearer" {
      rest = String(rest.dropFirst(6)).trimmingWhitespace()
    }
    guard !rest.isEmpty, rest.unicodeScalars.allSatisfy({ $0.isASCII && $0.value > 0x20 }) else {
      return nil
    }
    value = rest
  }

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
