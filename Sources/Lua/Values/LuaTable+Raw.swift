import CLua

// Reading values without calling anything of a script.
extension LuaTable {
  /// The value of a key, without metamethods.
  package func rawGet(_ key: LuaValue) throws -> LuaValue {
    let state = try reference.state()
    return try state.balanced(2) { stack in
      try state.push(reference, stack)
      try state.push(key, stack)
      lua_rawget(stack, -2)
      return try state.read(stack, -1)
    }
  }

  /// The length of the list, without metamethods.
  package var rawCount: Int {
    get throws {
      let state = try reference.state()
      return try state.balanced { stack in
        try state.push(reference, stack)
        return Int(clamping: lua_rawlen(stack, -1))
      }
    }
  }

  /// Up to `limit` keys and values in no particular order, and whether there are more. Without
  /// metamethods.
  package func rawEntries(
    limit: Int
  ) throws -> (entries: [(key: LuaValue, value: LuaValue)], hasMore: Bool) {
    let state = try reference.state()
    return try state.balanced(4) { stack in
      try state.push(reference, stack)
      let table = lua_gettop(stack)
      var entries: [(key: LuaValue, value: LuaValue)] = []
      lua_pushnil(stack)
      while try state.next(stack, table) {
        if entries.count == limit { return (entries, true) }
        entries.append((try state.read(stack, -2), try state.read(stack, -1)))
        clua_pop(stack, 1)
      }
      return (entries, false)
    }
  }

  /// The keys, in no particular order, without metamethods.
  /// - Throws: ``LuaError`` if there are more than `limit`.
  func rawKeys(limit: Int) throws -> [LuaValue] {
    var keys: [LuaValue] = []
    try eachRawKey { state, stack in
      guard keys.count < limit else { throw LuaError("a table has more than \(limit) entries") }
      keys.append(try state.read(stack, -2))
      return true
    }
    return keys
  }

  /// Whether the table has as many entries as positions, so that it is a list without gaps.
  func isList(length: Int) throws -> Bool {
    var count = 0
    var hasOtherKey = false
    try eachRawKey { _, stack in
      let position = lua_isinteger(stack, -2) != 0 ? lua_tointegerx(stack, -2, nil) : 0
      count += 1
      hasOtherKey = position < 1 || position > Int64(length)
      return !hasOtherKey
    }
    return count == length && !hasOtherKey
  }

  /// Calls `body` with each key at -2 and its value at -1, until it returns false.
  private func eachRawKey(_ body: (LuaState, OpaquePointer) throws -> Bool) throws {
    let state = try reference.state()
    try state.balanced(4) { stack in
      try state.push(reference, stack)
      let table = lua_gettop(stack)
      lua_pushnil(stack)
      while try state.next(stack, table) {
        guard try body(state, stack) else { return }
        clua_pop(stack, 1)
      }
    }
  }

  /// Calls `body` with the keys that are strings and the types of their values, until it returns
  /// false. For tables with very many.
  package func eachStringKey(_ body: ([UInt8], LuaType) -> Bool) throws {
    let state = try reference.state()
    try state.balanced(4) { stack in
      try state.push(reference, stack)
      let table = lua_gettop(stack)
      lua_pushnil(stack)
      while try state.next(stack, table) {
        if lua_type(stack, -2) == LUA_TSTRING,
          !body(state.bytes(stack, -2), LuaType(code: lua_type(stack, -1)))
        {
          return
        }
        clua_pop(stack, 1)
      }
    }
  }

  /// Its address, which identifies it while it lives.
  package var identity: UInt {
    get throws { try reference.state().identity(of: reference) }
  }
}

extension LuaFunction {
  /// Where a function was defined.
  package struct Definition: Sendable {
    /// `Lua`, `C` or `main`.
    package var what: String
    package var source: String
    package var line: Int
    package var parameters: [String]
    package var isVariadic: Bool
  }

  /// Where and how it was defined.
  package var definition: Definition {
    get throws {
      let state = try reference.state()
      return try state.balanced(4) { stack in
        try state.push(reference, stack)
        var activation = lua_Debug()
        lua_pushvalue(stack, -1)
        lua_getinfo(stack, ">Su", &activation)
        let source = withUnsafeBytes(of: activation.short_src) { bytes in
          String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        let parameters = (0..<Int32(activation.nparams)).compactMap { index in
          // With a function on top, lua_getlocal names its parameters and pushes nothing.
          lua_getlocal(stack, nil, index + 1).map { String(cString: $0) }
        }
        return Definition(
          what: activation.what.map { String(cString: $0) } ?? "", source: source,
          line: Int(activation.linedefined), parameters: parameters,
          isVariadic: activation.isvararg != 0)
      }
    }
  }

  /// Its address, which identifies it while it lives.
  package var identity: UInt {
    get throws { try reference.state().identity(of: reference) }
  }
}

extension LuaState {
  func identity(of reference: LuaReference) throws -> UInt {
    try balanced { stack in
      try push(reference, stack)
      return UInt(bitPattern: lua_topointer(stack, -1))
    }
  }

  /// The metatable of any value; a field `__metatable` does not hide it.
  package func metatable(of value: LuaValue) throws -> LuaTable? {
    try balanced(2) { stack in
      try push(value, stack)
      guard lua_getmetatable(stack, -1) != 0 else { return nil }
      return try LuaTable.read(from: self, at: -1)
    }
  }
}
