import CLua

/// Runs tasks: resumes what is ready, ends what is due, and knows when nothing can go on.
///
/// Belongs to the thread of Lua.
final class Scheduler {
  /// How many waits may be nested where Lua cannot yield, above the main part's own.
  static let maximumNesting = 16

  var ready = Queue<LuaTask>()
  var timers = Timers()
  var waits = WaitTable()
  /// Waits that something outside will end.
  var externalCount = 0
  /// What makes the calls that run now.
  var current: LuaTask?
  /// How many loops run in place.
  var depth = 0
  /// The waits of those loops, the innermost last.
  var placed: [Wait] = []
  var taskCount = 0
  var clocks = CancelClocks()
  /// Whether the interrupter was given a time of the current task.
  var isWatching = false
  /// How many tasks were resumed since the last look at what has arrived and what is due.
  var resumedInARow = 0
  /// Whether an interrupt has met a task and the main part has yet to learn of it.
  var owesInterrupt = false
}

/// When cancelled tasks have used up their grace. The grace is always the same, so they
/// stay in order.
struct CancelClocks {
  private var entries: [(time: UInt64, task: LuaTask)] = []
  private var head = 0

  /// The earliest time of a task that has not ended.
  mutating func nextTime() -> UInt64? {
    while head < entries.count, entries[head].task.hasEnded { head += 1 }
    if head == entries.count {
      entries.removeAll()
      head = 0
      return nil
    }
    return entries[head].time
  }

  mutating func add(_ task: LuaTask, at time: UInt64) {
    entries.append((time, task))
  }

  mutating func popDue(at now: UInt64) -> LuaTask? {
    guard let time = nextTime(), time <= now else { return nil }
    head += 1
    return entries[head - 1].task
  }
}

extension LuaState {
  // MARK: Waiting

  /// Begins what the call that runs on L waits for: the number of results where they are
  /// there at once, else the code that makes the trampoline wait.
  func begin(_ call: LuaAsyncCall, _ stack: OpaquePointer) throws -> Int32 {
    host?.pointee.running = stack
    let task = scheduler.current
    if let task, task.isCancelled, task.takeRefusalToWait() {
      throw PositionedError(message: LuaTask.cancelMessage, kind: .cancelled)
    }
    switch call.kind {
    case .ready(let results): return results.count
    case .waiting(let wait): return try begin(wait, for: task)
    }
  }

  private func begin(_ wait: Wait, for task: LuaTask?) throws -> Int32 {
    wait.start(in: self)
    if wait.isOver { return try finish(wait).count }
    wait.owner = task
    if wait.isExternal { scheduler.externalCount += 1 }
    host?.pointee.wait = scheduler.waits.add(wait)
    return CLUA_WAIT
  }

  /// Leaves the results of a wait that is over.
  func takeResults(of number: UInt64, _ stack: OpaquePointer) -> Int32 {
    guard let wait = scheduler.waits[number] else {
      return pushError(PositionedError(message: "this wait is over"), stack)
    }
    guard wait.isOver else { return CLUA_WAIT }
    scheduler.waits.remove(wait)
    do {
      return try finish(wait).count
    } catch {
      return pushError(error, stack)
    }
  }

  private func finish(_ wait: Wait) throws -> LuaResults {
    if let failure = wait.failure { throw failure }
    return try wait.finish(in: self)
  }

  /// Ends a wait and makes who waits ready. With a failure, what it waited for is left
  /// alone.
  func end(_ wait: Wait, failure: (any Error)? = nil) {
    guard wait.end(failure) else { return }
    // Work that goes on must not keep the task alive.
    wait.owner = nil
    if wait.isExternal { scheduler.externalCount -= 1 }
    if wait.isTimed { scheduler.timers.noteEnd(of: wait) }
    if failure != nil { wait.abandon() }
    if let task = wait.task {
      wait.task = nil
      task.wait = nil
      scheduler.ready.append(task)
    }
  }

  /// Runs other tasks until the wait is over, on behalf of a call on L that cannot yield.
  func waitInPlace(for wait: Wait, _ stack: OpaquePointer) {
    if scheduler.depth > Scheduler.maximumNesting {
      return end(
        wait,
        failure: PositionedError(
          message: "too many waits inside each other (limit is \(Scheduler.maximumNesting))"))
    }
    let task = scheduler.current
    task?.placedWaits.append(wait)
    scheduler.placed.append(wait)
    scheduler.depth += 1
    defer {
      scheduler.depth -= 1
      scheduler.placed.removeLast()
      task?.placedWaits.removeLast()
      _ = enter(task)
    }
    while !wait.isOver {
      if let failure = takeInterrupt() { return end(wait, failure: failure) }
      turn(stack, whenStuck: { end(wait, failure: deadlock(of: wait)) })
    }
  }

  /// One step of a loop: resumes a task, or takes what arrived, or sleeps.
  func turn(_ stack: OpaquePointer, takesJobs: Bool = false, whenStuck: () -> Void) {
    // Tasks that make each other ready for ever must not keep others from their results.
    if scheduler.resumedInARow < 64, let task = scheduler.ready.popFirst() {
      scheduler.resumedInARow += 1
      return resume(task, from: stack)
    }
    scheduler.resumedInARow = 0
    releaseReferences(stack)
    let delivery = mailbox.collect()
    for errand in delivery.errands { errand(self) }
    for wait in delivery.endedWaits { end(wait) }
    if expireTimers() || !delivery.isEmpty || !scheduler.ready.isEmpty { return }
    let time = [scheduler.timers.nextTime(), scheduler.clocks.nextTime()].compactMap { $0 }.min()
    if time == nil, scheduler.externalCount == 0, !takesJobs { return whenStuck() }
    mailbox.sleep(until: time, jobs: takesJobs)
  }

  private func expireTimers() -> Bool {
    var found = false
    guard scheduler.timers.nextTime() != nil || scheduler.clocks.nextTime() != nil else {
      return false
    }
    let now = MonotonicClock.now
    while let wait = scheduler.timers.popDue(at: now) {
      wait.timeHasCome(in: self)
      found = true
    }
    while let task = scheduler.clocks.popDue(at: now) {
      loseGrace(task)
      found = true
    }
    return found
  }

  /// The error of an interrupt that arrived while nothing ran, or that met a task: it is
  /// meant for the main part too.
  private func takeInterrupt() -> (any Error)? {
    guard let host else { return nil }
    if scheduler.owesInterrupt, scheduler.depth == 1 {
      scheduler.owesInterrupt = false
      return PositionedError(message: interruptText, kind: .interrupted)
    }
    let request = clua_get_request(host)
    if request == CLUA_RUNNING.rawValue { return nil }
    if request == CLUA_RAISE_ONCE.rawValue { clua_set_request(host, Int32(CLUA_RUNNING.rawValue)) }
    host.pointee.delivered += 1
    return PositionedError(message: interruptText, kind: .interrupted)
  }

  // MARK: Running tasks

  /// Resumes a task's coroutine and acts on how it comes back.
  private func resume(_ task: LuaTask, from stack: OpaquePointer) {
    guard let thread = task.thread, let host, !task.hasEnded else { return }
    task.status = .running
    let previous = enter(task)
    let arguments = task.startArguments
    task.startArguments = 0
    var results: Int32 = 0
    let delivered = host.pointee.delivered
    let status = clua_resume(host, thread, stack, arguments, &results)
    if host.pointee.delivered != delivered { scheduler.owesInterrupt = true }
    _ = enter(previous)
    switch status {
    case LUA_OK: bodyEnded(task, failure: nil)
    case LUA_YIELD:
      if clua_take_wait(host, thread), let wait = scheduler.waits[host.pointee.wait] {
        park(task, for: wait)
      } else {
        clua_pop(thread, results)
        fail(task, stack, LuaError("attempt to yield from outside a coroutine"))
      }
    default: fail(task, stack, nil)
    }
  }

  private func park(_ task: LuaTask, for wait: Wait) {
    if wait.isOver { return scheduler.ready.append(task) }
    task.wait = wait
    wait.task = task
  }

  /// Ends a task whose coroutine raised, or is to: its pending variables are closed.
  private func fail(_ task: LuaTask, _ stack: OpaquePointer, _ known: LuaError?) {
    guard let thread = task.thread, let host else { return }
    var traceback: String?
    if !task.isCancelled, lua_checkstack(stack, CLUA_SLOTS) != 0 {
      if clua_traceback(stack, thread, nil, 0) == LUA_OK { traceback = text(stack, -1) }
      clua_pop(stack, 1)
    }
    let previous = enter(task)
    let status = clua_reset_thread(host, thread)
    // The error object may make its text there.
    _ = clua_switch(host, thread)
    var error = known ?? takeErrorCopy(status, thread)
    _ = clua_switch(host, stack)
    _ = enter(previous)
    if error.traceback == nil { error.traceback = traceback }
    bodyEnded(task, failure: error)
  }

  /// The error value on top of a coroutine's stack, which stays there for those who
  /// await the task.
  private func takeErrorCopy(_ status: Int32, _ thread: OpaquePointer) -> LuaError {
    if lua_checkstack(thread, 2 * CLUA_SLOTS) == 0 {
      return LuaError("stack overflow", kind: .memory)
    }
    if status == LUA_OK { return LuaError("the task was closed") }
    lua_pushvalue(thread, -1)
    return takeError(status, thread)
  }

  /// A deadlock's error for one who waits in a loop of its own.
  func deadlock(of wait: Wait) -> any Error {
    PositionedError(message: deadlockMessage())
  }

  func deadlockMessage() -> String {
    let lines = scheduler.waits.pending.prefix(20).map { wait in
      "\n\t\(wait.owner?.title ?? "the main script") waits for \(wait.purpose)"
    }
    return "deadlock: nothing can end these waits:" + lines.joined()
  }

  var interruptText: String {
    guard let host else { return "" }
    return withUnsafeBytes(of: host.pointee.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
