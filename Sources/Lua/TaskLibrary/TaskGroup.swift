import CLua

/// Reports the order in which tasks complete, for `task.all`, `any`, `map`, `settle` and `timeout`.
///
/// `@unchecked Sendable`: belongs to the Lua thread.
final class TaskGroup: @unchecked Sendable {
  private(set) var ended: [Int] = []
  /// Weak: the scheduler retains it while it is pending.
  private weak var wait: GroupWait?

  func add(_ task: LuaTask, index: Int) {
    task.isObserved = true
    if task.isOver {
      task.parent?.removeChild(task)
      ended.append(index)
      return
    }
    task.completionHandlers.append { [weak self] state, _ in
      guard let self else { return }
      ended.append(index)
      if let wait { state.end(wait) }
    }
  }

  func takeNext() -> Int? {
    wait = nil
    return ended.isEmpty ? nil : ended.removeFirst()
  }

  /// A wait for the next task to complete.
  func next() -> Wait {
    let wait = GroupWait(self)
    if ended.isEmpty { self.wait = wait } else { _ = wait.end() }
    return wait
  }
}

final class GroupWait: Wait, @unchecked Sendable {
  private let group: TaskGroup

  init(_ group: TaskGroup) {
    self.group = group
  }

  override var purpose: String { "its tasks" }
  override func finish(in state: LuaState) throws -> LuaResults {
    try state.results(group.takeNext())
  }
}

extension TaskGroup: LuaUserdata {
  static let luaType = LuaUserdataType<TaskGroup>(name: "task group") { type in
    type.method("add") { group, call in
      group.add(try call.userdata(2, LuaTaskHandle.luaType).task, index: try call.integer(3))
      return .none
    }
    type.asyncMethod("next") { group, _ in LuaAsyncCall(group.next()) }
  }
}
