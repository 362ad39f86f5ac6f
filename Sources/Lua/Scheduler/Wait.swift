/// What a script's call waits for.
///
/// `@unchecked Sendable`: everything belongs to the Lua thread, except `isPosted`, which the
/// mailbox's monitor guards, and what subclasses document.
class Wait: @unchecked Sendable {
  /// Identifies it to C.
  final var number: UInt64 = 0
  /// The task to resume when it is over; `nil` for a wait in place.
  final var task: LuaTask?
  /// The task that made the call.
  final var owner: LuaTask?
  final private(set) var isOver = false
  /// The error that the call raises instead of returning results.
  final private(set) var failure: (any Error)?
  /// Whether another thread has posted its end.
  final var isPosted = false
  /// Whether it is among the scheduler's timers.
  final var isTimed = false

  /// Names what it waits for in the deadlock error.
  var purpose: String { "something" }

  /// Whether something outside the scheduler ends it.
  var isExternal: Bool { false }

  /// Starts the work; may end the wait at once.
  func start(in state: LuaState) {}

  /// Pushes the results on the stack of the running `lua_State`.
  func finish(in state: LuaState) throws -> LuaResults { .none }

  /// Called when its timer fires.
  func timerFired(in state: LuaState) { state.end(self) }

  /// Called when nobody will take the results.
  func abandon() {}

  /// Ends it; false if it was over before.
  final func end(_ failure: (any Error)? = nil) -> Bool {
    if isOver { return false }
    isOver = true
    self.failure = failure
    return true
  }
}

/// The waits that C identifies by number. Numbers are never reused, so a coroutine that resumes too
/// late finds nothing.
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

  /// The waits that are not over.
  var pending: [Wait] {
    slots.compactMap { slot in slot.wait.flatMap { $0.isOver ? nil : $0 } }
  }
}

/// A sleep; a scheduler timer ends it.
final class SleepWait: Wait, @unchecked Sendable {
  let seconds: Double
  init(seconds: Double) { self.seconds = seconds }
  override var purpose: String { "a sleep of \(seconds) s" }
  override func start(in state: LuaState) {
    state.scheduler.timers.add(self, at: MonotonicClock.after(seconds: seconds))
  }
}

/// A timer that expires a task. Nobody waits for it.
final class DeadlineWait: Wait, @unchecked Sendable {
  private weak var target: LuaTask?
  init(of target: LuaTask) { self.target = target }
  override func timerFired(in state: LuaState) {
    state.end(self)
    if let target { state.expire(target) }
  }
}

/// The wait for the end of another task.
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

/// The wait for the end of all children of a main part.
final class ChildrenWait: Wait, @unchecked Sendable {
  let parent: LuaTask
  init(of parent: LuaTask) { self.parent = parent }

  override var purpose: String {
    let names = parent.unfinishedChildren.prefix(3).map(\.title)
    return "the end of its tasks (\(names.joined(separator: ", ")))"
  }
}
