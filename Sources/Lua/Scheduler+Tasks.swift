import CLua

extension LuaTask {
  static let cancelMessage = "task was cancelled"

  /// Whether a wait that begins now raises at once: a cancelled task learns of it by one
  /// wait, may wait in its closers for the grace, and then no more.
  func takeRefusalToWait() -> Bool {
    defer { owesCancel = false }
    return owesCancel || isOutOfGrace
  }
}

extension LuaError {
  /// Whether it says no more than that a task or a run is to end.
  fileprivate var isCancel: Bool {
    kind == .cancelled || kind == .interrupted || message.hasSuffix(LuaTask.cancelMessage)
  }
}

extension LuaState {
  /// A value of the host's that belongs to the task that runs now, or to the main part. Tasks that
  /// are made later inherit it.
  public var taskContext: AnyObject? {
    get { scheduler.current?.context }
    set { scheduler.current?.context = newValue }
  }

  // MARK: The life of a task

  /// Makes a task of a function and its arguments, which are the topmost values of L. It
  /// begins when its maker waits. The handle takes their place.
  func spawn(_ stack: OpaquePointer, arguments: Int32, maker: LuaTask?, place: String? = nil) throws
    -> LuaTask
  {
    guard lua_checkstack(stack, 2 * CLUA_SLOTS) != 0 else {
      throw LuaError("stack overflow", kind: .memory)
    }
    let base = lua_gettop(stack) - arguments
    try check(clua_new_thread(stack), stack)
    guard let thread = lua_tothread(stack, -1), lua_checkstack(thread, arguments + 1) != 0 else {
      throw LuaError("too many arguments", kind: .memory)
    }
    clua_insert(stack, base)
    lua_xmove(stack, thread, arguments + 1)
    clua_mark_task(thread)
    scheduler.taskCount += 1
    let number = scheduler.taskCount
    let place = place ?? callerPosition(stack)
    let task = LuaTask(number: number, place: place, thread: thread, maker: maker)
    do {
      try LuaTaskHandle.luaType.push(LuaTaskHandle(task), in: self, stack, userValues: 1)
      clua_insert(stack, -2)
      lua_setiuservalue(stack, -2, 1)
      lua_pushvalue(stack, -1)
      task.anchor = try takeReference(stack)
    } catch {
      maker?.drop(task)
      throw error
    }
    task.startArguments = arguments
    scheduler.ready.append(task)
    return task
  }

  private func callerPosition(_ stack: OpaquePointer) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 96) { buffer in
      clua_place(stack, 1, buffer.baseAddress, buffer.count)
      return buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
  }

  /// The function of a task has returned or raised. Its children end first: by
  /// themselves, or cancelled.
  func bodyEnded(_ task: LuaTask, failure: LuaError?) {
    task.hasEnded = true
    task.failure = failure
    task.wait = nil
    if failure != nil || task.isCancelled {
      for child in task.unfinishedChildren { cancel(child) }
    }
    // The last child's end may have completed it.
    if task.unfinishedCount == 0, !task.isOver { complete(task) }
  }

  private func complete(_ task: LuaTask) {
    if let wait = task.deadlineWait { end(wait) }
    task.deadlineWait = nil
    if task.isCancelled, task.failure != nil {
      task.status = .cancelled
    } else {
      task.status = task.failure == nil ? .finished : .failed
    }
    // What its closers raised while it was cancelled is no part of being cancelled.
    if task.status == .cancelled, let failure = task.failure, !failure.isCancel { report(task) }
    for child in task.takeUnseenFailures() { report(child) }
    if !task.awaiters.isEmpty { task.isObserved = true }
    let awaiters = task.awaiters
    task.awaiters = []
    for wait in awaiters { end(wait) }
    let watchers = task.watchers
    task.watchers = []
    for watcher in watchers { watcher(self, task) }
    task.anchor = nil
    guard let maker = task.maker else {
      if task.status == .failed, !task.isObserved { report(task) }
      return
    }
    if task.status != .failed || task.isObserved { maker.forgetChild(task) }
    maker.unfinishedCount -= 1
    guard maker.unfinishedCount == 0 else { return }
    if let wait = maker.childrenWait {
      end(wait)
    } else if maker.hasEnded, !maker.isOver {
      complete(maker)
    }
  }

  /// Tells of an error that nobody has seen.
  func report(_ task: LuaTask) {
    guard var error = task.failure else { return }
    let when = task.status == .cancelled ? ", which was cancelled" : ""
    error.message = "error in \(task.title)\(when): \(error.message)"
    unseenFailures += 1
    configuration.reportTaskError(error)
  }

  // MARK: Cancelling

  /// Cancels a task and its children: its wait raises, it may go on for the grace, and
  /// then every instruction raises.
  func cancel(_ task: LuaTask) {
    guard !task.isOver, !task.isCancelled else { return }
    task.isCancelled = true
    for child in task.unfinishedChildren { cancel(child) }
    if task.hasEnded { return }
    if task.status == .queued {
      task.failure = LuaError(LuaTask.cancelMessage, kind: .cancelled)
      return bodyEnded(task, failure: task.failure)
    }
    let graceEnd = MonotonicClock.after(configuration.grace)
    task.graceEnd = graceEnd
    scheduler.clocks.add(task, at: graceEnd)
    task.owesCancel = true
    failWaits(of: task)
  }

  /// The grace is over: from now on each instruction of the task raises.
  func loseGrace(_ task: LuaTask) {
    guard !task.isOver, !task.hasEnded else { return }
    task.isOutOfGrace = true
    failWaits(of: task)
  }

  /// Cancels a task when so many seconds are over, whether it waits or not. Holds for its
  /// children too.
  func limit(_ task: LuaTask, within seconds: Double) {
    guard !task.isOver else { return }
    let time = MonotonicClock.after(seconds: seconds)
    let wait = DeadlineWait(of: task)
    task.deadline = time
    task.deadlineWait = wait
    task.limit = min(time, task.limit ?? time)
    scheduler.timers.add(wait, at: time)
  }

  /// The time of a task has come.
  func expire(_ task: LuaTask) {
    guard !task.isOver else { return }
    task.isLate = true
    cancel(task)
  }

  /// Makes `task` the one whose code runs, with the times that hold for it. Returns the one that
  /// was.
  func enter(_ task: LuaTask?) -> LuaTask? {
    let previous = scheduler.current
    scheduler.current = task
    watch(task)
    return previous
  }

  private func watch(_ task: LuaTask?) {
    let time = task?.nextTime
    guard let host, time != nil || scheduler.isWatching else { return }
    scheduler.isWatching = time != nil
    interrupter.watch(until: time)
    let isInsisting = task?.isOutOfGrace == true
    clua_set_task_request(
      host, Int32((isInsisting ? CLUA_TASK_ALWAYS : CLUA_RUNNING).rawValue))
  }

  /// A time has come for the task whose code runs. Leaves an error value on the stack where it is
  /// to raise.
  func takeTaskTime(_ stack: OpaquePointer) -> Int32 {
    guard let host, let task = scheduler.current else {
      watch(nil)
      return 0
    }
    host.pointee.running = stack
    let now = MonotonicClock.now
    // The outermost first: it cancels those within.
    var late: LuaTask?
    var other: LuaTask? = task
    while let each = other {
      if let deadline = each.deadline, deadline <= now, !each.isCancelled { late = each }
      other = each.maker
    }
    if let late { expire(late) }
    if !task.isCancelled, let limit = task.limit, limit <= now { cancel(task) }
    if task.isCancelled, let end = task.graceEnd, end <= now { task.isOutOfGrace = true }
    watch(task)
    guard task.takeRefusalToWait() else { return 0 }
    // Out of grace it may come at every instruction: then a text has to do.
    let isOnce = !task.isOutOfGrace
    return pushError(
      PositionedError(message: LuaTask.cancelMessage, kind: isOnce ? .cancelled : .runtime),
      stack)
  }

  private func failWaits(of task: LuaTask) {
    let failure = PositionedError(message: LuaTask.cancelMessage, kind: .cancelled)
    for wait in [task.wait, task.placedWaits.last].compactMap({ $0 }) where !wait.isOver {
      task.owesCancel = false
      end(wait, failure: failure)
    }
  }

  // MARK: Main parts

  /// Runs `body` as a main part: its tasks belong to it and end before it does.
  func withMainPart<Result>(_ stack: OpaquePointer, _ body: () throws -> Result) throws -> Result {
    let part = LuaTask(number: 0, place: "", thread: nil, maker: nil)
    part.status = .running
    let previous = enter(part)
    defer { _ = enter(previous) }
    do {
      let result = try body()
      try awaitChildren(of: part, stack)
      return result
    } catch {
      for child in part.unfinishedChildren { cancel(child) }
      try? awaitChildren(of: part, stack)
      throw error
    }
  }

  /// Waits for all children of a main part; reports errors that nobody has seen.
  func awaitChildren(of part: LuaTask, _ stack: OpaquePointer) throws {
    defer { for child in part.takeUnseenFailures() { report(child) } }
    while part.unfinishedCount > 0 {
      let wait = ChildrenWait(of: part)
      wait.owner = part
      _ = scheduler.waits.add(wait)
      part.childrenWait = wait
      waitInPlace(for: wait, stack)
      part.childrenWait = nil
      scheduler.waits.remove(wait)
      guard let failure = wait.failure else { continue }
      for child in part.unfinishedChildren { cancel(child) }
      if let positioned = failure as? PositionedError {
        throw LuaError(positioned.message, kind: positioned.kind)
      }
      throw failure
    }
    if scheduler.owesInterrupt {
      scheduler.owesInterrupt = false
      throw LuaError(interruptText, kind: .interrupted)
    }
  }
}
