/// A task: a coroutine that the scheduler runs, or a script's main part, which may have
/// children but is no coroutine.
///
/// Belongs to the thread of Lua.
final class LuaTask {
  enum Status: String {
    case queued, running, finished, failed, cancelled
  }

  let number: Int
  /// Where it was made: "script.lua:12".
  let place: String
  /// Its coroutine; `nil` for a main part.
  let thread: OpaquePointer?
  /// Keeps the handle, and with it the coroutine, alive until the task has ended.
  var anchor: LuaReference?
  private(set) weak var maker: LuaTask?
  /// Living children, and dead ones whose error nobody has seen.
  private(set) var children: [Int: LuaTask] = [:]
  var unfinishedCount = 0

  var status = Status.queued
  /// The arguments that wait on the coroutine's stack for its start.
  var startArguments: Int32 = 0
  /// Whether its function has returned or raised; children may still run.
  var hasEnded = false
  /// Why it failed.
  var failure: LuaError?
  var isCancelled = false
  /// When it is cancelled because it takes too long, as ``LuaState/limit(_:within:)`` has set it.
  var deadline: UInt64?
  /// The wait for that time.
  var deadlineWait: DeadlineWait?
  /// Whether that time came before its end.
  var isLate = false
  /// The earliest deadline of it and of those that it works for, as long as it is not cancelled.
  var limit: UInt64?
  /// When a cancelled task is out of grace.
  var graceEnd: UInt64?
  /// Whether no wait of it has raised for its cancel yet.
  var owesCancel = false
  /// Whether it was cancelled so long ago that every instruction of it raises.
  var isOutOfGrace = false
  /// Whether somebody has asked for its result, and so learns of its error.
  var isObserved = false

  /// What the host keeps for it: its maker's, until it is given another.
  var context: AnyObject?

  /// What its coroutine waits for.
  var wait: Wait?
  /// What it waits for in scheduler loops of its own, the innermost last.
  var placedWaits: [Wait] = []
  var awaiters: [Wait] = []
  /// The wait for its children, of a main part.
  var childrenWait: ChildrenWait?
  /// Are told of its end.
  var watchers: [(LuaState, LuaTask) -> Void] = []

  init(number: Int, place: String, thread: OpaquePointer?, maker: LuaTask?) {
    self.number = number
    self.place = place
    self.thread = thread
    self.maker = maker
    context = maker?.context
    limit = maker.flatMap { $0.isCancelled ? $0.graceEnd : $0.limit }
    if let maker {
      maker.children[number] = self
      maker.unfinishedCount += 1
    }
  }

  /// What it is called in messages: "task 3 (script.lua:12)".
  var title: String {
    if thread == nil { return "the main script" }
    return place.isEmpty ? "task \(number)" : "task \(number) (\(place))"
  }

  /// When it has to be told that a time has come, even if it never waits; 0 is always.
  var nextTime: UInt64? {
    if isOutOfGrace { return 0 }
    return isCancelled ? graceEnd : limit
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

  /// The children that failed and that nobody asked; they are forgotten.
  func takeUnseenFailures() -> [LuaTask] {
    defer { children = children.filter { !$0.value.isOver } }
    return children.values.filter { $0.status == .failed && !$0.isObserved }
      .sorted { $0.number < $1.number }
  }

  /// Forgets a child that never came to be.
  func drop(_ child: LuaTask) {
    children[child.number] = nil
    unfinishedCount -= 1
  }

  func forgetChild(_ child: LuaTask) {
    children[child.number] = nil
  }
}
