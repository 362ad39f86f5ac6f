import CLua

/// Lua 5.4 in a Swift program: one Lua state and the thread that runs it.
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
/// When a script is first interrupted it installs one signal handler, for the real-time signal
/// SIGRTMIN + 5 (SIGUSR2 on systems without real-time signals).
public final class LuaInterpreter: Sendable {
  let thread: InterpreterThread
  let interrupter: Interrupter

  /// Version and copyright of the Lua library, as `lua -v` prints them.
  public static var copyright: String { String(cString: clua_copyright()) }

  /// Opens a state and starts its thread.
  /// - Throws: ``LuaError`` of kind `memory` if there is no memory or no thread for it.
  public init(configuration: LuaConfiguration = LuaConfiguration()) throws {
    let mailbox = Mailbox()
    interrupter = Interrupter(mailbox: mailbox, configuration: configuration)
    thread = try InterpreterThread(
      mailbox: mailbox, interrupter: interrupter, configuration: configuration)
  }

  deinit {
    interrupter.close()
    thread.close(waits: false)
  }

  /// Interrupts the current run, runs finalizers, frees Lua's memory and ends the thread, then
  /// returns. The current run and all queued ones throw ``LuaError`` of kind `closed`. It does not
  /// wait for background work; see ``waitForBackgroundWork()``.
  ///
  /// On the Lua thread it returns at once, and the calling run ends at its next instruction. A long
  /// C function or a finalizer is not interrupted; it waits for them. It blocks the calling thread:
  /// in `async` code prefer ``shutdown()``.
  public func close() {
    interrupter.close()
    thread.close(waits: !thread.isCurrent)
    if !thread.isCurrent { interrupter.join() }
  }

  /// Does what ``close()`` does, without blocking a thread.
  public func shutdown() async {
    interrupter.close()
    await thread.close()
    interrupter.join()
  }

  // MARK: Running

  /// Runs `body` on the Lua thread and then the tasks that it spawned. Runs execute one at a time.
  ///
  /// Cancelling the calling Swift task interrupts the run, even before it begins; the error is of
  /// kind `cancelled`.
  /// - Parameters:
  ///   - timeLimit: how long the run may take once it has begun; then it is interrupted, as by
  ///     ``interrupt(_:)``. The error is of kind `timeout`.
  ///   - timeMessage: the message of that interrupt.
  /// - Throws: what `body` throws; ``LuaError`` of kind `closed` after ``close()``.
  public func run<Output: Sendable>(
    timeLimit: Duration? = nil, timeMessage: String = "time limit exceeded",
    _ body: @escaping @Sendable (LuaState) throws -> Output
  ) async throws -> Output {
    let run = RunToken(limit: timeLimit.map { ($0, timeMessage) })
    return try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let queued = queuedRun(run, body) { continuation.resume(with: $0) }
        if !thread.mailbox.post(queued) { queued.reject() }
      }
    } onCancel: {
      interrupter.cancel(run)
    }
  }

  /// The same, blocking the calling thread, such as the main thread of a command.
  /// - Throws: also ``LuaError`` of kind `misuse` on the Lua thread, which cannot wait for itself.
  @available(*, noasync, message: "use run")
  public func runBlocking<Output: Sendable>(
    timeLimit: Duration? = nil, timeMessage: String = "time limit exceeded",
    _ body: @escaping @Sendable (LuaState) throws -> Output
  ) throws -> Output {
    guard !thread.isCurrent else {
      throw LuaError(
        "runBlocking was called on the Lua thread, which would wait for itself", kind: .misuse)
    }
    let finished = OneShotEvent()
    let box = ResultBox<Output>()
    let queued = queuedRun(RunToken(limit: timeLimit.map { ($0, timeMessage) }), body) { result in
      box.result = result
      finished.set()
    }
    if !thread.mailbox.post(queued) { queued.reject() }
    finished.wait()
    guard let result = box.result else { throw Self.closedError }
    return try result.get()
  }

  /// Calls a Lua function with Swift values as a run of its own, and then runs the tasks that it
  /// spawned.
  ///
  /// ```swift
  /// let length = try await interpreter.run { state in
  ///   try state.globals.get("string", as: LuaTable.self)?.get("len", as: LuaFunction.self)
  /// }
  /// if let length { print(try await interpreter.call(length, "cake")) }
  /// ```
  ///
  /// It waits for the current run, so work that the current run waits for must not await it.
  /// - Throws: ``LuaError`` with a traceback; of kind `misuse` if the function belongs to another
  ///   interpreter.
  @discardableResult
  public func call<each Argument: LuaPushable & Sendable>(
    _ function: LuaFunction, _ argument: repeat each Argument
  ) async throws -> [LuaValue] {
    try await run { _ in try function.call(repeat each argument) }
  }

  func queuedRun<Output: Sendable>(
    _ run: RunToken, in session: LuaSession? = nil,
    _ body: @escaping @Sendable (LuaState) throws -> Output,
    _ finish: @escaping @Sendable (Result<Output, any Error>) -> Void
  ) -> QueuedRun {
    let interrupter = interrupter
    return QueuedRun(
      token: run,
      body: { state in
        interrupter.begin(run)
        let result = Result { try state.runMainPart(of: session, body) }
        let reason = interrupter.end(run)
        state.lastRunWasInterrupted = reason != nil
        finish(reason.map { Self.result(result, of: $0) } ?? result)
      },
      reject: { finish(.failure(Self.closedError)) })
  }

  static var closedError: LuaError {
    LuaError(Interrupter.closedText, kind: .closed)
  }

  /// The result of a run that was interrupted, with the reason as the kind of its error.
  private static func result<Output>(
    _ result: Result<Output, any Error>, of reason: Interrupter.Reason
  ) -> Result<Output, any Error> {
    guard case .failure(var error as LuaError) = result, error.kind == .interrupted else {
      return result
    }
    error.kind =
      switch reason {
      case .requested: .interrupted
      case .timeLimit: .timeout
      case .cancelled: .cancelled
      case .closed: .closed
      }
    return .failure(error)
  }

  // MARK: Interrupting

  /// Interrupts the current run, if any: its next instruction, or its wait, raises `message` once.
  /// The script may catch that; after ``LuaConfiguration/grace`` every instruction raises.
  ///
  /// A long C function or a finalizer is not interrupted.
  public func interrupt(_ message: String = "interrupted!") {
    interrupter.interrupt(message)
  }

  /// Interrupts the current run, or else the next one, after `time`. It affects no later run. To
  /// limit one particular run, use ``run(timeLimit:timeMessage:_:)``.
  public func interrupt(after time: Duration, _ message: String = "time limit exceeded") {
    interrupter.interrupt(after: time, message)
  }

  // MARK: Background work

  /// The number of unfinished work items that continue when their script stops waiting:
  /// ``LuaAsyncCall/Cancellation/finishInBackground`` and `stopInBackground`.
  public var backgroundWorkCount: Int { thread.mailbox.backgroundCount }

  /// Waits until there is no background work.
  public func waitForBackgroundWork() async {
    await thread.mailbox.waitForBackground()
  }

  /// The same, blocking the calling thread.
  @available(*, noasync, message: "use waitForBackgroundWork")
  public func waitForBackgroundWorkBlocking() {
    thread.mailbox.waitForBackground()
  }

  /// Cancels all background work and resumes those who wait for it.
  public func abandonBackgroundWork() {
    thread.mailbox.abandonBackground()
  }
}

/// Passes the result of a run between threads.
///
/// `@unchecked Sendable`: written before an event is set and read after it.
private final class ResultBox<Output>: @unchecked Sendable {
  var result: Result<Output, any Error>?
}

extension LuaState {
  /// Runs `body` on the main state, inside a C function, and then its tasks.
  func runMainPart<Output>(
    of session: LuaSession? = nil, _ body: (LuaState) throws -> Output
  ) throws -> Output {
    guard let host, let main = host.pointee.main else {
      throw LuaError("the interpreter is closed", kind: .closed)
    }
    host.pointee.delivered = 0
    scheduler.hasPendingInterrupt = false
    var result: Result<Output, any Error>?
    let status = withoutActuallyEscaping(body) { body in
      var order = MainPartBody { stack in
        result = Result {
          if let session { return try self.withStatement(of: session) { try body(self) } }
          return try self.withMainPart(stack) { try body(self) }
        }
      }
      return withUnsafeMutablePointer(to: &order) { order in
        clua_run(
          main,
          { context, stack in
            guard let context, let stack else { return }
            context.assumingMemoryBound(to: MainPartBody.self).pointee.body(stack)
          }, order)
      }
    }
    if let result { return try result.get() }
    throw takeError(status, main)
  }
}

private struct MainPartBody {
  var body: (OpaquePointer) -> Void
}
