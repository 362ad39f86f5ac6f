import ImagineScripting

/// The manual page `imagine(1)`, in the language of man: all commands with their options, from
/// ``CommandPage``.
struct ManualPage {
  var text: String {
    let pages = CommandPage.all()
    var lines = [
      ".TH IMAGINE 1 \"\" \"imagine \(ScriptHost.version)\" \"User Commands\"",
      ".SH NAME", "imagine \\- \(Self.escaped(pages[0].summary))",
      ".SH SYNOPSIS", ".B imagine", "[options] [script [args]]", ".br", ".B imagine",
      "command [options] \\&...",
      ".SH DESCRIPTION", Self.escaped(pages[0].discussion),
      ".PP", "\\fBimagine help\\fR lists operations and functions of scripts.",
      ".SH OPTIONS",
    ]
    lines += pages[0].options.flatMap(Self.lines)
    lines.append(".SH COMMANDS")
    for page in pages.dropFirst() { lines += Self.lines(page) }
    lines += [".SH FIELDS"]
    for operation in Verb.generate.operations + Verb.edit.operations {
      guard let page = Self.fields(of: operation) else { continue }
      lines += page
    }
    lines += [
      ".SH FILES", ".TP", ".I ~/.config/imagine/config.toml", "Providers, budgets, the prompt.",
      ".SH EXIT STATUS", "0 if all was done, 64 for a wrong command line, 1 for other errors.",
    ]
    return lines.joined(separator: "\n") + "\n"
  }

  private static func lines(_ page: CommandPage) -> [String] {
    let operands = page.operands.map { operand in
      let name = operand.name + (operand.isMany ? " ..." : "")
      return operand.isOptional ? "[\(name)]" : name
    }
    var lines = [
      ".SS \"imagine \(escaped((page.path + operands).joined(separator: " ")))\"",
      escaped(sentence(page.summary)),
    ]
    if !page.discussion.isEmpty { lines += [".PP", escaped(page.discussion)] }
    for operand in page.operands where !operand.summary.isEmpty {
      lines += [".TP", ".I \(escaped(operand.name))", escaped(operand.summary)]
    }
    // Those of scripts stand once, under OPTIONS.
    let known = Set(ScriptCommand.allOptions.map(\.name))
    lines += page.options.filter { !known.contains($0.names[0]) }.flatMap(Self.lines)
    if !page.examples.isEmpty { lines += [".PP", ".nf", escaped(page.examples), ".fi"] }
    return lines
  }

  /// The fields of an operation that are not those of the commands.
  private static func fields(of operation: String) -> [String]? {
    let verb = Verb.edit.operations.contains(operation) ? Verb.edit : Verb.generate
    let options = VerbOptions(of: verb, operation: operation).fields.flatMap(\.options)
    guard verb.name == Verb.edit.name || operation != verb.operations[0] else { return nil }
    return [".SS \"\(escaped(operation))\""]
      + options.flatMap { lines(CommandPage.Option($0, operation: operation)) }
  }

  private static func lines(_ option: CommandPage.Option) -> [String] {
    let names = option.names.map { "\\fB\(escaped($0))\\fR" }.joined(separator: ", ")
    let value = option.valueName.map { " \\fI\(escaped($0))\\fR" } ?? ""
    return [".TP", names + value, escaped(option.summary)]
  }

  private static func sentence(_ text: String) -> String {
    let text = "\(text.prefix(1).uppercased())\(text.dropFirst())"
    return text.hasSuffix(".") ? text : text + "."
  }

  /// The text without requests and escapes of man.
  private static func escaped(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = String(line).replacing("\\", with: "\\e").replacing("-", with: "\\-")
        .replacing("…", with: "...").replacing("×", with: "x").replacing("\"", with: "\\(dq")
      if line.hasPrefix(".") || line.hasPrefix("'") { line = "\\&" + line }
      return line.isEmpty ? ".PP" : line
    }.joined(separator: "\n")
  }
}
