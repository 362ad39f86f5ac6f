/// A bearer token. Its description is redacted to the first three characters, so that no log
/// contains it.
public struct Token: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
  /// The token, only for the `Authorization` header.
  let value: String

  /// - Parameter text: with or without the prefix `Bearer `; surrounding white space is removed.
  /// - Returns: nil if it is empty or contains anything but printable ASCII without spaces.
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

  /// The valid form of a token, in words.
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
