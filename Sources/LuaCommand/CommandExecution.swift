import Lua
import Synchronization

/// One execution of the command, from its options to its exit code.
struct CommandExecution {
  let command: LuaCommand
  let line: ScriptCommandLine
  let name: String

  /// Thrown after the error message was written.
  private struct Failed: Error {}

  func run() -> Int32 {
    var configuration = command.configuration
    configuration.ignoresEnvironment = line.ignoresEnvironment
    let exitHook = ExitHook(command.atEnd)
    configuration.allowsExit = true
    configuration.willExit = { exitHook.run(succeeded: $0) }
    let signals = TerminationSignals()
    let (name, timeMessage) = (name, timeMessage)
    configuration.whenUninterruptible = {
      // There the user decides.
      if signals.isInteractive { return }
      let isSignal = signals.count > 0
      let reason = isSignal ? "interrupted!" : timeMessage
      Console.errorWithoutBlocking(
        "\(name): \(reason) (exited inside code that cannot be interrupted)\n")
      exitHook.run(succeeded: false)
      if let number = signals.endingSignal { HostProcess.terminate(bySignal: number) }
      HostProcess.exitImmediately(isSignal ? 130 : 1)
    }
    let interpreter: LuaInterpreter
    do {
      interpreter = try LuaInterpreter(configuration: configuration)
    } catch {
      Console.error("\(name): cannot create state: \(error)\n")
      return 1
    }
    exitHook.setInterpreter(interpreter)
    command.willPrepare(interpreter)
    signals.watch(
      TerminationSignals.Actions(
        interpreter: interpreter, shutdownTime: command.terminationTime,
        shutDown: { exitHook.run(succeeded: false) }, abandon: command.whenAbandoned))
    let deadline = command.timeLimit.map { ContinuousClock.now + $0 }
    var timeLeft: Duration?
    var code: Int32 = 0
    do {
      try runAll(
        ScriptRunner(
          interpreter: interpreter, signals: signals, name: name, deadline: deadline,
          timeMessage: timeMessage))
      timeLeft = deadline.map { $0 - ContinuousClock.now }
    } catch {
      code = 1
      let kind = (error as? LuaError)?.kind
      // A script may time tasks of its own.
      let isLate = deadline.map { $0 <= .now } ?? false
      if kind == .interrupted || kind == .timeout && isLate { timeLeft = .zero }
    }
    exitHook.run(succeeded: code == 0 && signals.endingSignal == nil)
    if let timeLeft { exitProcess(after: max(.zero, timeLeft) + configuration.grace, code) }
    if let number = signals.endingSignal {
      interpreter.close()
      Console.flush()
      HostProcess.terminate(bySignal: number)
    }
    signals.stop()
    interpreter.close()
    return code
  }

  private var timeMessage: String {
    "timeout: the run took longer than \(command.timeLimit ?? .zero)"
  }

  /// Exits the process if closing takes longer: finalizers, and waits for the child process of an
  /// `io.popen` stream, cannot be interrupted.
  private func exitProcess(after time: Duration, _ code: Int32) {
    let name = name
    Task.detached {
      try? await Task.sleep(for: time)
      Console.errorWithoutBlocking("\(name): timeout: exited before the last finalizers\n")
      HostProcess.exitImmediately(code == 0 ? 1 : code)
    }
  }

  private func runAll(_ runner: ScriptRunner) throws {
    let hasScript = line.script < line.arguments.count
    let isInteractive =
      command.body == nil
      && (line.isInteractive
        || (!hasScript && !line.executes && !line.showsVersion && Console.inputIsTerminal))
    let interaction =
      isInteractive ? command.interaction(runner.interpreter, command.timeLimit) : nil
    if line.showsVersion, interaction == nil { Console.write(Self.version) }
    let (prepare, line) = (command.prepare, line)
    command.willRun(line.invocation)
    try runner.run { state in
      try prepare(state)
      try state.globals.set("arg", to: Self.argumentTable(line, state))
      try state.useGenerationalCollector()
    }
    if !line.ignoresEnvironment { try runInitialization(runner) }
    for step in line.steps { try run(step, runner) }
    if let body = command.body {
      try runner.run(body)
    } else if hasScript {
      try runner.run { state in try Self.runScript(line, state) }
    }
    if let interaction {
      return finish(runner, after: runner.signals.whileInteractive(interaction))
    } else if line.isInteractive {
      InteractiveLoop(runner: runner).run()
    } else if command.body == nil, !hasScript, !line.executes, !line.showsVersion {
      if Console.inputIsTerminal {
        Console.write(Self.version)
        InteractiveLoop(runner: runner).run()
      } else {
        try runner.run { state in try state.load(file: LuaString?.none).call([]) }
      }
    }
    if try runner.interpreter.runBlocking({ $0.unobservedFailures }) > 0 { throw Failed() }
  }

  private func finish(_ runner: ScriptRunner, after end: LuaCommand.InteractionEnd) {
    switch end {
    case .left: break
    case .signal(let number): runner.signals.receive(number)
    case .stuck:
      command.whenAbandoned(runner.interpreter)
      HostProcess.exitImmediately(130)
    }
  }

  /// `LUA_INIT_5_4`, or `LUA_INIT`: a chunk, or a file after `@`.
  private func runInitialization(_ runner: ScriptRunner) throws {
    for variable in ["LUA_INIT_5_4", "LUA_INIT"] {
      guard let value = HostProcess.environmentVariable(variable) else { continue }
      return try runner.run { state in
        if value.bytes.first == UInt8(ascii: "@") {
          try state.load(file: LuaString(Array(value.bytes.dropFirst()))).call([])
        } else {
          try state.load(value.bytes, name: "=\(variable)").call([])
        }
      }
    }
  }

  private func run(_ step: ScriptCommandLine.Step, _ runner: ScriptRunner) throws {
    try runner.run { state in
      switch step {
      case .execute(let chunk):
        try state.load(chunk.bytes, name: "=(command line)").call([])
      case .require(let text):
        let parts = text.bytes
          .split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
          .map { LuaString(Array($0)) }
        let module = try state.requireModule(parts[parts.count - 1])
        try state.globals.set(.string(parts[0]), to: module)
      case .warnings:
        try state.showWarnings(true)
      }
    }
  }

  private static func argumentTable(_ line: ScriptCommandLine, _ state: LuaState) throws -> LuaTable
  {
    let table = try state.makeTable(list: line.arguments.count)
    let script = line.script < line.arguments.count ? line.script : 0
    for (index, argument) in line.arguments.enumerated() {
      try table.set(index - script, to: argument)
    }
    return table
  }

  private static func runScript(_ line: ScriptCommandLine, _ state: LuaState) throws {
    let path = line.scriptIsStandardInput ? nil : line.arguments[line.script]
    let chunk = try state.load(file: path)
    guard case .table(let table) = try state.globals.get("arg") else {
      throw LuaError("'arg' is not a table")
    }
    try chunk.call(try arguments(of: table))
  }

  /// The list in a table, as `lua` reads it: without metamethods except `__len`.
  private static func arguments(of table: LuaTable) throws -> [LuaValue] {
    let count = try table.count
    guard count < 1_000_000 else {
      throw LuaError("stack overflow (too many arguments to script)")
    }
    var arguments = [LuaValue](repeating: .nil, count: max(0, count))
    for case (.integer(let index), let value) in try table.pairs()
    where index >= 1 && index <= count {
      arguments[Int(index) - 1] = value
    }
    return arguments
  }

  private static var version: String { LuaInterpreter.copyright + "\n" }
}

/// Runs the parts of an execution in order and reports their errors.
struct ScriptRunner {
  let interpreter: LuaInterpreter
  let signals: TerminationSignals
  /// The prefix of messages; `nil` in interactive mode.
  var name: String?
  /// The deadline of the whole execution, and the message of its interrupt.
  let deadline: ContinuousClock.Instant?
  let timeMessage: String

  /// The same for typed lines, whose messages have no prefix.
  var interactive: ScriptRunner {
    ScriptRunner(
      interpreter: interpreter, signals: signals, name: nil, deadline: deadline,
      timeMessage: timeMessage)
  }

  @discardableResult
  func run<Output: Sendable>(
    _ body: @escaping @Sendable (LuaState) throws -> Output
  ) throws -> Output {
    signals.resetCount()
    do {
      // A signal between two runs interrupted neither.
      if signals.endingSignal != nil { throw LuaError("terminated", kind: .interrupted) }
      return try interpreter.runBlocking(
        timeLimit: deadline.map { $0 - ContinuousClock.now }, timeMessage: timeMessage, body)
    } catch {
      report(error)
      throw error
    }
  }

  /// Writes an error as `lua` does: with a traceback, unless `__tostring` made the text.
  func report(_ error: any Error) {
    let prefix = name.map { "\($0): " } ?? ""
    guard let error = error as? LuaError else {
      return Console.error("\(prefix)\(error)\n")
    }
    // Show the bytes of a string unchanged, even if they are not UTF-8.
    var text =
      if case .string(let string) = error.value { string } else { LuaString(error.message) }
    if !error.hasOwnText, let traceback = error.traceback {
      text.bytes += "\n\(traceback)".utf8
    }
    Console.error(Array(prefix.utf8) + text.bytes + [UInt8(ascii: "\n")])
  }
}

extension LuaState {
  fileprivate func requireModule(_ name: LuaString) throws -> LuaValue {
    guard case .function(let require) = try globals.get("require") else {
      throw LuaError("'require' is not a function")
    }
    return try require.call([.string(name)]).first ?? .nil
  }
}

/// Runs ``LuaCommand/atEnd`` once, on whichever thread ends the run first.
final class ExitHook: Sendable {
  private struct State {
    var atEnd: (@Sendable (LuaInterpreter, Bool) -> Void)?
    var interpreter: LuaInterpreter?
  }

  private let state: Mutex<State>

  init(_ atEnd: @escaping @Sendable (LuaInterpreter, Bool) -> Void) {
    state = Mutex(State(atEnd: atEnd))
  }

  func setInterpreter(_ interpreter: LuaInterpreter) {
    state.withLock { $0.interpreter = interpreter }
  }

  func run(succeeded: Bool) {
    let taken = state.withLock { state in
      defer { if state.interpreter != nil { state = State() } }
      return state
    }
    if let atEnd = taken.atEnd, let interpreter = taken.interpreter {
      atEnd(interpreter, succeeded)
    }
  }
}
