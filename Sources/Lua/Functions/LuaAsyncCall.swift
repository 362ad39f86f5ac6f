import CLua

/// The asynchronous part of a script's call: the work, and a completion that turns its output into
/// results on the Lua thread.
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
/// If the results are known already, no Swift task is needed:
///
/// ```swift
/// LuaNativeFunction.async { call in
///   let name = try call.string(1)
///   if let known = cache[name] { return LuaAsyncCall(ready: try call.results(known)) }
///   return LuaAsyncCall { try await client.fetch(name) }
/// }
/// ```
public struct LuaAsyncCall {
  /// What happens to the work when the script stops waiting for it.
  public enum Cancellation: Sendable {
    /// The work's Swift task is cancelled.
    case abort
    /// The work continues in the background: ``LuaInterpreter/backgroundWorkCount`` counts it and
    /// ``LuaInterpreter/waitForBackgroundWork()`` waits for it.
    case finishInBackground
    /// Both: the work's Swift task is cancelled, and counted as background work until it has ended.
    /// For work that shields some of its steps from cancellation.
    case stopInBackground
  }

  enum Kind {
    case ready(LuaResults)
    case waiting(Wait)
  }

  let kind: Kind

  /// - Parameters:
  ///   - whenCancelled: what happens to the work when the waiting task is cancelled, times out or is
  ///     interrupted.
  ///   - purpose: names the work in a deadlock message: "an image".
  ///   - work: runs on the Lua thread until its first suspension, so it must not block.
  ///   - completion: pushes the results, on the Lua thread. Not called if the work throws or nobody
  ///     waits any more.
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

  /// The same, with the output as the only result.
  @inlinable
  public init<Output: Sendable & LuaPushable>(
    whenCancelled: Cancellation = .abort, purpose: String = "the host",
    work: @escaping @Sendable () async throws -> Output
  ) {
    self.init(whenCancelled: whenCancelled, purpose: purpose, work: work) { state, output in
      try state.result(output)
    }
  }

  /// Waits for nothing: the results are known. Like every async call it raises in a cancelled task.
  public init(ready results: LuaResults) {
    kind = .ready(results)
  }

  /// The common, type-erased initialiser.
  @usableFromInline
  init(
    _ whenCancelled: Cancellation, _ purpose: String,
    _ work: @escaping @Sendable () async throws -> Completion
  ) {
    kind = .waiting(WorkWait(whenCancelled: whenCancelled, purpose: purpose, work: work))
  }

  /// Waits for something inside the scheduler.
  init(_ wait: Wait) {
    kind = .waiting(wait)
  }
}

@available(*, unavailable)
extension LuaAsyncCall: Sendable {}

/// Carries the completion through the work's Swift task, which does not use it, back to the Lua
/// thread.
@usableFromInline
struct UncheckedSendable<Value>: @unchecked Sendable {
  @usableFromInline let value: Value

  @inlinable
  init(value: Value) {
    self.value = value
  }
}

/// Pushes the results of a work item.
@usableFromInline
typealias Completion = @Sendable (LuaState) throws -> LuaResults

/// The wait for a work item: an `async` Swift closure.
///
/// `@unchecked Sendable`: the work writes `result` before it posts the wait to the mailbox; the Lua
/// thread reads it after that. The rest belongs to the Lua thread.
final class WorkWait: Wait, @unchecked Sendable {
  private let whenCancelled: LuaAsyncCall.Cancellation
  private let purposeText: String
  private let work: @Sendable () async throws -> Completion
  private var result: Result<Completion, any Error>?
  private var swiftTask: Task<Void, Never>?
  private var mailbox: Mailbox?
  /// Whether the work is in its first, synchronous part. Only the Lua thread uses it.
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
      state.mailbox.trackBackground(self, SwiftWork(task: swiftTask))
    }
  }

  /// Runs the work. Returns whether it ended without leaving the Lua thread.
  func runWork() async -> Bool {
    do {
      result = .success(try await work())
    } catch {
      result = .failure(error)
    }
    // A closed interpreter's mailbox retains posted waits, so break the cycle.
    let mailbox = mailbox
    self.mailbox = nil
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
