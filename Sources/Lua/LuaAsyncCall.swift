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
///
/// Where the answer is there already, no Swift task needs to be made for it:
///
/// ```swift
/// LuaNativeFunction.async { call in
///   let name = try call.string(1)
///   if let known = cache[name] { return LuaAsyncCall(ready: try call.results(known)) }
///   return LuaAsyncCall { try await client.fetch(name) }
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

  enum Kind {
    case ready(LuaResults)
    case waiting(Wait)
  }

  let kind: Kind

  /// - Parameters:
  ///   - whenCancelled: what becomes of the work when the waiting task is cancelled,
  ///     times out or is interrupted.
  ///   - purpose: what it is, for the message about a deadlock: "a picture".
  ///   - work: begins on the thread of Lua, up to its first suspension, and so must not
  ///     block.
  ///   - completion: runs on the thread of Lua and leaves the results. It is not called
  ///     where the work throws or nobody waits any more.
  @inlinable
  public init<Output: Sendable>(
    whenCancelled: Cancellation = .abort, purpose: String = "the host",
    work: @escaping @Sendable () async throws -> Output,
    completion: @escaping (LuaState, Output) throws -> LuaResults
  ) {
    let completion = UncheckedSendable(value: completion)
    self.init(whenCancelled, purpose) {
      let output = try await work()
      return { state in try completion.value(state, output) }
    }
  }

  /// The same, with a result that Lua can take as it is.
  @inlinable
  public init<Output: Sendable & LuaPushable>(
    whenCancelled: Cancellation = .abort, purpose: String = "the host",
    work: @escaping @Sendable () async throws -> Output
  ) {
    self.init(whenCancelled: whenCancelled, purpose: purpose, work: work) { state, output in
      try state.result(output)
    }
  }

  /// Waits for nothing: the results are there. As every async call, it raises in a task
  /// that was cancelled.
  public init(ready results: LuaResults) {
    kind = .ready(results)
  }

  /// What the others come to, when the compiler knows their types.
  @usableFromInline
  init(
    _ whenCancelled: Cancellation, _ purpose: String,
    _ work: @escaping @Sendable () async throws -> Completion
  ) {
    kind = .waiting(WorkWait(whenCancelled: whenCancelled, purpose: purpose, work: work))
  }

  /// Waits for something of the scheduler's own.
  init(_ wait: Wait) {
    kind = .waiting(wait)
  }
}

@available(*, unavailable)
extension LuaAsyncCall: Sendable {}

/// Carries the completion through the work's Swift task, which does not touch it, and
/// back to the thread of Lua, which calls it.
@usableFromInline
struct UncheckedSendable<Value>: @unchecked Sendable {
  @usableFromInline let value: Value

  @inlinable
  init(value: Value) {
    self.value = value
  }
}

/// What leaves the results of a piece of work.
@usableFromInline
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
  private var mailbox: Mailbox?
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
    mailbox = state.mailbox
    isStarting = true
    let swiftTask = state.run(self)
    isStarting = false
    if isOver { return }
    self.swiftTask = swiftTask
    if whenCancelled != .abort, let swiftTask {
      state.mailbox.keep(self, SwiftWork(task: swiftTask))
    }
  }

  /// Runs the work. Returns whether it has ended at once, on the thread of Lua.
  func runWork() async -> Bool {
    do {
      result = .success(try await work())
    } catch {
      result = .failure(error)
    }
    // It keeps this for ever where nobody collects it any more, so this lets go of it first.
    let mailbox = mailbox
    self.mailbox = nil
    // Only the thread of Lua looks at `isStarting`.
    if LuaState.current?.mailbox === mailbox, isStarting {
      return end()
    }
    mailbox?.post(ended: self)
    return false
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
