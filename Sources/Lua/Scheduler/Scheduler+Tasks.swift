import CLua

extension LuaTask {
  static let cancelMessage = "task was cancelled"

  /// Whether a wait that begins now raises at once. The first wait of a cancelled task raises; its
  /// closers may then wait until the grace ends.
  func consumePendingCancel() -> Bool {
    defer { hasPendingCancel = false }
    return hasPendingCancel || isOutOfGrace
  }
}

extension LuaError {
  /// Whether it only reports a cancel or an interrupt.
  fileprivate var isCancel: Bool {
    kind == .cancelled || kind == .interrupted || message.hasSuffix(LuaTask.cancelMessage)
  }
}

extension LuaState {
  /// A host value that belongs to the running task, or to the main part. Tasks inherit it when
  /// they are spawned.
  public var taskContext: AnyObject? {
    get { scheduler.current?.context }
    set { scheduler.current?.context = newValue }
  }

  // MARK: Starting and ending a task

  /// Makes a task of a function and its arguments, the topmost values of L, and replaces them with
  /// its handle. The task starts when its parent waits.
  func spawn(_ stack: OpaquePointer, arguments: Int32, parent: LuaTask?, origin: String? = nil)
    throws
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
    let origin = origin ?? callerPosition(stack)
    let task = LuaTask(number: number, origin: origin, thread: thread, parent: parent)
    do {
      try LuaTaskHandle.luaType.push(LuaTaskHandle(task), in: self, stack, userValues: 1)
      clua_insert(stack, -2)
      lua_setiuservalue(stack, -2, 1)
      lua_pushvalue(stack, -1)
      task.anchor = try takeReference(stack)
    } catch {
      parent?.removeUnstarted(task)
      throw error
    }
    task.startArguments = arguments
    scheduler.ready.append(task)
    return task
  }

  private func callerPosition(_ stack: OpaquePointer) -> String {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 96) { buffer in
      clua_write_position(stack, 1, buffer.baseAddress, buffer.count)
      return buffer.baseAddress.map { String(cString: $0) } ?? ""
    }
  }

  /// Call when a task's function has returned or raised. The task completes when its children
  /// have; after an error or a cancel they are cancelled.
  func bodyEnded(_ task: LuaTask, failure: LuaError?) {
    task.hasEnded = true
    task.failure = failure
    task.wait = nil
    if failure != nil || task.isCancelled {
      for child in task.unfinishedChildren { cancel(child) }
    }
    // The last cancelled child may have completed it.
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
    // An error of its closers is not the cancel itself.
    if task.status == .cancelled, let failure = task.failure, !failure.isCancel { report(task) }
    for child in task.takeUnobservedFailures() { report(child) }
    if !task.awaiters.isEmpty { task.isObserved = true }
    let awaiters = task.awaiters
    task.awaiters = []
    for wait in awaiters { end(wait) }
    let completionHandlers = task.completionHandlers
    task.completionHandlers = []
    for handler in completionHandlers { handler(self, task) }
    task.anchor = nil
    guard let parent = task.parent else {
      if task.status == .failed, !task.isObserved { report(task) }
      return
    }
    if parent.isSession, task.status == .failed, !task.isObserved {
      // The session may last for hours.
      report(task)
      parent.removeChild(task)
    }
    if task.status != .failed || task.isObserved { parent.removeChild(task) }
    parent.unfinishedCount -= 1
    guard parent.unfinishedCount == 0 else { return }
    if let wait = parent.childrenWait {
      end(wait)
    } else if parent.hasEnded, !parent.isOver {
      complete(parent)
    }
  }

  /// Reports an error that nobody has observed.
  func report(_ task: LuaTask) {
    guard var error = task.failure else { return }
    let when = task.status == .cancelled ? ", which was cancelled" : ""
    error.message = "error in \(task.title)\(when): \(error.message)"
    unobservedFailures += 1
    configuration.reportTaskError(error)
  }

  // MARK: Cancelling

  /// Cancels a task and its children. Its wait raises; after the grace every instruction raises.
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
    scheduler.graceTimers.add(task, at: graceEnd)
    task.hasPendingCancel = true
    failWaits(of: task)
  }

  /// From now on every instruction of the task raises.
  func endGrace(_ task: LuaTask) {
    guard !task.isOver, !task.hasEnded else { return }
    task.isOutOfGrace = true
    failWaits(of: task)
  }

  /// Cancels a task and its children after `seconds`, whether it waits or runs.
  func setTimeout(of task: LuaTask, seconds: Double) {
    guard !task.isOver else { return }
    let time = MonotonicClock.after(seconds: seconds)
    let wait = DeadlineWait(of: task)
    task.deadline = time
    task.deadlineWait = wait
    task.effectiveDeadline = min(time, task.effectiveDeadline ?? time)
    scheduler.timers.add(wait, at: time)
  }

  /// Cancels a task whose deadline has passed.
  func expire(_ task: LuaTask) {
    guard !task.isOver else { return }
    task.hasTimedOut = true
    cancel(task)
  }

  /// Makes `task` the running one and sets its deadline. Returns the previous one.
  func switchTo(_ task: LuaTask?) -> LuaTask? {
    let previous = scheduler.current
    scheduler.current = task
    let statement = task?.statement ?? 0
    host?.pointee.is_shielded = statement != 0 && statement != scheduler.foregroundStatement
    updateTaskDeadline(task)
    return previous
  }

  private func updateTaskDeadline(_ task: LuaTask?) {
    let time = task?.nextDeadline
    guard let host, time != nil || scheduler.hasTaskDeadline else { return }
    scheduler.hasTaskDeadline = time != nil
    interrupter.setTaskDeadline(time)
    let raisesAlways = task?.isOutOfGrace == true
    clua_set_task_request(
      host, Int32((raisesAlways ? CLUA_TASK_ALWAYS : CLUA_RUNNING).rawValue))
    // That may have withdrawn the request of a callback.
    if !raisesAlways, mailbox.hasUrgentCallbacks {
      clua_set_task_request(host, Int32(CLUA_TASK_DUE.rawValue))
    }
  }

  /// Handles a deadline of the running task: the callback `task_due`. Pushes an error value if the
  /// task must raise.
  func handleTaskDue(_ stack: OpaquePointer) -> Int32 {
    // Withdraw the request first: one that comes while the callbacks run must stay.
    if let host { clua_set_task_request(host, Int32(CLUA_RUNNING.rawValue)) }
    for callback in mailbox.takeUrgentCallbacks() { callback(self) }
    guard let host, let task = scheduler.current else {
      updateTaskDeadline(nil)
      return 0
    }
    host.pointee.running = stack
    let now = MonotonicClock.now
    // Expire the outermost late task: that cancels its children too.
    var late: LuaTask?
    var other: LuaTask? = task
    while let each = other {
      if let deadline = each.deadline, deadline <= now, !each.isCancelled { late = each }
      other = each.parent
    }
    if let late { expire(late) }
    if !task.isCancelled, let time = task.effectiveDeadline, time <= now { cancel(task) }
    if task.isCancelled, let end = task.graceEnd, end <= now { task.isOutOfGrace = true }
    updateTaskDeadline(task)
    guard task.consumePendingCancel() else { return 0 }
    // Out of grace this runs at every instruction, so a string must do.
    let isOnce = !task.isOutOfGrace
    return pushError(
      PositionedError(message: LuaTask.cancelMessage, kind: isOnce ? .cancelled : .runtime),
      stack)
  }

  private func failWaits(of task: LuaTask) {
    let failure = PositionedError(message: LuaTask.cancelMessage, kind: .cancelled)
    for wait in [task.wait, task.inPlaceWaits.last].compactMap({ $0 }) where !wait.isOver {
      task.hasPendingCancel = false
      end(wait, failure: failure)
    }
  }

  // MARK: Main parts

  /// Runs `body` as a main part: waits for the tasks that it spawns.
  func withMainPart<Result>(_ stack: OpaquePointer, _ body: () throws -> Result) throws -> Result {
    let part = LuaTask(number: 0, origin: "", thread: nil, parent: nil)
    part.status = .running
    let previous = switchTo(part)
    defer { _ = switchTo(previous) }
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

  /// Waits for all children of a main part; reports errors that nobody has observed.
  func awaitChildren(of part: LuaTask, _ stack: OpaquePointer) throws {
    defer { for child in part.takeUnobservedFailures() { report(child) } }
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
    if scheduler.hasPendingInterrupt {
      scheduler.hasPendingInterrupt = false
      throw LuaError(interruptText, kind: .interrupted)
    }
  }
}
