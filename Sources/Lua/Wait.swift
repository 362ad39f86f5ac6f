/// Something that a script's call waits for before it has results.
///
/// `@unchecked Sendable`: everything belongs to the thread of Lua, but for `isPosted`,
/// which the lock of the mailbox guards, and what subclasses say of themselves.
class Wait: @unchecked Sendable {
  /// The number by which C knows it.
  final var number: UInt64 = 0
  /// The task to resume when it is over; `nil` where a scheduler loop waits in place.
  final var task: LuaTask?
  /// The task that made the call.
  final var owner: LuaTask?
  final private(set) var isOver = false
  /// Why the call raises instead of having results.
  final private(set) var failure: (any Error)?
  /// Whether other threads have said that it ended.
  final var isPosted = false
  /// Whether it is among the scheduler's timers.
  final var isTimed = false

  /// What is waited for, in the words of the deadlock error.
  var purpose: String { "something" }

  /// Whether something outside of the scheduler will end it.
  var isExternal: Bool { false }

  /// Starts what is waited for; may end the wait at once.
  func start(in state: LuaState) {}

  /// Leaves the results on the stack of the running `lua_State`.
  func finish(in state: LuaState) throws -> LuaResults { .none }

  /// Its time among the scheduler's timers has come.
  func timeHasCome(in state: LuaState) { state.end(self) }

  /// The call will not take the results.
  func abandon() {}

  /// Ends it; false where it was over before.
  final func end(_ failure: (any Error)? = nil) -> Bool {
    if isOver { return false }
    isOver = true
    self.failure = failure
    return true
  }
}

/// The waits that C knows by number. A number is never used twice, so a coroutine that
/// comes back too late finds nothing.
struct WaitTable {
  private var slots: [(wait: Wait?, generation: UInt32)] = []
  private var free: [Int] = []

  mutating func add(_ wait: Wait) -> UInt64 {
    let index: Int
    if let last = free.popLast() {
      index = last
    } else {
      index = slots.count
      slots.append((nil, 0))
    }
    slots[index].wait = wait
    wait.number = UInt64(slots[index].generation) << 32 | UInt64(index)
    return wait.number
  }

  subscript(number: UInt64) -> Wait? {
    let index = Int(number & 0xffff_ffff)
    guard index < slots.count, slots[index].generation == UInt32(number >> 32) else { return nil }
    return slots[index].wait
  }

  mutating func remove(_ wait: Wait) {
    let index = Int(wait.number & 0xffff_ffff)
    guard index < slots.count, slots[index].wait === wait else { return }
    slots[index].wait = nil
    slots[index].generation &+= 1
    free.append(index)
  }

  /// All that are not over.
  var pending: [Wait] {
    slots.compactMap { slot in slot.wait.flatMap { $0.isOver ? nil : $0 } }
  }
}

/// A sleep, ended by the scheduler's clock.
final class SleepWait: Wait, @unchecked Sendable {
  let seconds: Double
  init(seconds: Double) { self.seconds = seconds }
  override var purpose: String { "a sleep of \(seconds) s" }
  override func start(in state: LuaState) {
    state.scheduler.timers.add(self, at: MonotonicClock.after(seconds: seconds))
  }
}

/// The time at which a task has taken too long. Nobody waits for it.
final class DeadlineWait: Wait, @unchecked Sendable {
  private weak var target: LuaTask?
  init(of target: LuaTask) { self.target = target }
  override func timeHasCome(in state: LuaState) {
    state.end(self)
    if let target { state.expire(target) }
  }
}

/// The end of another task.
final class TaskWait: Wait, @unchecked Sendable {
  let target: LuaTask
  private let results: (LuaState) throws -> LuaResults

  init(for target: LuaTask, results: @escaping (LuaState) throws -> LuaResults) {
    self.target = target
    self.results = results
  }

  override var purpose: String { target.title }
  override func finish(in state: LuaState) throws -> LuaResults { try results(state) }
  override func abandon() { target.awaiters.removeAll { $0 === self } }
}

/// The end of all children of a task or of the main script.
final class ChildrenWait: Wait, @unchecked Sendable {
  let parent: LuaTask
  init(of parent: LuaTask) { self.parent = parent }

  override var purpose: String {
    let names = parent.unfinishedChildren.prefix(3).map(\.title)
    return "the end of its tasks (\(names.joined(separator: ", ")))"
  }
}
