import ArgumentParser
import ImagineAPI
import ImagineScripting
import Lua

/// `imagine generate`, `edit`, `batch`, `convert` and `sheet`.
enum VerbCommand {
  /// - Parameters:
  ///   - words: after the verb's name.
  ///   - id: the run to resume.
  ///   - isPlan: whether only to print what would be sent.
  /// - Returns: the exit code.
  static func run(
    _ verb: Verb, _ words: [LuaString], resuming id: String? = nil, isPlan: Bool = false
  ) -> Int32 {
    if words.prefix(while: { $0 != "--" }).contains(where: { ["--help", "-h"].contains($0.text) }) {
      let operation = verb.operation(in: words).flatMap {
        verb.operations.contains($0) ? $0 : nil
      }
      return Subcommand.writing(VerbHelp(verb, operation: operation).text)
    }
    let invocation: VerbInvocation
    do {
      invocation = try VerbInvocation(verb, words)
    } catch {
      let message = (error as? ImagineError)?.message ?? "\(error)"
      Notice.write("\(verb.name): \(message); imagine \(verb.name) --help explains")
      return ExitCode.validationFailure.rawValue
    }
    let plan =
      isPlan || invocation.isSet("dry_run")
      ? PlanCommand(printsJSON: invocation.isSet("json")) : nil
    return ScriptCommand.run(
      // A verb depends on no variable of Lua.
      arguments: ["imagine", "-E"], resuming: id, planning: plan, verb: invocation)
  }
}

/// The help of a verb.
struct VerbHelp {
  private let verb: Verb
  private let operation: String?
  private let options: VerbOptions

  /// - Parameter operation: the one whose fields are listed; nil for the default one, if there is one.
  init(_ verb: Verb, operation: String?) {
    self.verb = verb
    if case .option(let names) = verb.choice {
      self.operation = operation ?? names[0]
    } else {
      self.operation = operation
    }
    options = VerbOptions(of: verb, operation: self.operation)
  }

  var text: String {
    var lines = ["usage: imagine \(verb.name) \(usage) [options]", ""]
    lines.append("\(verb.summary.prefix(1).uppercased())\(verb.summary.dropFirst()).")
    if !verb.discussion.isEmpty { lines += ["", verb.discussion] }
    lines.append("")
    lines += verb.operands.map { Self.line($0.name + ($0.isMany ? " …" : ""), $0.summary) }
    if case .word(let names) = verb.choice, operation == nil {
      lines += ["", "Operations:"]
      lines += names.map { name in
        Self.line(name.optionName, HelpTopic.named(name)?.summary ?? "")
      }
    }
    for group in options.fields {
      lines += ["", "\(title(of: group)):"]
      lines += group.options.map { Self.line($0.title, $0.summary) }
    }
    lines += ["", "Options of the command:"]
    lines += options.own.map { Self.line($0.title, $0.summary) }
    lines += ["", "Options of the run:"]
    lines += ScriptCommand.verbOptions.map { option in
      Self.line(option.title, option.summary)
    }
    lines += ["", "Examples:"]
    lines += verb.example.split(separator: "\n").map { "  \($0)" }
    return lines.joined(separator: "\n")
  }

  private func title(of group: VerbOptions.Group) -> String {
    switch group.title {
    case HelpTopic.fieldsTitle: operation.map { "Fields of \($0)" } ?? "Fields"
    case HelpTopic.optionsTitle: "Options of the call"
    default: group.title
    }
  }

  private var usage: String {
    let operands = verb.operands.map { $0.name + ($0.isMany ? " …" : "") }
    let place =
      switch verb.place {
      case .output: "-o FILE"
      case .folder: "--out FOLDER"
      case .outputOrFolder: "(-o FILE | --dir FOLDER)"
      }
    return (operands + [place]).joined(separator: " ")
  }

  private static func line(_ head: String, _ help: String) -> String {
    head.count < 20
      ? "  \(head)\(String(repeating: " ", count: 22 - head.count))\(help)"
      : "  \(head)\n\(String(repeating: " ", count: 24))\(help)"
  }
}
