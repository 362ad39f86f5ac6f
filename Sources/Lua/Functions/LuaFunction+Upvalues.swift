import CLua

// Upvalues, for sessions that keep the locals of statements.
extension LuaFunction {
  /// The names of its upvalues, in order.
  package func upvalueNames() throws -> [String] {
    try withFunction { stack, index in
      var names: [String] = []
      while let name = lua_getupvalue(stack, index, Int32(names.count) + 1) {
        names.append(String(cString: name))
        clua_pop(stack, 1)
      }
      return names
    }
  }

  /// The value of an upvalue, from 1; `nil` if there is none.
  package func upvalue(_ position: Int) throws -> LuaValue? {
    let state = try reference.state()
    return try withFunction { stack, index in
      guard lua_getupvalue(stack, index, Int32(clamping: position)) != nil else { return nil }
      return try state.read(stack, -1)
    }
  }

  /// Sets an upvalue, from 1; false if there is none.
  @discardableResult
  package func setUpvalue(_ position: Int, to value: LuaValue) throws -> Bool {
    let state = try reference.state()
    return try withFunction { stack, index in
      try state.push(value, stack)
      return lua_setupvalue(stack, index, Int32(clamping: position)) != nil
    }
  }

  /// Makes an upvalue refer to the variable of another function's upvalue. Both are Lua functions,
  /// and both positions, from 1, exist.
  package func joinUpvalue(_ position: Int, with other: LuaFunction, _ otherPosition: Int) throws {
    let state = try reference.state()
    try withFunction { stack, index in
      try state.push(other.reference, stack)
      let (first, second) = (Int32(clamping: position), Int32(clamping: otherPosition))
      guard lua_upvalueid(stack, index, first) != nil, lua_upvalueid(stack, -1, second) != nil,
        lua_iscfunction(stack, index) == 0, lua_iscfunction(stack, -1) == 0
      else { throw LuaError("there is no such upvalue", kind: .misuse) }
      lua_upvaluejoin(stack, index, first, -1, second)
    }
  }

  private func withFunction<Result>(_ body: (OpaquePointer, Int32) throws -> Result) throws
    -> Result
  {
    let state = try reference.state()
    return try state.balanced(4) { stack in
      try state.push(reference, stack)
      return try body(stack, lua_gettop(stack))
    }
  }

  /// Calls it. If it raises, the locals of its activation are kept for ``LuaState/keptLocals``.
  package func callKeepingLocals(_ arguments: [LuaValue] = []) throws -> [LuaValue] {
    let state = try reference.state()
    return try state.balanced(arguments.count) { stack in
      let base = lua_gettop(stack)
      try state.push(reference, stack)
      for argument in arguments { try state.push(argument, stack) }
      try state.call(
        stack, arguments: arguments.count, results: LUA_MULTRET, keepsLocals: true)
      return try state.readAll(stack, above: base)
    }
  }
}

extension LuaState {
  /// The locals by name of the last function called with ``LuaFunction/callKeepingLocals(_:)``, if it
  /// raised.
  package var keptLocals: LuaTable? {
    get throws {
      try balanced { stack in
        clua_push_kept_locals(stack)
        return try LuaTable.read(from: self, at: -1)
      }
    }
  }
}
