import Foundation
import PseudoTerminal

/// The program at a pseudo-terminal.
final class Terminal {
  private let terminal: PseudoTerminal
  /// The output since the last expectation.
  private var shown = ""

  init(_ arguments: [String] = []) throws {
    guard let path = Program.path else { throw Unexpected("the program is not built") }
    terminal = try PseudoTerminal(path, arguments)
  }

  func type(_ text: String) { terminal.type(text) }

  /// Reads until the terminal shows `text`; returns the output up to its end.
  @discardableResult
  func expect(_ text: String) throws -> String {
    while true {
      if let range = shown.range(of: text) {
        defer { shown.removeSubrange(..<range.upperBound) }
        return String(shown[..<range.upperBound])
      }
      guard readMore(within: 20_000) else {
        throw Unexpected("no '\(text)' on the terminal, but: \(shown)")
      }
    }
  }

  private func readMore(within milliseconds: Int32) -> Bool {
    guard let bytes = terminal.read(within: milliseconds) else { return false }
    // A terminal ends its lines with \r\n, which is one character to Swift.
    shown += String(decoding: bytes.filter { $0 != UInt8(ascii: "\r") }, as: UTF8.self)
    return true
  }

  /// The exit code, when the program has ended.
  func end() -> Int32 {
    while readMore(within: 20_000) {}
    return terminal.end()
  }
}
