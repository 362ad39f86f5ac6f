extension HelpTopic {
  /// The topic as plain text for a terminal, in lines of at most about 80 characters; it ends
  /// without a line break.
  public var text: String {
    var lines = signatures.flatMap { Self.wrapped($0, at: ", ", first: "", rest: "  ") }
    lines += Self.wrapped("-> \(result)", first: "  ", rest: "     ")
    lines += ["", Self.sentence(summary) + (title.map { " (\($0))" } ?? "")]
    for group in groups where !group.fields.isEmpty {
      lines += ["", "\(group.title):"]
      for field in group.fields { lines += Self.lines(of: field) }
    }
    if !prices.isEmpty {
      lines += ["", "Prices of one image or job:"]
      for price in prices {
        for text in price.texts {
          lines += Self.wrapped(
            text, first: "  " + Self.padded(price.provider, to: 20),
            rest: String(repeating: " ", count: 22))
        }
      }
    }
    if !example.isEmpty {
      lines += ["", "Example:"]
      lines += example.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
    }
    if !seeAlso.isEmpty { lines += ["", "See also: \(seeAlso.joined(separator: ", "))"] }
    return lines.joined(separator: "\n")
  }

  /// The list of all topics, a line for each.
  public static var index: String {
    all([]).map { "  " + padded($0.name, to: 20) + $0.summary }.joined(separator: "\n")
  }

  /// The names of all topics.
  public static var names: [String] { all([]).map(\.name) }

  /// A line with name and help, then the type with what is allowed.
  private static func lines(of field: Field) -> [String] {
    let margin = String(repeating: " ", count: 22)
    var details = [field.typeName + (field.unit.map { ", in \($0)" } ?? "")]
    if let allowed = field.allowedText { details.append(allowed) }
    var words = details.joined(separator: ": ")
    if field.isRequired {
      words += "; required"
    } else if let standard = field.standard {
      words += "; \(standard) by default"
    }
    return wrapped(field.summary, first: "  " + padded(field.name, to: 20), rest: margin)
      + wrapped("(\(words))", first: margin, rest: margin + " ")
  }

  /// Breaks text at separators into lines of at most 80 characters, where its words allow it.
  package static func wrapped(
    _ text: String, at separator: String = " ", first: String, rest: String
  ) -> [String] {
    // A line ends with the separator's first character, unless that is the space.
    let mark = separator.filter { $0 != " " }
    var lines: [String] = []
    var line = first
    var isEmpty = true
    for word in text.split(separator: separator) {
      if !isEmpty, line.count + separator.count + word.count + mark.count > 80 {
        lines.append(line + mark)
        line = rest
        isEmpty = true
      }
      line += isEmpty ? String(word) : "\(separator)\(word)"
      isEmpty = false
    }
    return lines + [line]
  }

  package static func padded(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// A summary with a capital and a full stop.
  public static func sentence(_ summary: String) -> String {
    summary.prefix(1).uppercased() + summary.dropFirst() + "."
  }
}
