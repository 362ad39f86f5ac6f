import CLua

// Conversions between the Lua stack and Swift values. Callers guarantee CLUA_SLOTS free slots.
extension LuaState {
  /// The string at `index`, decoded as UTF-8; empty for any other type.
  func text(_ stack: OpaquePointer, _ index: Int32) -> String {
    withBytes(stack, index) { String(decoding: $0, as: UTF8.self) }
  }

  func bytes(_ stack: OpaquePointer, _ index: Int32) -> [UInt8] {
    withBytes(stack, index) { Array($0) }
  }

  /// Checks the type first: lua_tolstring converts numbers, which needs memory.
  private func withBytes<Result>(
    _ stack: OpaquePointer, _ index: Int32, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    guard lua_type(stack, index) == LUA_TSTRING else { return body(.init(start: nil, count: 0)) }
    var count = 0
    let start = lua_tolstring(stack, index, &count)
    return body(.init(start: start, count: count))
  }

  func push(_ text: String, _ stack: OpaquePointer) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { clua_push_string(stack, $0.baseAddress, $0.count) }
    }
  }

  func push(_ bytes: [UInt8], _ stack: OpaquePointer) -> Int32 {
    bytes.withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { clua_push_string(stack, $0.baseAddress, $0.count) }
    }
  }

  func push(_ value: LuaValue, _ stack: OpaquePointer) throws {
    switch value {
    case .nil: lua_pushnil(stack)
    case .boolean(let value): lua_pushboolean(stack, value ? 1 : 0)
    case .integer(let value): lua_pushinteger(stack, value)
    case .number(let value): lua_pushnumber(stack, value)
    case .string(let value): try check(push(value.bytes, stack), stack)
    case .table(let value): try push(value.reference, stack)
    case .function(let value): try push(value.reference, stack)
    case .userdata(let value): try push(value.reference, stack)
    case .thread(let value): try push(value.reference, stack)
    case .lightUserdata(let value):
      lua_pushlightuserdata(stack, UnsafeMutableRawPointer(bitPattern: value))
    }
  }

  func push<T: LuaUserdata>(_ value: T, _ stack: OpaquePointer) throws {
    try T.luaType.push(value, in: self, stack)
  }

  /// The value at `index`.
  func read(_ stack: OpaquePointer, _ index: Int32) throws -> LuaValue {
    switch lua_type(stack, index) {
    case LUA_TBOOLEAN: return .boolean(lua_toboolean(stack, index) != 0)
    case LUA_TNUMBER:
      if lua_isinteger(stack, index) != 0 { return .integer(lua_tointegerx(stack, index, nil)) }
      return .number(lua_tonumberx(stack, index, nil))
    case LUA_TSTRING: return .string(LuaString(bytes(stack, index)))
    case LUA_TTABLE: return .table(LuaTable(reference: try reference(stack, index)))
    case LUA_TFUNCTION: return .function(LuaFunction(reference: try reference(stack, index)))
    case LUA_TUSERDATA:
      return .userdata(LuaUserdataReference(reference: try reference(stack, index)))
    case LUA_TTHREAD: return .thread(LuaThread(reference: try reference(stack, index)))
    case LUA_TLIGHTUSERDATA:
      return .lightUserdata(UInt(bitPattern: lua_touserdata(stack, index)))
    default: return .nil
    }
  }

  func reference(_ stack: OpaquePointer, _ index: Int32) throws -> LuaReference {
    lua_pushvalue(stack, index)
    return try takeReference(stack)
  }

  /// The text of a value, as `tostring` returns it.
  public func displayText(of value: LuaValue) throws -> String {
    try balanced { stack in
      try push(value, stack)
      try check(clua_to_text(stack, -1), stack)
      return text(stack, -1)
    }
  }

  /// Converts a Swift value to a Lua value.
  public func value(of value: some LuaPushable) throws -> LuaValue {
    try balanced { stack in
      try value.push(to: self)
      return try read(stack, -1)
    }
  }

  /// Whether two values are equal, as `==` compares them.
  public func areEqual(_ left: LuaValue, _ right: LuaValue) throws -> Bool {
    try balanced { stack in
      try push(left, stack)
      try push(right, stack)
      try check(clua_equal(stack, -2, -1), stack)
      return lua_toboolean(stack, -1) != 0
    }
  }
}
