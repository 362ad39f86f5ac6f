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
    if let text = Self.help(topic, prompt.host) { return writeText(text) }
    // The name of a value of the session: its type, or the function that it is.
    let (host, runner, inbox) = (prompt.host, runner, inbox)
    session.ask { state in
      let text = try? Self.help(ofExpression: topic, runner.locals, host, state)
      inbox.send(.text(text ?? Self.noHelp(about: topic)))
    }
  }

  private static func noHelp(about topic: String) -> String {
    "there is no help about '\(Printable.escaped(topic))'\n"
  }

  static func help(_ topic: String, _ host: any SessionHost) -> String? {
    if let text = host.help(topic) { return text.hasSuffix("\n") ? text : text + "\n" }
    return LuaFunctionHelp.named(topic).map { $0.line + "\n" }
  }

  /// The help about `name`, `a.b[1]` or `value:method`; nil if there is none.
  private static func help(
    ofExpression text: String, _ locals: SessionLocals, _ host: any SessionHost, _ state: LuaState
  ) throws -> String? {
    if let context = CompletionContext(text, cursor: text.utf8.count),
      case .member(let path, true) = context.kind
    {
      let owner = try Completer.value(of: path, locals: locals, state)
      if case .string = owner { return help("string.\(context.partial)", host) }
      return try Completer.typeTopic(of: owner, state).flatMap { help($0 + context.partial, host) }
    }
    // A text with a dot at its end asks for members of what is before it.
    guard let context = CompletionContext(text + ".", cursor: text.utf8.count + 1),
      case .member(let path, _) = context.kind
    else { return nil }
    let value = try Completer.value(of: path, locals: locals, state)
    if value != .nil { return try help(about: value, host, state) }
    // A field of a userdata is no value that can be read without a call.
    guard let field = path.last, path.count > 1 else { return nil }
    let owner = try Completer.value(of: path.dropLast(), locals: locals, state)
    return try Completer.typeTopic(of: owner, state).flatMap { help($0 + field.text, host) }
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
          let text =
            if case .string(let topic) = try call.value(1) {
              Self.help(topic.text, host) ?? Self.noHelp(about: topic.text)
            } else {
              try Self.help(about: call.value(1), host, call.state)
            }
          inbox.send(.text(text))
          return .none
        })
    }
  }

  /// The help about a module or a function by its name, about another value by its type.
  private static func help(
    about value: LuaValue, _ host: any SessionHost, _ state: LuaState
  ) throws -> String {
    if case .userdata = value, let topic = try Completer.typeTopic(of: value, state),
      let text = help(topic, host)
    {
      return text
    }
    for name in try names(of: value, state) {
      if let text = help(name, host) { return text }
    }
    var printer = ValuePrinter(state)
    return "there is no more help about \(printer.text(value))\n"
  }

  /// The names under which a module or a function is found: `fs`, `fs.read`, `task.map`.
  private static func names(of value: LuaValue, _ state: LuaState) throws -> [String] {
    guard value.type == .table || value.type == .function else { return [] }
    var tables = [try state.globals]
    if case .table(let package) = try state.globals.rawGet("package"),
      case .table(let loaded) = try package.rawGet("loaded")
    {
      tables.append(loaded)
    }
    var names: [String] = []
    for table in tables {
      for case (.string(let name), let found) in try table.rawEntries(limit: 2000).entries
      where name.text != "_G" {
        if found == value { names.append(name.text) }
        guard case .table(let inner) = found else { continue }
        for case (.string(let field), let member) in try inner.rawEntries(limit: 500).entries
        where member == value { names.append("\(name.text).\(field.text)") }
      }
    }
    return names
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
    // Fewer bytes than asked for are written where the space ends.
    let isWritten = count == bytes.count
    let isWhole = isWritten && fsync(file) == 0
    let reason = String(cString: strerror(count >= 0 && !isWritten ? ENOSPC : errno))
    close(file)
    guard isWhole else {
      unlink(path)
      return writeText("cannot write \(Printable.escaped(path)): \(reason)\n")
    }
    writeText("wrote \(statements.count) statements to \(Printable.escaped(path))\n")
  }
}
