import CLua

extension LuaState {
  /// Opens the library `task` as a global variable and for `require "task"`.
  func openTaskLibrary() throws {
    let library = try makeTable([
      "spawn": TaskLibrary.spawn, "sleep": TaskLibrary.sleep,
      "semaphore": TaskLibrary.semaphore, "channel": TaskLibrary.channel,
    ])
    let prelude = try load(TaskLibrary.prelude, name: CLUA_TASK_CHUNK)
    try prelude.call(
      library, TaskLibrary.isTask, TaskLibrary.group, TaskLibrary.makeError,
      TaskLibrary.raiseWithResults, TaskLibrary.setTimeout, TaskLibrary.hasTimedOut)
    try globals.set("task", to: library)
    try setModule("task", to: library)
  }
}

/// The functions of the library `task` that are not written in Lua.
enum TaskLibrary {
  /// `task.spawn(fn, …)`: returns a handle.
  static let spawn = LuaNativeFunction { call in
    guard call.type(1) == .function else { throw LuaArgumentError(1, expected: "function") }
    let state = call.state
    _ = try state.spawn(
      call.stack, arguments: Int32(call.count) - 1, parent: state.scheduler.current)
    return LuaResults(count: 1)
  }

  /// `task.sleep(seconds)`.
  static let sleep = LuaNativeFunction.async { call in
    let seconds = try call.number(1)
    guard seconds >= 0 else {
      throw LuaArgumentError(1, seconds < 0 ? "time is negative" : "time is not a number")
    }
    return LuaAsyncCall(SleepWait(seconds: seconds))
  }

  static let isTask = LuaNativeFunction { call in
    call.results(call.userdataIfPresent(1, LuaTaskHandle.luaType) != nil)
  }

  /// Cancels the task at index 1 after the seconds at index 2.
  static let setTimeout = LuaNativeFunction { call in
    let task = try call.userdata(1, LuaTaskHandle.luaType).task
    call.state.setTimeout(of: task, seconds: try call.number(2))
    return .none
  }

  static let hasTimedOut = LuaNativeFunction { call in
    call.results(try call.userdata(1, LuaTaskHandle.luaType).task.hasTimedOut)
  }

  static let group = LuaNativeFunction { call in try call.results(TaskGroup()) }

  /// An error object of the kind at index 1 with the message at index 2.
  static let makeError = LuaNativeFunction { call in
    let kind: LuaError.Kind = try call.string(1) == "timeout" ? .timeout : .runtime
    let state = call.state
    return try call.results(
      LuaErrorUserdata(
        message: try state.position(level: 2) + call.string(2), kind: kind,
        traceback: try state.traceback(level: 2), underlying: nil))
  }

  /// Raises the error of the task at index 1 after setting its field `results` to index 2.
  static let raiseWithResults = LuaNativeFunction { call in
    let task = try call.userdata(1, LuaTaskHandle.luaType).task
    let results = try call.value(2)
    guard var error = task.failure else { return .none }
    let state = call.state
    switch error.value {
    case .table(let table):
      try table.set("results", to: results)
    case .userdata(let userdata) where try userdata.value(LuaErrorUserdata.luaType) == nil:
      // A host's error object may have that field.
      try? state.setField("results", of: error.value, to: results)
    default:
      let object = LuaErrorUserdata(
        message: error.message, kind: error.kind, traceback: error.traceback ?? "",
        underlying: error.underlying, results: results)
      error.value = try state.value(of: object)
      error.underlying = nil
    }
    throw LuaValueError(value: error.value)
  }
}

/// A Lua value to raise unchanged.
struct LuaValueError: LuaErrorConvertible {
  var value: LuaValue
  func luaErrorValue(in state: LuaState) throws -> LuaValue { value }
}

extension LuaState {
  /// Sets a field of any value that supports assignment.
  func setField(_ name: String, of object: LuaValue, to value: LuaValue) throws {
    try balanced { stack in
      try push(object, stack)
      try push(value, stack)
      try setField(name, stack, table: -2)
    }
  }
}
