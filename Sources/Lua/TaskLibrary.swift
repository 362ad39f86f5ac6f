import CLua

extension LuaState {
  /// Opens the library `task`: as a global variable, and for `require "task"`.
  public func openTaskLibrary() throws {
    let library = try makeTable([
      "spawn": TaskLibrary.spawn, "sleep": TaskLibrary.sleep,
      "semaphore": TaskLibrary.semaphore, "channel": TaskLibrary.channel,
    ])
    let prelude = try load(TaskLibrary.prelude, name: CLUA_TASK_CHUNK)
    try prelude.call(
      library, TaskLibrary.isTask, TaskLibrary.group, TaskLibrary.fault, TaskLibrary.raise,
      TaskLibrary.limit, TaskLibrary.isLate)
    try globals.set("task", to: library)
    try setModule("task", to: library)
  }
}

/// The functions of the library `task` that are not written in Lua.
enum TaskLibrary {
  /// `task.spawn(fn, …)`: a handle.
  static let spawn = LuaNativeFunction { call in
    guard call.type(1) == .function else { throw LuaArgumentError(1, expected: "function") }
    let state = call.state
    _ = try state.spawn(
      call.stack, arguments: Int32(call.count) - 1, maker: state.scheduler.current)
    return LuaResults(count: 1)
  }

  /// `task.sleep(seconds)`.
  static let sleep = LuaNativeFunction.async { call in
    let seconds = try call.number(1)
    guard seconds >= 0 else {
      throw LuaArgumentError(1, seconds < 0 ? "time is negative" : "time is no number")
    }
    return LuaAsyncCall(SleepWait(seconds: seconds))
  }

  static let isTask = LuaNativeFunction { call in
    call.results(call.userdataIfPresent(1, LuaTaskHandle.luaType) != nil)
  }

  /// Cancels a task when so many seconds are over.
  static let limit = LuaNativeFunction { call in
    let task = try call.userdata(1, LuaTaskHandle.luaType).task
    call.state.limit(task, within: try call.number(2))
    return .none
  }

  /// Whether that happened.
  static let isLate = LuaNativeFunction { call in
    call.results(try call.userdata(1, LuaTaskHandle.luaType).task.isLate)
  }

  static let group = LuaNativeFunction { call in try call.results(TaskGroup()) }

  /// An error object of a kind.
  static let fault = LuaNativeFunction { call in
    let kind: LuaError.Kind = try call.string(1) == "timeout" ? .timeout : .runtime
    let state = call.state
    return try call.results(
      ErrorObject(
        message: try state.position(level: 2) + call.string(2), kind: kind,
        traceback: try state.traceback(level: 2), underlying: nil))
  }

  /// Raises the error of the task at index 1, with the results at index 2 in its field
  /// `results`.
  static let raise = LuaNativeFunction { call in
    let task = try call.userdata(1, LuaTaskHandle.luaType).task
    let results = try call.value(2)
    guard var error = task.failure else { return .none }
    let state = call.state
    switch error.value {
    case .table(let table):
      try table.set("results", to: results)
    case .userdata(let userdata) where try userdata.value(ErrorObject.luaType) == nil:
      // An error object of the host's may have room for them.
      try? state.setField("results", of: error.value, to: results)
    default:
      let object = ErrorObject(
        message: error.message, kind: error.kind, traceback: error.traceback ?? "",
        underlying: error.underlying, results: results)
      error.value = try state.value(of: object)
      error.underlying = nil
    }
    throw RaisedValue(value: error.value)
  }
}

/// A Lua value to raise as it is.
struct RaisedValue: LuaErrorConvertible {
  var value: LuaValue
  func luaErrorValue(in state: LuaState) throws -> LuaValue { value }
}

extension LuaState {
  /// Sets a field of anything that lets itself be assigned to.
  func setField(_ name: String, of object: LuaValue, to value: LuaValue) throws {
    try balanced { stack in
      try push(object, stack)
      try push(value, stack)
      try setField(name, stack, table: -2)
    }
  }
}
