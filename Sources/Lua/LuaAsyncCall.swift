import CLua

/// What a script's call has to wait for: a piece of asynchronous work, and what is made
/// of its result on the thread of Lua.
///
/// ```swift
/// LuaNativeFunction.async { call in
///   let request = try Request(call.table(1))
///   return LuaAsyncCall(whenCancelled: .finishInBackground) {
///     try await client.send(request)
///   } completion: { state, picture in
///     try state.results(picture)
///   }
/// }
/// ```
public struct LuaAsyncCall {
  /// What becomes of the work when the script does not wait for it any more.
  public enum Cancellation: Sendable {
    /// The work's Swift task is cancelled.
    case abort
    /// The script is free at once, and the work goes on until it has ended:
    /// ``LuaInterpreter/backgroundWorkCount`` counts it, and
    /// ``LuaInterpreter/waitForBackgroundWork()`` waits for it.
    case finishInBackground
    /// Both: the script is free at once, the work's Swift task is cancelled, and it is counted
    /// until it has ended. For work that breaks off what it may and shields what it may not.
    case stopInBackground
  }

  let wait: Wait

  /// - Parameters:
  ///   - whenCancelled: what becomes of the work when the waiting task is cancelled,
  ///     times out or is interrupted.
  ///   - purpose: what it is, for the message about a deadlock: "a picture".
  ///   - work: begins on the thread of Lua, up to its first suspension, and so must not
  ///     block.
  ///   - completion: runs on the thread of Lua and leaves the results. It is not called
  ///     where the work throws or nobody waits any more.
  public init<Output: Sendable>(
    whenCancelled: Cancellation = .abort, purpose: String = "the host",
    work: @escaping @Sendable () async throws -> Output,
    completion: @escaping (LuaState, Output) throws -> LuaResults
  ) {
    let completion = UncheckedSendable(value: completion)
    wait = WorkWait(whenCancelled: whenCancelled, purpose: purpose) {
      let output = try await work()
      return { state in try completion.value(state, output) }
    }
  }

  /// The same, with a result that Lua can take as it is.
  public init<Output: Sendable & LuaPushable>(
    whenCancelled: Cancellation = .abort, purpose: String = "the host",
    work: @escaping @Sendable () async throws -> Output
  ) {
    self.init(whenCancelled: whenCancelled, purpose: purpose, work: work) { state, output in
      try state.results(output)
    }
  }

  /// Waits for something of the scheduler's own.
  init(_ wait: Wait) {
    self.wait = wait
  }
}

@available(*, unavailable)
extension LuaAsyncCall: Sendable {}

/// Carries the completion through the work's Swift task, which does not touch it, and
/// back to the thread of Lua, which calls it.
private struct UncheckedSendable<Value>: @unchecked Sendable {
  let value: Value
}

/// What leaves the results of a piece of work.
typealias Completion = @Sendable (LuaState) throws -> LuaResults

/// The wait for a piece of Swift work.
///
/// `@unchecked Sendable`: `result` is written by the work before it posts the wait to the
/// mailbox and read after the mailbox has handed it over; the rest belongs to the thread
/// of Lua.
final class WorkWait: Wait, @unchecked Sendable {
  private let whenCancelled: LuaAsyncCall.Cancellation
  private let purposeText: String
  private let work: @Sendable () async throws -> Completion
  private var result: Result<Completion, any Error>?
  private var swiftTask: Task<Void, Never>?
  /// Whether the work is in its first, synchronous part, on the thread of Lua.
  private var isStarting = false

  init(
    whenCancelled: LuaAsyncCall.Cancellation, purpose: String,
    work: @escaping @Sendable () async throws -> Completion
  ) {
    self.whenCancelled = whenCancelled
    purposeText = purpose
    self.work = work
  }

  override var purpose: String { purposeText }
  override var isExternal: Bool { true }

  override func start(in state: LuaState) {
    let mailbox = state.mailbox
    isStarting = true
    let swiftTask = beginTask { [work] in
      let result: Result<Completion, any Error>
      do {
        result = .success(try await work())
      } catch {
        result = .failure(error)
      }
      self.workEnded(with: result, mailbox: mailbox)
    }
    isStarting = false
    if isOver { return }
    self.swiftTask = swiftTask
    if whenCancelled != .abort { mailbox.keep(self, SwiftWork(task: swiftTask)) }
  }

  private func workEnded(
    with result: Result<Completion, any Error>, mailbox: Mailbox
  ) {
    self.result = result
    // Only the thread of Lua looks at `isStarting`.
    if LuaState.current?.mailbox === mailbox, isStarting {
      _ = end()
    } else {
      mailbox.post(ended: self)
    }
  }

  override func finish(in state: LuaState) throws -> LuaResults {
    guard let result else { return .none }
    return try result.get()(state)
  }

  override func abandon() {
    if whenCancelled != .finishInBackground { swiftTask?.cancel() }
  }
}

private struct SwiftWork: BackgroundWork {
  let task: Task<Void, Never>
  func cancel() { task.cancel() }
}

/// Starts a task on this thread where the system can; elsewhere as soon as possible.
private func beginTask(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
  if #available(macOS 26, *) {
    return Task.immediateDetached { await work() }
  } else {
    return Task.detached { await work() }
  }
}
