import CLua

/// A script's handle of a task: `handle:await()`, `handle:cancel()`, `handle.status`.
///
/// `@unchecked Sendable`: only the Lua thread uses handles.
struct LuaTaskHandle: @unchecked Sendable {
  let task: LuaTask

  init(_ task: LuaTask) {
    self.task = task
  }
}

extension LuaTaskHandle: LuaUserdata {
  static let luaType = LuaUserdataType<LuaTaskHandle>(name: "task") { type in
    type.property("status") { $0.task.status.rawValue }
    type.property("title") { $0.task.title }
    type.method("cancel") { handle, call in
      call.state.cancel(handle.task)
      return .none
    }
    type.method("outcome") { handle, call in
      try call.state.outcome(of: handle.task, call)
    }
    type.asyncMethod("await") { handle, call in
      LuaAsyncCall(try call.state.awaitWait(for: handle.task))
    }
    type.description { $0.task.title }
  }
}

extension LuaState {
  /// A wait for the end of a task, for a call whose argument 1 is its handle.
  func awaitWait(for task: LuaTask) throws -> Wait {
    if task === scheduler.current { throw PositionedError(message: "a task cannot await itself") }
    task.isObserved = true
    let wait = TaskWait(for: task) { state in try state.results(of: task, handle: 1) }
    if task.isOver {
      _ = wait.end()
      task.parent?.removeChild(task)
    } else {
      task.awaiters.append(wait)
    }
    return wait
  }

  /// Pushes true and the results of a completed task, or false and its error.
  func outcome(of task: LuaTask, _ call: borrowing LuaCall) throws -> LuaResults {
    guard task.isOver else { throw PositionedError(message: "the task has not ended") }
    lua_pushboolean(call.stack, task.status == .finished ? 1 : 0)
    do {
      return LuaResults(count: try results(of: task, handle: 1).count + 1)
    } catch {
      _ = pushError(error, call.stack)
      return LuaResults(count: 2)
    }
  }

  /// Pushes the results of a completed task, or throws its error.
  func results(of task: LuaTask, handle: Int32) throws -> LuaResults {
    let stack = try runningStack()
    switch task.status {
    case .cancelled:
      throw PositionedError(message: LuaTask.cancelMessage, kind: .cancelled)
    case .failed:
      throw task.failure ?? LuaError("the task failed")
    default: break
    }
    // The results are on the stack of the coroutine, the handle's user value.
    lua_getiuservalue(stack, handle, 1)
    let thread = lua_tothread(stack, -1)
    clua_pop(stack, 1)
    guard let thread else { return .none }
    let count = lua_gettop(thread)
    guard lua_checkstack(stack, count) != 0, lua_checkstack(thread, count) != 0 else {
      throw LuaError("too many results", kind: .memory)
    }
    for index in 1..<(count + 1) { lua_pushvalue(thread, index) }
    lua_xmove(thread, stack, count)
    return LuaResults(count: count)
  }
}
