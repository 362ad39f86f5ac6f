public import Lua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The interactive prompt of a program at a terminal.
///
/// ```swift
/// InteractivePrompt(interpreter: interpreter, host: host, environment: environment)?.run()
/// ```
public struct InteractivePrompt: Sendable {
  let interpreter: LuaInterpreter
  let host: any SessionHost
  let environment: [String: String]
  let terminal: TerminalDevice
  /// The time limit of a statement.
  public var timeLimit: Duration?
  /// Serves `imagine.repl()`; nil if scripts cannot stop.
  public var stops: StopPoints?
  /// What the session asks its user; nil if it asks nothing.
  public var questions: PromptQuestions?

  /// Nil where lines without editing are right: without a terminal, or with `TERM=dumb`.
  public init?(
    interpreter: LuaInterpreter, host: any SessionHost, environment: [String: String]
  ) {
    guard Self.canEdit(term: environment["TERM"]),
      let terminal = OpeningPrompt.terminal ?? TerminalDevice()
    else { return nil }
    (self.interpreter, self.host, self.environment) = (interpreter, host, environment)
    self.terminal = terminal
  }

  static func canEdit(term: String?) -> Bool { term != nil && term != "" && term != "dumb" }

  /// How a session ended.
  public enum End: Sendable, Equatable {
    case left
    /// SIGTERM or SIGHUP asks the process to end.
    case signal(Int32)
    /// The user gave up on a statement that cannot be interrupted.
    case stuck
  }

  /// Reads and runs statements until the user leaves, or a signal asks to end.
  public func run() -> End {
    guard let streams = StreamSwitch(terminal), let signals = SignalWatch(terminal, streams) else {
      return .left
    }
    return PromptDriver(self, streams, signals).run()
  }

  /// Reads and runs statements at a stopped script, on a thread of its own, until the user lets it go
  /// on. False if there is no such thread.
  ///
  /// - Parameter whenEnded: called on that thread before the script goes on.
  public func serve(_ point: StopPoint, whenEnded: @escaping @Sendable (End) -> Void) -> Bool {
    guard let streams = StreamSwitch(terminal), let signals = SignalWatch(terminal, streams) else {
      return false
    }
    let thread = try? PosixThread {
      whenEnded(PromptDriver(self, streams, signals, at: point).run())
      point.end()
    }
    thread?.detach()
    if thread == nil { signals.stop() }
    return thread != nil
  }

  /// The file of the history; nil without a home.
  var historyPath: String? {
    if let folder = environment["XDG_STATE_HOME"], folder.hasPrefix("/") {
      return "\(folder)/imagine/history.jsonl"
    }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return "\(home)/.local/state/imagine/history.jsonl"
  }

  /// The script that runs at the start, if it exists.
  var startScript: String? {
    let folder: String
    if let path = environment["XDG_CONFIG_HOME"], path.hasPrefix("/") {
      folder = path
    } else if let home = environment["HOME"], home.hasPrefix("/") {
      folder = "\(home)/.config"
    } else {
      return nil
    }
    let path = "\(folder)/imagine/repl.lua"
    return access(path, R_OK) == 0 ? path : nil
  }

  /// Whether the terminal wraps its rows anew when it becomes narrower: most do; xterm, screen and
  /// the Linux console do not.
  var reflows: Bool {
    if environment["TMUX"] != nil { return true }
    return environment["XTERM_VERSION"] == nil && environment["TERM"] != "linux"
      && environment["STY"] == nil
  }

  var usesColor: Bool { (environment["NO_COLOR"] ?? "").isEmpty }
}
