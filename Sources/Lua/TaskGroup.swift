import CLua

/// Tells in which order tasks end: what `task.all`, `any`, `map`, `settle` and `timeout`
/// are made of.
///
/// `@unchecked Sendable`: belongs to the thread of Lua.
final class TaskGroup: @unchecked Sendable {
  private(set) var ended: [Int] = []
  /// The scheduler keeps it while it lasts; its results may never be taken.
  private weak var wait: GroupWait?

  func add(_ task: LuaTask, index: Int) {
    task.isObserved = true
    if task.isOver {
      task.maker?.forgetChild(task)
      ended.append(index)
      return
    }
    task.watchers.append { [weak self] state, _ in
      guard let self else { return }
      ended.append(index)
      if let wait { state.end(wait) }
    }
  }

  func takeNext() -> Int? {
    wait = nil
    return ended.isEmpty ? nil : ended.removeFirst()
  }

  /// A wait for the next end.
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
