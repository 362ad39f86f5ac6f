import ImagineAPI

/// Text that is written by hand, with generated parts between marks:
///
/// ```lua
/// -- begin generated: calls (by imagine describe; do not edit)
/// …
/// -- end generated: calls
/// ```
enum MarkedText {
  private static let begin = "-- begin generated: "
  private static let end = "-- end generated: "

  /// Replaces the parts, each by the name of its marks.
  ///
  /// - Throws: `ImagineError` of kind `validation` if a mark is missing or has no counterpart.
  static func replace(
    _ parts: [String: String], in text: String
  ) throws(ImagineError) -> String {
    var lines: [Substring] = []
    var found: Set<String> = []
    var open: String?
    for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix(begin) {
        let name = line.dropFirst(begin.count).prefix { $0 != " " }
        guard open == nil, let part = parts[String(name)] else {
          throw invalid("the mark '\(line.prefix(80))' is not expected here")
        }
        open = String(name)
        lines += [line, "", Substring(part), ""]
      } else if line.hasPrefix(end) {
        guard let name = open, line.dropFirst(end.count).prefix(while: { $0 != " " }) == name else {
          throw invalid("the mark '\(line.prefix(80))' is not expected here")
        }
        open = nil
        found.insert(name)
        lines.append(line)
      } else if open == nil {
        lines.append(line)
      }
    }
    if let open { throw invalid("the part '\(open)' has no end") }
    if let missing = parts.keys.sorted().first(where: { !found.contains($0) }) {
      throw invalid("there is no line '\(begin)\(missing)'")
    }
    return lines.joined(separator: "\n")
  }

  private static func invalid(_ message: String) -> ImagineError {
    ImagineError(.validation, "cannot replace the generated parts: \(message)")
  }
}
