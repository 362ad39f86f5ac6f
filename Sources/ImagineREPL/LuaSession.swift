import CLua
import Lua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// One run of the command: from its options to its exit code.
struct LuaSession {
  let command: LuaCommand
  let line: ScriptCommandLine
  let name: String

  /// What ends a run after its message was written.
  private struct Failed: Error {}

  func run() -> Int32 {
    var configuration = command.configuration
    configuration.ignoresEnvironment = line.ignoresEnvironment
    let ending = Ending(atEnd: command.atEnd)
    configuration.allowsExit = true
    configuration.willExit = { ending.run(succeeded: $0) }
    let signal = StopSignals()
    let (name, timeMessage) = (name, timeMessage)
    configuration.whenUninterruptible = {
      let isSignal = signal.count > 0
      let reason = isSignal ? "interrupted!" : timeMessage
      Console.errorAtOnce("\(name): \(reason) (ended where a script cannot be interrupted)\n")
      ending.run(succeeded: false)
      if let number = signal.endingSignal { StopSignals.die(by: number) }
      clua_end_programs()
      _exit(isSignal ? 130 : 1)
    }
    let interpreter: LuaInterpreter
    do {
      interpreter = try LuaInterpreter(configuration: configuration)
    } catch {
      Console.error("\(name): cannot create state: \(error)\n")
      return 1
    }
    ending.interpreter = interpreter
    signal.watch(
      StopSignals.Actions(
        interpreter: interpreter, time: command.terminationTime,
        end: { ending.run(succeeded: false) }, abandon: command.whenAbandoned))
    let deadline = command.timeLimit.map { ContinuousClock.now + $0 }
    var timeLeft: Duration?
    var code: Int32 = 0
    do {
      try runAll(
        Runner(
          interpreter: interpreter, signal: signal, name: name, deadline: deadline,
          timeMessage: timeMessage))
      timeLeft = deadline.map { $0 - ContinuousClock.now }
    } catch {
      code = 1
      if (error as? LuaError)?.kind == .interrupted { timeLeft = .zero }
    }
    ending.run(succeeded: code == 0 && signal.endingSignal == nil)
    if let timeLeft { endProgram(after: max(.zero, timeLeft) + configuration.grace, code) }
    if let number = signal.endingSignal {
      interpreter.close()
      Console.flush()
      StopSignals.die(by: number)
    }
    signal.stop()
    interpreter.close()
    return code
  }

  private var timeMessage: String {
    "timeout: the run took longer than \(command.timeLimit ?? .zero)"
  }

  /// Ends the program where its closing takes longer: finalizers, and the end of a program
  /// that `io.popen` has started, cannot be interrupted.
  private func endProgram(after time: Duration, _ code: Int32) {
    let name = name
    Task.detached {
      try? await Task.sleep(for: time)
      Console.errorAtOnce("\(name): timeout: ended before the last finalizers\n")
      clua_end_programs()
      _exit(code == 0 ? 1 : code)
    }
  }

  private func runAll(_ runner: Runner) throws {
    if line.showsVersion { Console.write(Self.version) }
    let (prepare, line) = (command.prepare, line)
    command.willRun(line.invocation)
    try runner.run { state in
      try prepare(state)
      try state.globals.set("arg", to: Self.argumentTable(line, state))
      try state.useGenerationalCollector()
    }
    if !line.ignoresEnvironment { try runInitialization(runner) }
    for step in line.steps { try run(step, runner) }
    let hasScript = line.script < line.arguments.count
    if hasScript { try runner.run { state in try Self.runScript(line, state) } }
    if line.isInteractive {
      InteractiveLoop(runner: runner).run()
    } else if !hasScript, !line.executes, !line.showsVersion {
      if Console.inputIsTerminal {
        Console.write(Self.version)
        InteractiveLoop(runner: runner).run()
      } else {
        try runner.run { state in try state.load(file: LuaString?.none).call([]) }
      }
    }
    if try runner.interpreter.runBlocking({ $0.unseenFailures }) > 0 { throw Failed() }
  }

  /// `LUA_INIT_5_4`, or `LUA_INIT`: a chunk, or a file after `@`.
  private func runInitialization(_ runner: Runner) throws {
    for variable in ["LUA_INIT_5_4", "LUA_INIT"] {
      guard let value = getenv(variable).map({ LuaString(cString: $0) }) else { continue }
      return try runner.run { state in
        if value.bytes.first == UInt8(ascii: "@") {
          try state.load(file: LuaString(Array(value.bytes.dropFirst()))).call([])
        } else {
          try state.load(value.bytes, name: "=\(variable)").call([])
        }
      }
    }
  }

  private func run(_ step: ScriptCommandLine.Step, _ runner: Runner) throws {
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

  /// The list in a table, without its metamethods but `__len`, as `lua` takes it.
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

/// Runs pieces of a session one after the other and reports their errors.
struct Runner {
  let interpreter: LuaInterpreter
  let signal: StopSignals
  /// What messages begin with; `nil` in interactive mode.
  var name: String?
  /// When the whole session must have ended, and what a run raises then.
  let deadline: ContinuousClock.Instant?
  let timeMessage: String

  /// The same for lines that are typed: their messages begin with no name.
  var interactive: Runner {
    Runner(
      interpreter: interpreter, signal: signal, name: nil, deadline: deadline,
      timeMessage: timeMessage)
  }

  @discardableResult
  func run<Output: Sendable>(
    _ body: @escaping @Sendable (LuaState) throws -> Output
  ) throws -> Output {
    signal.forget()
    do {
      // What came between two runs has interrupted none.
      if signal.endingSignal != nil { throw LuaError("terminated", kind: .interrupted) }
      return try interpreter.runBlocking(
        timeLimit: deadline.map { $0 - ContinuousClock.now }, timeMessage: timeMessage, body)
    } catch {
      report(error)
      throw error
    }
  }

  /// Writes an error as `lua` does: with a traceback, unless the error value makes its
  /// own text.
  func report(_ error: any Error) {
    let prefix = name.map { "\($0): " } ?? ""
    guard let error = error as? LuaError else {
      return Console.error("\(prefix)\(error)\n")
    }
    // A string is shown byte by byte, whatever it is.
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

/// What is to be done at the end of a run, done once, by whoever comes first.
///
/// `@unchecked Sendable`: `lock` guards what follows it.
final class Ending: @unchecked Sendable {
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var atEnd: (@Sendable (LuaInterpreter, Bool) -> Void)?
  private var interpreterStorage: LuaInterpreter?

  init(atEnd: @escaping @Sendable (LuaInterpreter, Bool) -> Void) {
    self.atEnd = atEnd
    pthread_mutex_init(lock, nil)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
  }

  var interpreter: LuaInterpreter? {
    get { withLock { interpreterStorage } }
    set { withLock { interpreterStorage = newValue } }
  }

  func run(succeeded: Bool) {
    let work: (@Sendable (LuaInterpreter, Bool) -> Void, LuaInterpreter)? = withLock {
      guard let atEnd, let interpreterStorage else { return nil }
      self.atEnd = nil
      defer { self.interpreterStorage = nil }
      return (atEnd, interpreterStorage)
    }
    if let (atEnd, interpreter) = work { atEnd(interpreter, succeeded) }
  }

  private func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }
}
