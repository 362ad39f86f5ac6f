import Lua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

// The commands of the prompt.
extension PromptDriver {
  func perform(_ command: PromptCommand) {
    switch command {
    case .help(let topic): showHelp(topic)
    case .command(let name, let arguments): perform(name, arguments)
    }
    if case .prompt = mode, !hasEnded { draw() }
  }

  private func perform(_ name: String, _ arguments: String) {
    switch name {
    case "help": showHelp(arguments)
    case "jobs": session.listTasks { [inbox] in inbox.send(.tasks($0, purpose: .list)) }
    case "cancel":
      guard let number = Int(arguments) else { return writeText("which task? :cancel N\n") }
      session.cancelTask(number) { [inbox] in inbox.send(.cancelled(number, found: $0)) }
    case "runs": writeText(prompt.host.runs())
    case "spent": writeText(prompt.host.spent())
    case "all": printAll()
    case "save": save(arguments)
    case "quit": endSession()
    default:
      let names = PromptHelp.commands.map { ":\($0.name)" }.joined(separator: ", ")
      writeText("there is no command ':\(Printable.escaped(name))', only \(names)\n")
    }
  }

  private func showHelp(_ topic: String) {
    guard !topic.isEmpty else { return writeText(PromptHelp.page) }
    writeText(Self.help(topic, prompt.host))
  }

  static func help(_ topic: String, _ host: any SessionHost) -> String {
    if let text = host.help(topic) { return text }
    if let line = PromptHelp.lua[topic] { return "\(topic): \(line)\n" }
    return "there is no help about '\(Printable.escaped(topic))'\n"
  }

  /// The function `help`, unless the script has one of its own.
  func installHelp() {
    let (host, inbox) = (prompt.host, inbox)
    session.ask { state in
      guard let globals = try? state.globals, (try? globals.rawGet("help")) == .nil else { return }
      try? globals.set(
        "help",
        to: LuaNativeFunction { call in
          guard !call.isNil(1) else {
            inbox.send(.text(PromptHelp.page))
            return .none
          }
          let topic = try Self.topic(of: call.value(1), call.state)
          inbox.send(.text(Self.help(topic, host)))
          return .none
        })
    }
  }

  /// The name under which a value is found among the globals and their fields.
  private static func topic(of value: LuaValue, _ state: LuaState) throws -> String {
    if case .string(let text) = value { return text.text }
    let (entries, _) = try state.globals.rawEntries(limit: 2000)
    for case (.string(let name), let found) in entries {
      if found == value { return name.text }
      guard case .table(let table) = found else { continue }
      for case (.string(let field), let member) in try table.rawEntries(limit: 500).entries
      where member == value { return "\(name.text).\(field.text)" }
    }
    return value.type.description
  }

  private func printAll() {
    let (runner, inbox) = (runner, inbox)
    session.ask { state in
      var printer = ValuePrinter(state)
      (printer.entryLimit, printer.stringLimit, printer.depthLimit) = (100_000, 1 << 20, 50)
      inbox.send(.text(printer.text(runner.locals.value("_") ?? .nil) + "\n"))
    }
  }

  // MARK: Saving

  private func save(_ path: String) {
    guard !path.isEmpty else { return writeText("where? :save FILE\n") }
    let bytes = Array(SavedScript.text(statements).utf8)
    // Nothing that exists is overwritten.
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o666)
    guard file >= 0 else {
      let reason = String(cString: strerror(errno))
      return writeText("cannot write \(Printable.escaped(path)): \(reason)\n")
    }
    let count = bytes.withUnsafeBytes { systemWrite(file, $0.baseAddress, $0.count) }
    close(file)
    writeText(
      count == bytes.count
        ? "wrote \(statements.count) statements to \(Printable.escaped(path))\n"
        : "cannot write \(Printable.escaped(path))\n")
  }
}

/// The statements of a session as a script that runs.
enum SavedScript {
  static func text(_ statements: [(source: String, failed: Bool)]) -> String {
    let syntax = LuaSyntax()
    var result = ""
    var localCount = 0
    var openBlocks = 0
    for (source, failed) in statements {
      if failed {
        result += source.split(separator: "\n", omittingEmptySubsequences: false)
          .map { "-- \($0)\n" }.joined()
        continue
      }
      let text = source.hasPrefix("=") ? String(source.dropFirst()) : source
      localCount += StatementOutline(text).declarations.count
      if localCount > 180 {
        result += "do\n"
        openBlocks += 1
        localCount = 0
      }
      let isExpression =
        syntax.check("return \(text)") == .complete && syntax.check(text) != .complete
      // A `return` would end the script.
      if isExpression {
        result += "print(\(text))\n"
      } else if StatementOutline(text).finalReturn != nil {
        result += "do \(text)\nend\n"
      } else {
        result += "\(text)\n"
      }
    }
    return result + String(repeating: "end\n", count: openBlocks)
  }
}
