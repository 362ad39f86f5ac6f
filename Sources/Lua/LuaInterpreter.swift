import CLua

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Lua 5.4 in a Swift program: one state, and the one thread that may touch it.
///
/// ```swift
/// let interpreter = try LuaInterpreter()
/// let sum = try await interpreter.run { state in
///   try state.globals.set("answer", to: 42)
///   return try state.run("return answer * 2").first?.type
/// }
/// interpreter.close()
/// ```
///
/// It installs no signal handler but one, when a script is first interrupted: that of the
/// real-time signal SIGRTMIN + 5 (SIGUSR2 where there are none).
public final class LuaInterpreter: Sendable {
  private let engine: Engine
  private let interrupter: Interrupter

  /// Version and owners of the Lua that this was built with, in the line that `lua -v` prints.
  public static var copyright: String { String(cString: clua_copyright()) }

  /// Makes a state with the standard libraries and the library `task`.
  /// - Throws: ``LuaError`` where there is no memory or no thread for it.
  public init(configuration: LuaConfiguration = LuaConfiguration()) throws {
    let mailbox = Mailbox()
    interrupter = Interrupter(mailbox: mailbox, configuration: configuration)
    engine = try Engine(
      mailbox: mailbox, interrupter: interrupter, configuration: configuration)
  }

  deinit {
    interrupter.close()
    engine.close(waits: false)
  }

  /// Ends the interpreter: interrupts the run that is under way, runs finalizers, frees Lua's
  /// memory, ends the thread, and returns then. That run, and what is left to run, throws
  /// ``LuaError`` of kind `closed`. Work that goes on in the background is not waited for; see
  /// ``waitForBackgroundWork()``.
  ///
  /// On the thread of Lua itself it returns at once, and the run that it is called in ends with
  /// its next instruction. As ``interrupt(_:)`` does, it waits for what Lua does in one long C
  /// function, or in a finalizer.
  public func close() {
    interrupter.close()
    engine.close(waits: !engine.isCurrent)
    if !engine.isCurrent { interrupter.join() }
  }

  // MARK: Running

  /// Runs `body` on the thread of Lua, one at a time, and then whatever tasks it made.
  ///
  /// Cancelling the calling Swift task interrupts the script, also one that has not begun.
  /// - Parameters:
  ///   - timeLimit: how long it may take from its beginning; it is interrupted then, as
  ///     ``interrupt(_:)`` does. The limit ends with the run.
  ///   - timeMessage: what it raises then.
  /// - Throws: what `body` throws; ``LuaError`` of kind `closed` after ``close()``.
  public func run<Output: Sendable>(
    timeLimit: Duration? = nil, timeMessage: String = "time limit exceeded",
    _ body: @escaping @Sendable (LuaState) throws -> Output
  ) async throws -> Output {
    let run = RunToken(limit: timeLimit.map { ($0, timeMessage) })
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let job = job(run, body) { continuation.resume(with: $0) }
        if !engine.mailbox.post(job) { job.refuse() }
      }
    } onCancel: {
      interrupter.cancel(run)
    }
  }

  /// The same for a thread that can wait, a command's main thread for instance.
  /// - Throws: also ``LuaError`` of kind `misuse` on the thread of Lua itself, which cannot wait
  ///   for itself.
  @available(*, noasync, message: "use run")
  public func runBlocking<Output: Sendable>(
    timeLimit: Duration? = nil, timeMessage: String = "time limit exceeded",
    _ body: @escaping @Sendable (LuaState) throws -> Output
  ) throws -> Output {
    guard !engine.isCurrent else {
      throw LuaError(
        "a run was begun on the thread of Lua, which waits for its end", kind: .misuse)
    }
    let gate = Gate()
    let outcome = Outcome<Output>()
    let job = job(RunToken(limit: timeLimit.map { ($0, timeMessage) }), body) { result in
      outcome.result = result
      gate.open()
    }
    if !engine.mailbox.post(job) { job.refuse() }
    gate.wait()
    guard let result = outcome.result else { throw Self.closedError }
    return try result.get()
  }

  /// Calls a function of Lua with Swift values, as a run of its own: limits hold for it,
  /// and its tasks end before it does.
  ///
  /// ```swift
  /// let length = try await interpreter.run { state in
  ///   try state.globals.get("string", as: LuaTable.self)?.get("len", as: LuaFunction.self)
  /// }
  /// if let length { print(try await interpreter.call(length, "cake")) }
  /// ```
  ///
  /// A run comes after the one that is under way. Work that a script waits for must not
  /// wait for this.
  /// - Throws: ``LuaError`` with a traceback; of kind `misuse` where the function is
  ///   another interpreter's.
  @discardableResult
  public func call<each Argument: LuaPushable & Sendable>(
    _ function: LuaFunction, _ argument: repeat each Argument
  ) async throws -> [LuaValue] {
    try await run { _ in try function.call(repeat each argument) }
  }

  private func job<Output: Sendable>(
    _ run: RunToken, _ body: @escaping @Sendable (LuaState) throws -> Output,
    _ finish: @escaping @Sendable (Result<Output, any Error>) -> Void
  ) -> Job {
    let interrupter = interrupter
    return Job(
      body: { state in
        interrupter.begin(run)
        let result = Result { try state.runMainPart(body) }
        let reason = interrupter.end(run)
        state.wasBrokenOff = reason != nil
        finish(reason == .closed ? Self.closed(result) : result)
      },
      refuse: { finish(.failure(Self.closedError)) })
  }

  private static var closedError: LuaError {
    LuaError(Interrupter.closedText, kind: .closed)
  }

  /// What a run came to that was interrupted because the interpreter closes.
  private static func closed<Output>(
    _ result: Result<Output, any Error>
  ) -> Result<Output, any Error> {
    guard case .failure(var error as LuaError) = result, error.kind == .interrupted else {
      return result
    }
    error.kind = .closed
    return .failure(error)
  }

  // MARK: Ending a script

  /// Ends the script that runs now, if any: its next instruction, or its wait, raises
  /// `message`, once. It may catch that, and is given the grace of the configuration;
  /// then every instruction raises.
  ///
  /// What Lua does in one long C function, or in a finalizer, is not interrupted.
  public func interrupt(_ message: String = "interrupted!") {
    interrupter.interrupt(message)
  }

  /// Interrupts the run that is under way, or else the next one, when the time is over. It
  /// reaches no later run. For a limit of one certain run, see
  /// ``run(timeLimit:timeMessage:_:)``.
  public func interrupt(after time: Duration, _ message: String = "time limit exceeded") {
    interrupter.interrupt(after: time, message)
  }

  // MARK: Work in the background

  /// How many pieces of work are under way that go on even when their script does not
  /// wait for them: those with ``LuaAsyncCall/Cancellation/finishInBackground``.
  public var backgroundWorkCount: Int { engine.mailbox.backgroundCount }

  /// Waits until there is none.
  public func waitForBackgroundWork() async {
    await engine.mailbox.waitForBackground()
  }

  /// The same for a thread that can wait.
  @available(*, noasync, message: "use waitForBackgroundWork")
  public func waitForBackgroundWorkBlocking() {
    engine.mailbox.waitForBackground()
  }

  /// Cancels it, and lets those go who wait for it.
  public func abandonBackgroundWork() {
    engine.mailbox.abandonBackground()
  }
}

/// The result of a run on its way between threads.
///
/// `@unchecked Sendable`: written before a gate opens and read after.
private final class Outcome<Output>: @unchecked Sendable {
  var result: Result<Output, any Error>?
}

extension LuaState {
  /// Runs `body` on the main state, in a C function of its own, and then its tasks.
  func runMainPart<Output>(_ body: (LuaState) throws -> Output) throws -> Output {
    guard let host, let main = host.pointee.main else {
      throw LuaError("the interpreter is closed", kind: .closed)
    }
    host.pointee.delivered = 0
    scheduler.owesInterrupt = false
    var result: Result<Output, any Error>?
    let status = withoutActuallyEscaping(body) { body in
      var order = RunOrder { stack in
        result = Result { try self.withMainPart(stack) { try body(self) } }
      }
      return withUnsafeMutablePointer(to: &order) { order in
        clua_run(
          main,
          { context, stack in
            guard let context, let stack else { return }
            context.assumingMemoryBound(to: RunOrder.self).pointee.body(stack)
          }, order)
      }
    }
    if let result { return try result.get() }
    throw takeError(status, main)
  }
}

private struct RunOrder {
  var body: (OpaquePointer) -> Void
}
