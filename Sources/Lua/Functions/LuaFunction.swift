import CLua

/// A Lua function, written in Lua, C or Swift.
public struct LuaFunction: Sendable, Equatable {
  let reference: LuaReference

  /// Whether both are the same function.
  public static func == (left: LuaFunction, right: LuaFunction) -> Bool {
    left.reference.isSameValue(as: right.reference)
  }

  /// Calls it on its Lua thread and returns all results. Async calls inside it wait in place.
  /// - Throws: ``LuaError`` with a traceback.
  @discardableResult
  public func call(_ arguments: [LuaValue] = []) throws -> [LuaValue] {
    let state = try reference.state()
    return try state.balanced(arguments.count) { stack in
      let base = lua_gettop(stack)
      try state.push(reference, stack)
      for argument in arguments { try state.push(argument, stack) }
      try state.call(stack, arguments: arguments.count, results: LUA_MULTRET)
      return try state.readAll(stack, above: base)
    }
  }

  /// Calls it with Swift values.
  @discardableResult
  public func call<each Argument: LuaPushable>(
    _ argument: repeat each Argument
  ) throws -> [LuaValue] {
    let state = try reference.state()
    return try state.balanced(64) { stack in
      let base = lua_gettop(stack)
      try state.push(reference, stack)
      var count = 0
      for value in repeat each argument {
        try value.push(to: state)
        count += 1
      }
      try state.call(stack, arguments: count, results: LUA_MULTRET)
      return try state.readAll(stack, above: base)
    }
  }

  /// Calls it with Swift values and reads its first result.
  /// - Throws: ``LuaError``, also if the result has another type.
  @inlinable
  public func call<Result: LuaReadable, each Argument: LuaPushable>(
    _ argument: repeat each Argument, returning: Result.Type
  ) throws -> Result {
    let invocation = try FunctionInvocation(self)
    defer { invocation.end() }
    var count = 0
    for value in repeat each argument {
      try value.pushResult(of: LuaCall(invocation.stack))
      count += 1
    }
    try invocation.run(arguments: count)
    do {
      return try Result.readArgument(Int(invocation.base) + 1, of: LuaCall(invocation.stack))
    } catch is LuaArgumentError {
      throw invocation.wrongResult(Result.luaTypeName)
    }
  }
}

/// A call of a Lua function with one result: the part that does not depend on argument types.
@usableFromInline
struct FunctionInvocation {
  @usableFromInline let state: LuaState
  /// The stack top before the call.
  @usableFromInline let base: Int32
  @usableFromInline let stack: OpaquePointer

  /// Pushes the function and makes room for its arguments.
  @usableFromInline
  init(_ function: LuaFunction) throws {
    state = try function.reference.state()
    stack = try state.runningStack(reserving: 64)
    base = lua_gettop(stack)
    try state.push(function.reference, stack)
  }

  /// Calls the function; its result is at `base + 1`.
  @usableFromInline
  func run(arguments: Int) throws {
    try state.call(stack, arguments: arguments, results: 1)
  }

  @usableFromInline
  func wrongResult(_ expected: String) -> LuaError {
    LuaError("\(expected) expected as result, got \(LuaType(code: lua_type(stack, -1)))")
  }

  @usableFromInline
  func end() {
    lua_settop(stack, base)
  }
}

extension LuaFunction: LuaConvertible {
  public static var luaTypeName: String { "function" }
  public func push(to state: LuaState) throws {
    try state.push(reference, try state.runningStack())
  }
  public static func read(from state: LuaState, at index: Int32) throws -> LuaFunction? {
    let stack = try state.runningStack()
    return lua_type(stack, index) == LUA_TFUNCTION
      ? LuaFunction(reference: try state.reference(stack, index)) : nil
  }
}

/// A coroutine.
public struct LuaThread: Sendable, Equatable {
  let reference: LuaReference

  /// Whether both are the same coroutine.
  public static func == (left: LuaThread, right: LuaThread) -> Bool {
    left.reference.isSameValue(as: right.reference)
  }
}

extension LuaState {
  /// Calls the function below the arguments. Throws errors with a traceback.
  func call(
    _ stack: OpaquePointer, arguments: Int, results: Int32, keepsLocals: Bool = false
  ) throws {
    let status =
      keepsLocals
      ? clua_call_keeping_locals(stack, Int32(arguments), results)
      : clua_call(stack, Int32(arguments), results)
    guard status != LUA_OK else { return }
    let isOurs = clua_to_any_object(stack, -1, nil) != nil
    var error = takeError(status, stack)
    if status == LUA_ERRRUN {
      let kept = UInt32(bitPattern: host?.pointee.kept ?? 0)
      error.hasOwnText = !isOurs && kept & CLUA_KEPT_OWN_TEXT.rawValue != 0
      clua_push_kept_traceback(stack)
      if error.traceback == nil { error.traceback = keptText(stack) }
      clua_push_kept_text(stack)
      if let text = keptText(stack) { error.message = text }
      clua_pop(stack, 2)
    }
    throw error
  }

  private func keptText(_ stack: OpaquePointer) -> String? {
    lua_type(stack, -1) == LUA_TSTRING ? text(stack, -1) : nil
  }

  func readAll(_ stack: OpaquePointer, above base: Int32) throws -> [LuaValue] {
    let count = lua_gettop(stack) - base
    if count == 0 { return [] }
    guard lua_checkstack(stack, CLUA_SLOTS) != 0 else {
      throw LuaError("stack overflow", kind: .memory)
    }
    return try (1...count).map { try read(stack, base + $0) }
  }
}
