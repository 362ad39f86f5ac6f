/// `task.semaphore(n)`: at most n tasks at a time hold a permit.
///
/// `@unchecked Sendable`: belongs to the Lua thread.
final class TaskSemaphore: @unchecked Sendable {
  private let limit: Int
  private var free: Int
  private var queue = Queue<SemaphoreWait>()

  init(limit: Int) {
    self.limit = limit
    free = limit
  }

  func acquire() -> Wait {
    let wait = SemaphoreWait(self)
    if free > 0 {
      free -= 1
      _ = wait.end()
    } else {
      queue.append(wait)
    }
    return wait
  }

  /// Returns a permit, to the longest waiting task if there is one.
  func release(in state: LuaState) throws {
    if let next = queue.popFirst() { return state.end(next) }
    guard free < limit else {
      throw PositionedError(message: "the semaphore was released more often than acquired")
    }
    free += 1
  }

  func remove(_ wait: SemaphoreWait) {
    queue.removeAll { $0 === wait }
  }
}

final class SemaphoreWait: Wait, @unchecked Sendable {
  private let semaphore: TaskSemaphore
  init(_ semaphore: TaskSemaphore) { self.semaphore = semaphore }
  override var purpose: String { "a semaphore" }
  override func abandon() { semaphore.remove(self) }
  override func finish(in state: LuaState) throws -> LuaResults {
    try state.results(SemaphorePermit(semaphore))
  }
}

/// `local permit <close> = semaphore:acquire()`.
///
/// `@unchecked Sendable`: belongs to the Lua thread.
final class SemaphorePermit: @unchecked Sendable {
  private var semaphore: TaskSemaphore?
  init(_ semaphore: TaskSemaphore) { self.semaphore = semaphore }

  func release(in state: LuaState) throws {
    try semaphore?.release(in: state)
    semaphore = nil
  }
}

extension SemaphorePermit: LuaUserdata {
  static let luaType = LuaUserdataType<SemaphorePermit>(name: "permit") { type in
    type.method("release") { permit, call in
      try permit.release(in: call.state)
      return .none
    }
    type.metamethod("__close") { permit, call in
      try permit.release(in: call.state)
      return .none
    }
  }
}

extension TaskSemaphore: LuaUserdata {
  static let luaType = LuaUserdataType<TaskSemaphore>(name: "semaphore") { type in
    type.asyncMethod("acquire") { semaphore, _ in LuaAsyncCall(semaphore.acquire()) }
    type.method("release") { semaphore, call in
      try semaphore.release(in: call.state)
      return .none
    }
  }
}

extension TaskLibrary {
  static let semaphore = LuaNativeFunction { call in
    let limit = try call.integer(1)
    guard limit > 0 else { throw LuaArgumentError(1, "at least 1 expected") }
    return try call.results(TaskSemaphore(limit: limit))
  }
}
