import CLua

extension LuaState {
  /// Pops the error value and converts it to a Swift error.
  func takeError(_ status: Int32, _ stack: OpaquePointer) -> LuaError {
    defer { clua_pop(stack, 1) }
    return error(status, stack)
  }

  /// Converts the error value on top of the stack to a Swift error.
  private func error(_ status: Int32, _ stack: OpaquePointer) -> LuaError {
    guard lua_checkstack(stack, 2 * CLUA_SLOTS) != 0 else {
      return LuaError("stack overflow", kind: .memory)
    }
    let kind: LuaError.Kind =
      switch status {
      case LUA_ERRMEM: .memory
      case LUA_ERRSYNTAX: .syntax
      default: .runtime
      }
    if let box = LuaErrorUserdata.luaType.box(stack, -1) {
      return LuaError(
        box.value.message, kind: box.value.kind, value: (try? read(stack, -1)) ?? .nil,
        traceback: box.value.traceback, underlying: box.value.underlying)
    }
    var result = LuaError(
      message(stack, -1), kind: kind, value: (try? read(stack, -1)) ?? .nil,
      underlying: boxedError(stack, -1))
    if status == LUA_ERRERR, wasInterrupted {
      // Every message handler for the interrupt's error was interrupted too.
      result = LuaError(interruptText, kind: .interrupted)
    } else if kind == .runtime, wasInterrupted, result.message.hasSuffix(interruptText) {
      result.kind = .interrupted
    }
    return result
  }

  /// The text of an error value, as `lua` shows it.
  func message(_ stack: OpaquePointer, _ index: Int32) -> String {
    let type = lua_type(stack, index)
    if type == LUA_TSTRING { return text(stack, index) }
    let top = lua_gettop(stack)
    defer { lua_settop(stack, top) }
    guard clua_error_text(stack, index) == LUA_OK, lua_type(stack, -1) == LUA_TSTRING else {
      return "(error object is a \(LuaType(code: type)) value)"
    }
    return text(stack, -1)
  }

  /// The Swift error that a userdata holds.
  private func boxedError(_ stack: OpaquePointer, _ index: Int32) -> (any Error)? {
    var type: UnsafeRawPointer?
    guard let pointer = clua_to_any_object(stack, index, &type) else { return nil }
    let box = Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue()
    let value = (box as? any AnyLuaBox)?.anyValue
    return (value as? any LuaErrorCarrier)?.underlyingError ?? value as? any Error
  }

  private var wasInterrupted: Bool { (host?.pointee.delivered ?? 0) > 0 }

  /// Pushes what a script sees of a Swift error, or Lua's "not enough memory" if there is no
  /// memory for that. Returns the code for the trampoline.
  func pushError(_ error: any Error, _ stack: OpaquePointer) -> Int32 {
    guard lua_checkstack(stack, 2 * CLUA_SLOTS) != 0 else {
      lua_pushnil(stack)
      return CLUA_RAISE
    }
    let top = lua_gettop(stack)
    do {
      return try pushValue(of: error, stack)
    } catch let second as LuaError where second.kind == .memory {
      lua_settop(stack, top)
      // If the string does not fit, Lua's own message is on top.
      _ = clua_push_string(stack, second.message, second.message.utf8.count)
      return CLUA_RAISE
    } catch {
      lua_settop(stack, top)
      return pushText("\(error)", stack)
    }
  }

  private func pushText(_ text: String, _ stack: OpaquePointer, code: Int32 = CLUA_TEXT) -> Int32 {
    push(text, stack) == LUA_OK ? code : CLUA_RAISE
  }

  private func pushValue(of error: any Error, _ stack: OpaquePointer) throws -> Int32 {
    switch error {
    case let argument as LuaArgumentError:
      host?.pointee.argument = Int32(argument.index)
      switch argument.reason {
      case .message(let message): return pushText(message, stack, code: CLUA_ARGUMENT)
      case .expected(let name): return pushText(name, stack, code: CLUA_TYPE)
      }
    case let positioned as PositionedError:
      guard positioned.kind != .runtime, positioned.kind != .interrupted else {
        return pushText(positioned.message, stack)
      }
      try push(
        LuaErrorUserdata(
          message: try position() + positioned.message, kind: positioned.kind,
          traceback: try traceback(), underlying: nil), stack)
      return CLUA_RAISE
    case let lua as LuaError:
      if lua.underlying == nil, case .string(let string) = lua.value {
        try check(push(string.bytes, stack), stack)
      } else {
        try push(lua.value, stack)
      }
      return CLUA_RAISE
    case let convertible as any LuaErrorConvertible:
      try push(convertible.luaErrorValue(in: self), stack)
      return CLUA_RAISE
    default:
      try push(
        LuaErrorUserdata(
          message: try position() + "\(error)", kind: .runtime, traceback: try traceback(),
          underlying: error), stack)
      return CLUA_RAISE
    }
  }
}

/// What a script sees of a Swift error that is not ``LuaErrorConvertible``: an object with `kind`,
/// `message` and `traceback` whose text is its message.
struct LuaErrorUserdata: Sendable {
  var message: String
  var kind: LuaError.Kind
  var traceback: String
  var underlying: (any Error)?
  /// The results that `task.map` had before the error.
  var results: LuaValue = .nil
}

extension LuaErrorUserdata: LuaUserdata {
  static let luaType = LuaUserdataType<LuaErrorUserdata>(name: "error") { type in
    type.property("kind") { "\($0.kind)" }
    type.property("message") { $0.message }
    type.property("traceback") { $0.traceback }
    type.property("results") { $0.results }
    type.description { $0.message }
    type.metamethod("__concat") { call in
      let left = try call.state.displayText(of: call.value(1))
      let right = try call.state.displayText(of: call.value(2))
      return try call.results(left + right)
    }
  }
}
