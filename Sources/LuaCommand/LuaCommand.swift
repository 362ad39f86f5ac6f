public import Lua

/// The command `lua(1)` inside another program: its options, `arg`, messages, exit codes, signals
/// and the plain interactive loop.
///
/// This target is for those who change how the command behaves. It owns the process: standard
/// streams, signal handlers and exit codes. It imports only `Lua` and knows nothing of images.
///
/// ```swift
/// var command = LuaCommand()
/// command.prepare = { state in try state.setModule("greeting", to: greeting(state)) }
/// exit(command.run(arguments: LuaCommand.processArguments))
/// ```
public struct LuaCommand {
  /// A long option that the host adds: `--memory 64M` or `--memory=64M`.
  public struct Option {
    /// The name with its dashes: `--memory`.
    public var name: String
    /// The placeholder of its value in the help, `SIZE`; `nil` if it takes none.
    public var valueName: String?
    /// One line of help.
    public var help: String
    /// Applies the value. A thrown error becomes a usage error.
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
    /// As given, since file names need not be UTF-8; `nil` if there is none or it is standard input.
    public var script: LuaString?
    public var arguments: [LuaString]
  }

  /// An invalid value of an option.
  public struct OptionError: Error, CustomStringConvertible {
    public var description: String

    /// An error with this message.
    public init(_ message: String) {
      description = message
    }
  }

  /// The settings of the interpreter.
  public var configuration = LuaConfiguration()
  /// The time limit of the whole execution.
  public var timeLimit: Duration?
  /// The time after SIGTERM or SIGHUP to end the script and wait for paid work. A second signal ends
  /// the process at once.
  public var terminationTime: Duration = .seconds(30)
  /// The host's options.
  public var options = LuaCommand.standardOptions
  /// Called first, with what will run.
  public var willRun: @Sendable (Invocation) -> Void = { _ in }
  /// Called when the interpreter exists, before ``prepare``.
  public var willPrepare: @Sendable (LuaInterpreter) -> Void = { _ in }
  /// Adds the host's libraries before any script runs. Called on the Lua thread.
  public var prepare: @Sendable (LuaState) throws -> Void = { _ in }
  /// A script of the host's own, which runs in place of those that the command line names. Called on
  /// the Lua thread; nil for the command line's.
  public var body: (@Sendable (LuaState) throws -> Void)?
  /// How an interactive session ended.
  public enum InteractionEnd: Sendable {
    case left
    /// A signal asks the process to end.
    case signal(Int32)
    /// The user gave up on a statement that cannot be interrupted.
    case stuck
  }

  /// Makes the interactive session of the host; `nil` where the plain loop is right, such as without a
  /// terminal. Called before the first output, with ``timeLimit``, which limits each statement there.
  public var interaction: @Sendable (LuaInterpreter, Duration?) -> (() -> InteractionEnd)? = {
    _, _ in nil
  }
  /// Called once when the scripts have ended, with success or not, before the interpreter is closed:
  /// waits for paid work, reports the run. On any thread.
  public var atEnd: @Sendable (LuaInterpreter, _ succeeded: Bool) -> Void = { interpreter, _ in
    interpreter.waitForBackgroundWorkBlocking()
  }
  /// Called before the process ends at once: at a second signal, or after ``terminationTime``.
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
        command.configuration.memoryLimit = try CommandLineUnits.bytes(value)
      },
      Option("--timeout", valueName: "TIME", help: "interrupt the run after 30s, 500ms, 2m, …") {
        value, command in
        command.timeLimit = try CommandLineUnits.duration(value)
      },
    ]
  }

  /// The arguments of this process as bytes, since file names need not be UTF-8.
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
    return CommandExecution(command: command, line: line, name: name).run()
  }

  /// The usage text, which follows a usage error.
  public func usage(_ name: String) -> String {
    let own = [
      ("-e TEXT", "run TEXT as Lua"), ("-i", "then run lines from standard input"),
      ("-l NAME", "require the module NAME, as the global NAME"),
      ("-l AS=NAME", "require the module NAME, as the global AS"),
      ("-v", "print the version of Lua"), ("-E", "ignore environment variables"),
      ("-W", "show warnings"), ("--", "end of options: the next word is the script"),
      ("-", "read the script from standard input"),
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
