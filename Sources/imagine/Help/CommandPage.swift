import ArgumentParser
import Foundation
import ImagineAPI
import ImagineScripting

/// What there is to say of a command: the one source of completion and of the manual.
///
/// It is made from the descriptions of the command's parser, of the verbs, and of the host's options.
struct CommandPage: Sendable {
  /// What a shell completes a word with.
  enum Words: Sendable, Hashable {
    case files, none
    case names([String])
    case providers, runs, jobs, helpTopics
    /// These, and the values of a field that providers know, such as its models.
    case values([String], field: String, operation: String)
  }

  struct Option: Sendable {
    /// With dashes.
    var names: [String]
    /// Nil for a flag.
    var valueName: String?
    var summary: String
    var words = Words.none
  }

  struct Operand: Sendable {
    var name: String
    var isMany = false
    var isOptional = false
    var summary: String
    var words = Words.files
  }

  /// After `imagine`; empty for the program itself.
  var path: [String]
  var summary: String
  var discussion = ""
  var operands: [Operand] = []
  var options: [Option] = []
  var examples = ""
}

extension CommandPage {
  /// Every command, in the order of the help; the program itself first.
  static func all() -> [CommandPage] {
    [program, page(ofScript: ["run"]), page(ofScript: ["repl"]), plan]
      + Verb.all.map { CommandPage($0, operation: nil) } + parsed.flatMap(pages) + [serve, help]
  }

  private static let parsed: [any ParsableCommand.Type] = [
    InitCommand.self, RunsCommand.self, JobsCommand.self, SpentCommand.self, CacheCommand.self,
    ShowCommand.self,
    RerunCommand.self, DoctorCommand.self, ModelsCommand.self,
    ComfyCommand.self, DescribeCommand.self,
  ]

  private static var scriptOperands: [Operand] {
    [
      Operand(name: "SCRIPT", isOptional: true, summary: "a Lua script; - is standard input"),
      Operand(name: "ARG", isMany: true, isOptional: true, summary: "arguments of the script"),
    ]
  }

  static var program: CommandPage {
    CommandPage(
      path: [], summary: "runs workflows for image and video generation",
      discussion:
        "Without a script it is a prompt on a terminal. All options of lua 5.4 are known.",
      operands: scriptOperands, options: hostOptions)
  }

  private static func page(ofScript path: [String]) -> CommandPage {
    CommandPage(
      path: path, summary: "the same as without a command", operands: scriptOperands,
      options: hostOptions)
  }

  private static var plan: CommandPage {
    CommandPage(
      path: ["plan"], summary: "print the calls, price and files of a script; send nothing",
      operands: scriptOperands,
      options: hostOptions + [Option(names: ["--json"], summary: "print JSON")])
  }

  private static var serve: CommandPage {
    CommandPage(
      path: ["serve"], summary: "serve the built-in engine over HTTP",
      discussion: "`imagine serve --help` lists its options.")
  }

  private static var help: CommandPage {
    CommandPage(
      path: ["help"], summary: "explain an operation, a function of scripts, or a command",
      operands: [Operand(name: "NAME", isOptional: true, summary: "a topic", words: .helpTopics)])
  }

  private static var hostOptions: [Option] { ScriptCommand.allOptions.map(Option.init) }

  /// - Parameter operation: the one whose fields are options; nil for the verb's default.
  init(_ verb: Verb, operation: String?) {
    var operation = operation
    if case .option(let names) = verb.choice { operation = operation ?? names[0] }
    let options = VerbOptions(of: verb, operation: operation)
    self.init(
      path: [verb.name], summary: verb.summary, discussion: verb.discussion,
      operands: verb.operands.map { operand in
        let names = verb.operands.count > 1 && operand.name == verb.operands[0].name
        return Operand(
          name: operand.name, isMany: operand.isMany, summary: operand.summary,
          words: names
            ? .names(verb.operations.map(\.optionName)) : operand.name == "PROMPT" ? .none : .files)
      },
      options: options.all.map { Option($0, operation: operation ?? "") }
        + ScriptCommand.verbOptions.map(Option.init),
      examples: verb.example)
  }
}

extension CommandPage.Option {
  init(_ option: VerbOption, operation: String) {
    let field = option.field
    let words: CommandPage.Words =
      switch field.kind {
      case .choice(let names):
        .names(field.name == "operation" ? names.map(\.optionName) : names)
      case .image, .images: .files
      case .text where ["output", "dir", "out"].contains(field.name): .files
      case .text, .openChoice:
        .values(field.knownNames, field: field.name, operation: operation)
      default: .none
      }
    self.init(
      names: [option.name] + (option.letter.map { ["-\($0)"] } ?? []),
      valueName: option.valueName, summary: option.summary, words: words)
  }

  init(_ option: ScriptCommand.HostOption) {
    let words: CommandPage.Words =
      switch option.name {
      case "--provider": .providers
      case "--record", "--replay": .files
      case "--on-uncertain": .names(["fail", "retry"])
      default: .none
      }
    self.init(
      names: [option.name], valueName: option.valueName, summary: option.summary, words: words)
  }
}

/// The description that a parser of ArgumentParser gives of itself.
private struct ParserDescription: Decodable {
  struct Command: Decodable {
    var commandName: String
    var abstract: String?
    var discussion: String?
    var subcommands: [Command]?
    var arguments: [Argument]?
    var shouldDisplay: Bool?
  }

  struct Argument: Decodable {
    struct Name: Decodable {
      var kind: String
      var name: String
    }
    var kind: String
    var names: [Name]?
    var valueName: String?
    var abstract: String?
    var allValues: [String]?
    var isOptional: Bool?
    var isRepeating: Bool?
    var shouldDisplay: Bool?
  }

  var command: Command
}

extension CommandPage {
  /// The pages of a command and its subcommands.
  fileprivate static func pages(_ type: any ParsableCommand.Type) -> [CommandPage] {
    var text = ""
    do { _ = try type.parseAsRoot(["--experimental-dump-help"]) } catch {
      text = type.fullMessage(for: error)
    }
    guard
      let description = try? JSONDecoder().decode(ParserDescription.self, from: Data(text.utf8))
    else { return [] }
    let name = description.command.commandName.split(separator: " ").last.map(String.init) ?? ""
    return pages(description.command, at: [name])
  }

  private static func pages(
    _ command: ParserDescription.Command, at path: [String]
  ) -> [CommandPage] {
    let arguments = (command.arguments ?? []).filter { $0.shouldDisplay ?? true }
    let page = CommandPage(
      path: path, summary: command.abstract ?? "", discussion: command.discussion ?? "",
      operands: arguments.filter { $0.kind == "positional" }.map { argument in
        let name = argument.valueName ?? "ARG"
        return Operand(
          name: name.uppercased(), isMany: argument.isRepeating ?? false,
          isOptional: argument.isOptional ?? false, summary: argument.abstract ?? "",
          words: words(name, at: path))
      },
      options: arguments.filter { $0.kind != "positional" }.map { argument in
        Option(
          names: (argument.names ?? []).map { $0.kind == "short" ? "-\($0.name)" : "--\($0.name)" }
            .sorted { $0.count > $1.count },
          valueName: argument.kind == "flag" ? nil : argument.valueName?.uppercased(),
          summary: argument.abstract ?? "",
          words: argument.allValues.map { .names($0) } ?? words(argument.valueName ?? "", at: path))
      })
    return [page]
      + (command.subcommands ?? []).filter { $0.commandName != "help" && $0.shouldDisplay ?? true }
      .flatMap { pages($0, at: path + [$0.commandName]) }
  }

  private static func words(_ name: String, at path: [String]) -> Words {
    switch (path.first, name) {
    case (_, "provider"): .providers
    case ("runs", "id"): .runs
    case ("jobs", "id"): .jobs
    case (_, "image"), (_, "output"), (_, "file"), (_, "folder"): .files
    default: .none
    }
  }
}
