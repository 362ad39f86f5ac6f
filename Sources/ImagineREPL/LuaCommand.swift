public import Lua

/// The command `lua`, as a part of another program: its options, its way of running
/// scripts, its messages and exit codes.
///
/// ```swift
/// var command = LuaCommand()
/// command.prepare = { state in try state.setModule("greeting", to: greeting(state)) }
/// exit(command.run(arguments: LuaCommand.processArguments))
/// ```
public struct LuaCommand {
  /// A long option of the host, before the script: `--memory 64M` or `--memory=64M`.
  public struct Option {
    /// With its dashes: `--memory`.
    public var name: String
    /// What its value is called in the help, `SIZE`; `nil` where it takes none.
    public var valueName: String?
    /// One line of help.
    public var help: String
    /// Takes the value; its error is the message of a usage error.
    public var apply: (String, inout LuaCommand) throws -> Void

    /// Describes an option.
    public init(
      _ name: String, valueName: String? = nil, help: String,
      apply: @escaping (String, inout LuaCommand) throws -> Void
    ) {
      self.name = name
      self.valueName = valueName
      self.help = help
      self.apply = apply
    }
  }

  /// The script that a command line names.
  public struct Invocation: Sendable, Hashable {
    /// As it was written, since names of files need not be UTF-8; `nil` where there is none, or
    /// where it is standard input.
    public var script: LuaString?
    public var arguments: [LuaString]
  }

  /// What is wrong with the value of an option.
  public struct OptionError: Error, CustomStringConvertible {
    public var description: String

    /// An error with this message.
    public init(_ message: String) {
      description = message
    }
  }

  /// How the interpreter is set up.
  public var configuration = LuaConfiguration()
  /// The longest time that the whole run may take.
  public var timeLimit: Duration?
  /// How long the program goes on at most after SIGTERM or SIGHUP, to end the script and to wait
  /// for what is paid for. A second signal ends it at once.
  public var terminationTime: Duration = .seconds(30)
  /// The host's options.
  public var options = LuaCommand.standardOptions
  /// Is told what will run, before anything else is called.
  public var willRun: @Sendable (Invocation) -> Void = { _ in }
  /// Adds the host's libraries, before any script runs; on the thread of Lua.
  public var prepare: @Sendable (LuaState) throws -> Void = { _ in }
  /// Is called when the scripts have ended, however they did, before the interpreter is
  /// closed: waits for paid answers, says how the run went. On any thread, and only once.
  public var atEnd: @Sendable (LuaInterpreter, _ succeeded: Bool) -> Void = { interpreter, _ in
    interpreter.waitForBackgroundWorkBlocking()
  }
  /// Is called before the program ends at once, at a second signal or when the
  /// ``terminationTime`` is over.
  public var whenAbandoned: @Sendable (LuaInterpreter) -> Void = { interpreter in
    interpreter.abandonBackgroundWork()
  }

  /// The command with the standard options and libraries.
  public init() {}

  /// `--memory SIZE` and `--timeout TIME`.
  public static var standardOptions: [Option] {
    [
      Option("--memory", valueName: "SIZE", help: "let scripts hold at most 64M, 512K, …") {
        value, command in
        command.configuration.memoryLimit = try Quantity.bytes(value)
      },
      Option("--timeout", valueName: "TIME", help: "end after 30s, 500ms, 2m, …") {
        value, command in
        command.timeLimit = try Quantity.duration(value)
      },
    ]
  }

  /// The arguments of this process byte by byte, as the system gave them: names of files need
  /// not be UTF-8.
  public static var processArguments: [LuaString] {
    (0..<Int(CommandLine.argc)).compactMap { index in
      CommandLine.unsafeArgv[index].map { LuaString(cString: $0) }
    }
  }

  /// Runs the command and returns its exit code.
  /// - Parameter arguments: those of the process; the first is the program's name.
  public func run(arguments: [LuaString]) -> Int32 {
    Console.fillClosedStreams()
    let name = arguments.first.flatMap { $0.bytes.isEmpty ? nil : $0.text } ?? "lua"
    var command = self
    let line: ScriptCommandLine
    do {
      line = try ScriptCommandLine(arguments, command: &command)
    } catch {
      Console.error("\(name): \(error)\n\(command.usage(name))")
      return 1
    }
    return LuaSession(command: command, line: line, name: name).run()
  }

  /// How it is called, and its options; what follows a usage error.
  public func usage(_ name: String) -> String {
    let own = [
      ("-e TEXT", "run this Lua text"), ("-i", "then read lines, as the REPL does"),
      ("-l NAME", "require the module NAME, as the global NAME"),
      ("-l AS=NAME", "require the module NAME, as the global AS"),
      ("-v", "print the version of Lua"), ("-E", "look at no variable of the environment"),
      ("-W", "show what scripts warn of"), ("--", "the next word is the script"),
      ("-", "the script is what comes in"),
    ]
    let added = options.map { option in
      (option.valueName.map { "\(option.name) \($0)" } ?? option.name, option.help)
    }
    let lines = (own + added).map { head, help in
      head.count < 12
        ? "  \(head)\(String(repeating: " ", count: 14 - head.count))\(help)\n"
        : "  \(head)\n                \(help)\n"
    }
    return "usage: \(name) [options] [script [args]]\n\nOptions:\n" + lines.joined()
  }
}
