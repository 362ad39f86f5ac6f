import CLua

// Between the stack of Lua and Swift's values. The callers have CLUA_SLOTS free slots.
extension LuaState {
  /// The bytes of the string at `index`, which must be one, as a text.
  func text(_ L: OpaquePointer, _ index: Int32) -> String {
    withBytes(L, index) { String(decoding: $0, as: UTF8.self) }
  }

  func bytes(_ L: OpaquePointer, _ index: Int32) -> [UInt8] {
    withBytes(L, index) { Array($0) }
  }

  /// The bytes of a string that is one; lua_tolstring would turn a number into one, which
  /// needs memory.
  private func withBytes<Result>(
    _ L: OpaquePointer, _ index: Int32, _ body: (UnsafeRawBufferPointer) -> Result
  ) -> Result {
    guard lua_type(L, index) == LUA_TSTRING else { return body(.init(start: nil, count: 0)) }
    var count = 0
    let start = lua_tolstring(L, index, &count)
    return body(.init(start: start, count: count))
  }

  func push(_ text: String, _ L: OpaquePointer) -> Int32 {
    var text = text
    return text.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) { clua_push_string(L, $0.baseAddress, $0.count) }
    }
  }

  func push(_ bytes: [UInt8], _ L: OpaquePointer) -> Int32 {
    bytes.withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) { clua_push_string(L, $0.baseAddress, $0.count) }
    }
  }

  func push(_ value: LuaValue, _ L: OpaquePointer) throws {
    switch value {
    case .nil: lua_pushnil(L)
    case .boolean(let value): lua_pushboolean(L, value ? 1 : 0)
    case .integer(let value): lua_pushinteger(L, value)
    case .number(let value): lua_pushnumber(L, value)
    case .string(let value): try check(push(value.bytes, L), L)
    case .table(let value): try push(value.reference, L)
    case .function(let value): try push(value.reference, L)
    case .userdata(let value): try push(value.reference, L)
    case .thread(let value): try push(value.reference, L)
    case .lightUserdata(let value):
      lua_pushlightuserdata(L, UnsafeMutableRawPointer(bitPattern: value))
    }
  }

  func push<T: LuaUserdata>(_ value: T, _ L: OpaquePointer) throws {
    try T.luaType.push(value, in: self, L)
  }

  /// The value at `index`.
  func read(_ L: OpaquePointer, _ index: Int32) throws -> LuaValue {
    switch lua_type(L, index) {
    case LUA_TBOOLEAN: return .boolean(lua_toboolean(L, index) != 0)
    case LUA_TNUMBER:
      if lua_isinteger(L, index) != 0 { return .integer(lua_tointegerx(L, index, nil)) }
      return .number(lua_tonumberx(L, index, nil))
    case LUA_TSTRING: return .string(LuaString(bytes(L, index)))
    case LUA_TTABLE: return .table(LuaTable(reference: try reference(L, index)))
    case LUA_TFUNCTION: return .function(LuaFunction(reference: try reference(L, index)))
    case LUA_TUSERDATA:
      return .userdata(LuaUserdataReference(reference: try reference(L, index)))
    case LUA_TTHREAD: return .thread(LuaThread(reference: try reference(L, index)))
    case LUA_TLIGHTUSERDATA:
      return .lightUserdata(UInt(bitPattern: lua_touserdata(L, index)))
    default: return .nil
    }
  }

  func reference(_ L: OpaquePointer, _ index: Int32) throws -> LuaReference {
    lua_pushvalue(L, index)
    return try takeReference(L)
  }

  /// The text of a value as `tostring` gives it.
  public func displayText(of value: LuaValue) throws -> String {
    try balanced { L in
      try push(value, L)
      try check(clua_to_text(L, -1), L)
      return text(L, -1)
    }
  }

  /// A Lua value of a Swift value.
  public func value(of value: some LuaPushable) throws -> LuaValue {
    try balanced { L in
      try value.push(to: self)
      return try read(L, -1)
    }
  }

  /// Whether two values are equal, as `==` says.
  public func areEqual(_ left: LuaValue, _ right: LuaValue) throws -> Bool {
    try balanced { L in
      try push(left, L)
      try push(right, L)
      try check(clua_equal(L, -2, -1), L)
      return lua_toboolean(L, -1) != 0
    }
  }
}
