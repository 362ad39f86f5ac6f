import CLua

/// Statements that somebody types: they run one at a time, and the tasks that they spawn go on
/// between them.
///
/// A Ctrl-C (``LuaInterpreter/interrupt(_:)``) reaches the statement that runs and its own tasks, never
/// those of earlier statements.
///
/// `@unchecked Sendable`: `part` and `statementCount` belong to the Lua thread.
package final class LuaSession: @unchecked Sendable {
  private let interpreter: LuaInterpreter
  /// The parent of all its tasks.
  let part: LuaTask
  var statementCount = 0

  init(_ interpreter: LuaInterpreter) {
    self.interpreter = interpreter
    part = LuaTask(number: 0, origin: "", thread: nil, parent: nil)
    part.status = .running
    part.isSession = true
  }

  /// A statement that was posted.
  package struct Statement: Sendable {
    let token: RunToken
    let mailbox: Mailbox

    /// Takes it back; false if it has begun. Its completion is not called then.
    package func withdraw() -> Bool {
      mailbox.withdraw(token)
    }
  }

  /// Queues a statement and returns at once. `completion` is called on the Lua thread, or on this
  /// one if the interpreter is closed.
  /// - Parameter timeLimit: how long the statement may take; tasks that it leaves behind are not
  ///   limited.
  @discardableResult
  package func post<Output: Sendable>(
    timeLimit: Duration? = nil, timeMessage: String = "time limit exceeded",
    _ body: @escaping @Sendable (LuaState) throws -> Output,
    completion: @escaping @Sendable (Result<Output, any Error>) -> Void
  ) -> Statement {
    let token = RunToken(limit: timeLimit.map { ($0, timeMessage) })
    let run = interpreter.queuedRun(token, in: self, body, completion)
    let mailbox = interpreter.thread.mailbox
    if !mailbox.post(run) { run.reject() }
    return Statement(token: token, mailbox: mailbox)
  }

  /// Calls `body` on the Lua thread as soon as the running task waits; it must be short. False if the
  /// interpreter is closed.
  @discardableResult
  package func ask(_ body: @escaping @Sendable (LuaState) -> Void) -> Bool {
    interpreter.thread.mailbox.post(body)
  }

  // MARK: Tasks

  /// A task that has not ended.
  package struct TaskLine: Sendable {
    package var number: Int
    /// Where it was spawned.
    package var origin: String
    package var seconds: Double
    /// What it waits for; nil if it runs or is about to.
    package var waitsFor: String?
    /// Whether it was running when asked.
    package var isRunning: Bool
  }

  /// Reports the unfinished tasks, also while one of them keeps the thread busy.
  package func listTasks(_ completion: @escaping @Sendable ([TaskLine]) -> Void) {
    let isPosted = interpreter.thread.mailbox.postUrgent { state in
      completion(self.tasks(state))
    }
    if isPosted { interpreter.interrupter.nudge() } else { completion([]) }
  }

  /// Cancels a task by its number; `completion` tells whether there is one.
  package func cancelTask(_ number: Int, _ completion: @escaping @Sendable (Bool) -> Void) {
    let isPosted = interpreter.thread.mailbox.postUrgent { state in
      let task = self.unfinished().first { $0.number == number }
      if let task { state.cancel(task) }
      completion(task != nil)
    }
    if isPosted { interpreter.interrupter.nudge() } else { completion(false) }
  }

  /// Cancels all tasks and waits until they have ended.
  package func end(_ completion: @escaping @Sendable () -> Void) {
    post(
      { state in
        let children = self.part.unfinishedChildren
        for child in children { state.cancel(child) }
        try state.balanced { stack in try state.awaitChildren(of: self.part, stack) }
      }, completion: { _ in completion() })
    interpreter.interrupter.nudge()
  }

  private func unfinished() -> [LuaTask] {
    var result: [LuaTask] = []
    var next = part.unfinishedChildren
    while let task = next.popLast() {
      result.append(task)
      next += task.unfinishedChildren
    }
    return result.sorted { $0.number < $1.number }
  }

  private func tasks(_ state: LuaState) -> [TaskLine] {
    let now = MonotonicClock.now
    return unfinished().map { task in
      TaskLine(
        number: task.number, origin: task.origin,
        seconds: Double(now &- task.began) / 1e9,
        waitsFor: (task.inPlaceWaits.last ?? task.wait)?.purpose,
        isRunning: state.scheduler.current === task)
    }
  }
}

extension LuaInterpreter {
  /// A session. Its statements and other runs take turns.
  package func session() -> LuaSession {
    let session = LuaSession(self)
    _ = thread.mailbox.post { state in state.scheduler.flushesOutput = true }
    return session
  }
}

extension LuaState {
  /// Runs `body` as a statement; its tasks may go on after it.
  func withStatement<Result>(of session: LuaSession, _ body: () throws -> Result) throws -> Result {
    session.statementCount += 1
    session.part.statement = session.statementCount
    scheduler.foregroundStatement = session.statementCount
    let previous = switchTo(session.part)
    defer {
      scheduler.foregroundStatement = 0
      _ = switchTo(previous)
    }
    let result = try body()
    if scheduler.hasPendingInterrupt {
      scheduler.hasPendingInterrupt = false
      throw LuaError(interruptText, kind: .interrupted)
    }
    return result
  }
}
