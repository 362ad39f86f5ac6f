/// A task: a coroutine that the scheduler runs, or the main part of a run, which has children but
/// no coroutine.
///
/// Belongs to the Lua thread.
final class LuaTask {
  enum Status: String {
    case queued, running, finished, failed, cancelled
  }

  let number: Int
  /// Where it was spawned: "script.lua:12".
  let origin: String
  /// `nil` for a main part.
  let thread: OpaquePointer?
  /// Keeps the handle, and with it the coroutine, alive until the task has ended.
  var anchor: LuaReference?
  private(set) weak var parent: LuaTask?
  /// Unfinished children, and failed children whose error has not been observed.
  private(set) var children: [Int: LuaTask] = [:]
  var unfinishedCount = 0

  var status = Status.queued
  /// The number of arguments on the coroutine's stack before its start.
  var startArguments: Int32 = 0
  /// Whether its function has returned or raised; children may still run.
  var hasEnded = false
  var failure: LuaError?
  var isCancelled = false
  /// When it times out, as set by ``LuaState/setTimeout(of:seconds:)``.
  var deadline: UInt64?
  var deadlineWait: DeadlineWait?
  var hasTimedOut = false
  /// The earliest deadline among it and its ancestors, while it is not cancelled.
  var effectiveDeadline: UInt64?
  /// When the grace of a cancelled task ends.
  var graceEnd: UInt64?
  /// Whether it is cancelled and has not raised for that yet.
  var hasPendingCancel = false
  /// Whether its grace has ended: every instruction raises.
  var isOutOfGrace = false
  /// Whether somebody asked for its result, and so observes its error.
  var isObserved = false

  /// The statement of a session that it belongs to; 0 outside sessions. A session's own part has
  /// that of the last one.
  var statement: Int
  /// Whether it is the part of a session, whose tasks go on between statements.
  var isSession = false
  let began = MonotonicClock.now

  /// See ``LuaState/taskContext``.
  var context: AnyObject?

  /// What its coroutine waits for.
  var wait: Wait?
  /// What it waits for in place, the innermost last.
  var inPlaceWaits: [Wait] = []
  var awaiters: [Wait] = []
  /// A main part's wait for its children.
  var childrenWait: ChildrenWait?
  var completionHandlers: [(LuaState, LuaTask) -> Void] = []

  init(number: Int, origin: String, thread: OpaquePointer?, parent: LuaTask?) {
    self.number = number
    self.origin = origin
    self.thread = thread
    self.parent = parent
    context = parent?.context
    statement = parent?.statement ?? 0
    effectiveDeadline = parent.flatMap { $0.isCancelled ? $0.graceEnd : $0.effectiveDeadline }
    if let parent {
      parent.children[number] = self
      parent.unfinishedCount += 1
    }
  }

  /// Its name in messages: "task 3 (script.lua:12)".
  var title: String {
    if thread == nil { return "the main script" }
    return origin.isEmpty ? "task \(number)" : "task \(number) (\(origin))"
  }

  /// When to interrupt it if it never waits; 0 means at every instruction.
  var nextDeadline: UInt64? {
    if isOutOfGrace { return 0 }
    return isCancelled ? graceEnd : effectiveDeadline
  }

  var isOver: Bool {
    switch status {
    case .queued, .running: false
    case .finished, .failed, .cancelled: true
    }
  }

  var unfinishedChildren: [LuaTask] {
    children.values.filter { !$0.isOver }.sorted { $0.number < $1.number }
  }

  /// Removes and returns the failed children whose error nobody has observed.
  func takeUnobservedFailures() -> [LuaTask] {
    defer { children = children.filter { !$0.value.isOver } }
    return children.values.filter { $0.status == .failed && !$0.isObserved }
      .sorted { $0.number < $1.number }
  }

  /// Removes a child that could not be started.
  func removeUnstarted(_ child: LuaTask) {
    children[child.number] = nil
    unfinishedCount -= 1
  }

  func removeChild(_ child: LuaTask) {
    children[child.number] = nil
  }
}
