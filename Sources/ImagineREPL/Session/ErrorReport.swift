import Lua

/// An error as the prompt shows it: the message, the line of the statement with a marker, and the
/// calls of the script.
struct ErrorReport {
  var usesColor = true

  /// - Parameters:
  ///   - sources: the statements by number.
  ///   - suggest: a line that says what may have been meant, from the message and the statement's
  ///     line.
  func text(
    _ error: LuaError, sources: [Int: String],
    suggest: (String, String) -> String? = { _, _ in nil }
  ) -> String {
    var text =
      paint("error: \(Printable.escaped(error.message).replacingLineEscapes)", .error) + "\n"
    if let place = Self.place(in: error.message), let source = sources[place.statement],
      let line = Self.line(place.line, of: source)
    {
      let shown = Printable.escaped(line)
      text += "  \(shown)\n"
      let (start, count) = Self.marked(in: shown, message: error.message)
      text += "  \(String(repeating: " ", count: start))"
      text += paint(String(repeating: "^", count: count), .error) + "\n"
      if let line = suggest(error.message, line) { text += "  \(Printable.escaped(line))\n" }
    }
    let calls = Self.calls(error.traceback ?? "")
    if calls.count > 1 {
      text += calls.prefix(20).map { paint("  \(Printable.escaped($0))", .dim) + "\n" }.joined()
    }
    return text
  }

  private func paint(_ text: String, _ style: Style) -> String {
    let style = usesColor ? style : style.withoutColor
    return style.sequence.isEmpty ? text : "\(style.sequence)\(text)\u{1b}[m"
  }

  /// The statement and line that a message begins with, as in `statement 3:1: …`.
  static func place(in message: String) -> (statement: Int, line: Int)? {
    guard message.hasPrefix("statement ") else { return nil }
    let parts = message.dropFirst("statement ".count).prefix(40)
      .split(separator: ":", maxSplits: 2)
    guard parts.count >= 2, let statement = Int(parts[0]), let line = Int(parts[1]) else {
      return nil
    }
    return (statement, line)
  }

  private static func line(_ number: Int, of source: String) -> String? {
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    return number >= 1 && number <= lines.count ? String(lines[number - 1]) : nil
  }

  /// The part of the line that a message names in quotes, as in `(global 'x')`; else the whole line.
  private static func marked(in line: String, message: String) -> (start: Int, count: Int) {
    let pieces = message.split(separator: "'", omittingEmptySubsequences: false)
    for index in stride(from: pieces.count - 2, to: 0, by: -2) {
      let name = String(pieces[index])
      guard !name.isEmpty, let start = position(of: name, in: line) else { continue }
      return (columns(line.prefix(start)), max(1, columns(name[...])))
    }
    let blanks = line.prefix { $0 == " " }.count
    return (blanks, max(1, columns(line.dropFirst(blanks))))
  }

  private static func columns(_ text: Substring) -> Int {
    text.reduce(0) { $0 + max(1, CharacterWidth.columns(of: $1)) }
  }

  private static func position(of name: String, in line: String) -> Int? {
    let (line, name) = (Array(line), Array(name))
    guard name.count <= line.count else { return nil }
    return (0...(line.count - name.count)).first { start in
      guard line[start..<(start + name.count)] == name[...] else { return false }
      let before = start > 0 ? line[start - 1] : " "
      let after = start + name.count < line.count ? line[start + name.count] : " "
      return !TextBuffer.isWord(before) && !TextBuffer.isWord(after)
    }
  }

  /// The lines of a traceback that are the script's.
  static func calls(_ traceback: String) -> [String] {
    traceback.split(separator: "\n").dropFirst().map { line in
      String(line.drop { $0 == "\t" || $0 == " " })
    }.filter { line in
      !["[C]:", "[task]", "[imagine]:", "(...tail"].contains { line.hasPrefix($0) }
    }
  }
}

extension String {
  /// A message may have several lines; their breaks are no hazard.
  fileprivate var replacingLineEscapes: String {
    split(separator: "\\10", omittingEmptySubsequences: false).joined(separator: "\n")
      .split(separator: "\\9", omittingEmptySubsequences: false).joined(separator: "\t")
  }
}
