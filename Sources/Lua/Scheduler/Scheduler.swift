import CLua

/// The state of the scheduler, which resumes tasks that are ready, ends waits that are due, and
/// detects deadlocks. <doc:TheScheduler> describes it.
///
/// Belongs to the Lua thread.
final class Scheduler {
  /// How many in-place waits may be nested, besides the main part's own.
  static let maximumNesting = 16

  var ready = Queue<LuaTask>()
  var timers = Timers()
  var waits = WaitTable()
  /// The number of pending external waits; while there are any, there is no deadlock.
  var externalCount = 0
  /// The running task or main part.
  var current: LuaTask?
  /// The number of nested in-place loops.
  var inPlaceDepth = 0
  var taskCount = 0
  var graceTimers = GraceTimers()
  /// Whether the interrupter has a deadline of the current task.
  var hasTaskDeadline = false
  /// How many tasks were resumed since the mailbox and the timers were last checked.
  var consecutiveResumes = 0
  /// The statement of a session that runs; 0 if none does.
  var foregroundStatement = 0
  /// Whether stdout is flushed before the thread sleeps: somebody looks at it.
  var flushesOutput = false
  /// Told before the thread sleeps, and when it has woken.
  var sleepObserver: (@Sendable (_ sleeps: Bool) -> Void)?
  /// Whether an interrupt was raised in a task and must still be raised in the main part.
  var hasPendingInterrupt = false
}

/// When the grace of cancelled tasks ends. All have the same grace, so they stay in order.
struct GraceTimers {
  private var entries: [(time: UInt64, task: LuaTask)] = []
  private var head = 0

  /// The earliest time of a task whose function still runs.
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

  /// Starts the wait of a call on L. Returns the number of results if they are ready, else the
  /// code that makes the trampoline wait.
  func begin(_ call: LuaAsyncCall, _ stack: OpaquePointer) throws -> Int32 {
    host?.pointee.running = stack
    let task = scheduler.current
    if let task, task.isCancelled, task.consumePendingCancel() {
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

  /// Pushes the results of a wait that is over.
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

  /// Ends a wait and makes its task ready. With a failure, the wait is abandoned.
  func end(_ wait: Wait, failure: (any Error)? = nil) {
    guard wait.end(failure) else { return }
    // Background work must not keep the task alive.
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

  /// Runs other tasks until the wait is over, for a call on L that cannot yield.
  func waitInPlace(for wait: Wait, _ stack: OpaquePointer) {
    if scheduler.inPlaceDepth > Scheduler.maximumNesting {
      return end(
        wait,
        failure: PositionedError(
          message: "too many nested waits (limit is \(Scheduler.maximumNesting))"))
    }
    let task = scheduler.current
    task?.inPlaceWaits.append(wait)
    scheduler.inPlaceDepth += 1
    defer {
      scheduler.inPlaceDepth -= 1
      task?.inPlaceWaits.removeLast()
      _ = switchTo(task)
    }
    while !wait.isOver {
      if let failure = takeInterrupt() { return end(wait, failure: failure) }
      step(stack, onDeadlock: { end(wait, failure: deadlockError()) })
    }
  }

  /// One step of a scheduler loop: resumes a task, or handles what has arrived, or sleeps. Calls
  /// `onDeadlock` if nothing can ever arrive; with `acceptsRuns` a new run still can.
  func step(_ stack: OpaquePointer, acceptsRuns: Bool = false, onDeadlock: () -> Void) {
    // Tasks that keep making each other ready must not starve the mailbox and the timers.
    if scheduler.consecutiveResumes < 64, let task = scheduler.ready.popFirst() {
      scheduler.consecutiveResumes += 1
      return resume(task, from: stack)
    }
    scheduler.consecutiveResumes = 0
    releaseReferences(stack)
    let delivery = mailbox.collect()
    for callback in delivery.callbacks { callback(self) }
    for wait in delivery.endedWaits { end(wait) }
    if expireTimers() || !delivery.isEmpty || !scheduler.ready.isEmpty { return }
    let time = [scheduler.timers.nextTime(), scheduler.graceTimers.nextTime()].compactMap { $0 }
      .min()
    if time == nil, scheduler.externalCount == 0, !acceptsRuns { return onDeadlock() }
    if scheduler.flushesOutput { clua_flush_output() }
    scheduler.sleepObserver?(true)
    mailbox.sleep(until: time, wakesForRuns: acceptsRuns)
    scheduler.sleepObserver?(false)
  }

  /// Tells whoever shows what a script waits for when the thread is about to sleep, and when it has
  /// woken: only between the two may others write to the script's terminal.
  package func observeSleep(_ observer: @escaping @Sendable (_ sleeps: Bool) -> Void) {
    scheduler.sleepObserver = observer
  }

  private func expireTimers() -> Bool {
    var found = false
    guard scheduler.timers.nextTime() != nil || scheduler.graceTimers.nextTime() != nil else {
      return false
    }
    let now = MonotonicClock.now
    while let wait = scheduler.timers.popDue(at: now) {
      wait.timerFired(in: self)
      found = true
    }
    while let task = scheduler.graceTimers.popDue(at: now) {
      endGrace(task)
      found = true
    }
    return found
  }

  /// The error of an interrupt that arrived while nothing ran. An interrupt that was raised in a
  /// task is raised in the main part again.
  private func takeInterrupt() -> (any Error)? {
    guard let host, !host.pointee.is_shielded else { return nil }
    if scheduler.hasPendingInterrupt, scheduler.inPlaceDepth == 1 {
      scheduler.hasPendingInterrupt = false
      return PositionedError(message: interruptText, kind: .interrupted)
    }
    let request = clua_get_request(host)
    if request == CLUA_RUNNING.rawValue { return nil }
    if request == CLUA_RAISE_ONCE.rawValue { clua_set_request(host, Int32(CLUA_RUNNING.rawValue)) }
    host.pointee.delivered += 1
    return PositionedError(message: interruptText, kind: .interrupted)
  }

  // MARK: Running tasks

  /// Resumes a task's coroutine and handles its yield, end or error.
  private func resume(_ task: LuaTask, from stack: OpaquePointer) {
    guard let thread = task.thread, let host, !task.hasEnded else { return }
    task.status = .running
    let previous = switchTo(task)
    let arguments = task.startArguments
    task.startArguments = 0
    var results: Int32 = 0
    let delivered = host.pointee.delivered
    let status = clua_resume(host, thread, stack, arguments, &results)
    if host.pointee.delivered != delivered { scheduler.hasPendingInterrupt = true }
    _ = switchTo(previous)
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

  /// Fails a task: closes its coroutine's to-be-closed variables first.
  private func fail(_ task: LuaTask, _ stack: OpaquePointer, _ known: LuaError?) {
    guard let thread = task.thread, let host else { return }
    var traceback: String?
    if !task.isCancelled, lua_checkstack(stack, CLUA_SLOTS) != 0 {
      if clua_traceback(stack, thread, nil, 0) == LUA_OK { traceback = text(stack, -1) }
      clua_pop(stack, 1)
    }
    let previous = switchTo(task)
    let status = clua_reset_thread(host, thread)
    // The `__tostring` of the error value runs there.
    _ = clua_switch(host, thread)
    var error = known ?? takeErrorCopy(status, thread)
    _ = clua_switch(host, stack)
    _ = switchTo(previous)
    if error.traceback == nil { error.traceback = traceback }
    bodyEnded(task, failure: error)
  }

  /// The error value on top of a coroutine's stack, which keeps it for later awaits.
  private func takeErrorCopy(_ status: Int32, _ thread: OpaquePointer) -> LuaError {
    if lua_checkstack(thread, 2 * CLUA_SLOTS) == 0 {
      return LuaError("stack overflow", kind: .memory)
    }
    if status == LUA_OK { return LuaError("the task was closed") }
    lua_pushvalue(thread, -1)
    return takeError(status, thread)
  }

  private func deadlockError() -> any Error {
    let lines = scheduler.waits.pending.prefix(20).map { wait in
      "\n\t\(wait.owner?.title ?? "the main script") waits for \(wait.purpose)"
    }
    return PositionedError(
      message: "deadlock: nothing can end these waits:" + lines.joined())
  }

  var interruptText: String {
    guard let host else { return "" }
    return withUnsafeBytes(of: host.pointee.message) { bytes in
      String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
  }
}
