public import CLua

/// A Swift value that can be pushed to Lua.
public protocol LuaPushable: SendableMetatype {
  /// Pushes the value on the stack of the running function.
  /// - Throws: ``LuaError`` if Lua has no memory for it.
  func push(to state: LuaState) throws

  /// Pushes the value as a result of a call. Implement it if that is faster than ``push(to:)``.
  func pushResult(of call: borrowing LuaCall) throws
}

extension LuaPushable {
  public func pushResult(of call: borrowing LuaCall) throws { try push(to: call.state) }
}

/// A Swift value that can be read from Lua.
public protocol LuaReadable: SendableMetatype {
  /// The type name in messages: "number expected, got nil".
  static var luaTypeName: String { get }

  /// The value at `index` of the stack of the running function; `nil` if it has another type.
  static func read(from state: LuaState, at index: Int32) throws -> Self?

  /// The argument at `index` of a call. Implement it if that is faster than ``read(from:at:)``.
  static func readArgument(_ index: Int, of call: borrowing LuaCall) throws -> Self
}

extension LuaReadable {
  public static func readArgument(_ index: Int, of call: borrowing LuaCall) throws -> Self {
    try call.get(index)
  }
}

/// A Swift value that can be pushed to and read from Lua.
public typealias LuaConvertible = LuaPushable & LuaReadable

extension Bool: LuaConvertible {
  public static var luaTypeName: String { "boolean" }
  public func push(to state: LuaState) throws {
    lua_pushboolean(try state.runningStack(), self ? 1 : 0)
  }
  public static func read(from state: LuaState, at index: Int32) throws -> Bool? {
    let stack = try state.runningStack()
    return lua_type(stack, index) == LUA_TBOOLEAN ? lua_toboolean(stack, index) != 0 : nil
  }
  @inlinable
  public func pushResult(of call: borrowing LuaCall) throws {
    lua_pushboolean(call.stack, self ? 1 : 0)
  }
}

extension Double: LuaConvertible {
  public static var luaTypeName: String { "number" }
  public func push(to state: LuaState) throws { lua_pushnumber(try state.runningStack(), self) }
  public static func read(from state: LuaState, at index: Int32) throws -> Double? {
    let stack = try state.runningStack()
    var isNumber: Int32 = 0
    let number = lua_tonumberx(stack, index, &isNumber)
    return isNumber != 0 ? number : nil
  }
  @inlinable
  public static func readArgument(_ index: Int, of call: borrowing LuaCall) throws -> Double {
    try call.number(index)
  }
  @inlinable
  public func pushResult(of call: borrowing LuaCall) throws { lua_pushnumber(call.stack, self) }
}

extension Float: LuaConvertible {
  public static var luaTypeName: String { "number" }
  public func push(to state: LuaState) throws { try Double(self).push(to: state) }
  public static func read(from state: LuaState, at index: Int32) throws -> Float? {
    try Double.read(from: state, at: index).map(Float.init)
  }
}

extension Int64: LuaConvertible {
  public static var luaTypeName: String { "integer" }
  public func push(to state: LuaState) throws { lua_pushinteger(try state.runningStack(), self) }
  public static func read(from state: LuaState, at index: Int32) throws -> Int64? {
    let stack = try state.runningStack()
    var isInteger: Int32 = 0
    let integer = lua_tointegerx(stack, index, &isInteger)
    if isInteger != 0 { return integer }
    if lua_isnumber(stack, index) != 0 {
      throw LuaArgumentError(Int(index), "number has no integer representation")
    }
    return nil
  }
}

extension LuaReadable where Self: FixedWidthInteger {
  static func readInteger(from state: LuaState, at index: Int32) throws -> Self? {
    guard let integer = try Int64.read(from: state, at: index) else { return nil }
    guard let value = Self(exactly: integer) else {
      throw LuaArgumentError(Int(index), "number is out of range")
    }
    return value
  }
}

extension LuaPushable where Self: FixedWidthInteger {
  /// Pushes an integer if it fits into 64 bits, else a float, as Lua does with numerals.
  func pushInteger(to state: LuaState) throws {
    if let integer = Int64(exactly: self) {
      try integer.push(to: state)
    } else {
      try Double(self).push(to: state)
    }
  }
}

extension Int: LuaConvertible {
  public static var luaTypeName: String { "integer" }
  @inlinable
  public static func readArgument(_ index: Int, of call: borrowing LuaCall) throws -> Int {
    try call.integer(index)
  }
  @inlinable
  public func pushResult(of call: borrowing LuaCall) throws {
    lua_pushinteger(call.stack, Int64(self))
  }
  public func push(to state: LuaState) throws { try pushInteger(to: state) }
  public static func read(from state: LuaState, at index: Int32) throws -> Int? {
    try readInteger(from: state, at: index)
  }
}

extension Int32: LuaConvertible {
  public static var luaTypeName: String { "integer" }
  public func push(to state: LuaState) throws { try pushInteger(to: state) }
  public static func read(from state: LuaState, at index: Int32) throws -> Int32? {
    try readInteger(from: state, at: index)
  }
}

extension UInt8: LuaConvertible {
  public static var luaTypeName: String { "integer" }
  public func push(to state: LuaState) throws { try pushInteger(to: state) }
  public static func read(from state: LuaState, at index: Int32) throws -> UInt8? {
    try readInteger(from: state, at: index)
  }
}

extension UInt: LuaConvertible {
  public static var luaTypeName: String { "integer" }
  public func push(to state: LuaState) throws { try pushInteger(to: state) }
  public static func read(from state: LuaState, at index: Int32) throws -> UInt? {
    try readInteger(from: state, at: index)
  }
}

extension String: LuaConvertible {
  public static var luaTypeName: String { "string" }
  public func push(to state: LuaState) throws {
    let stack = try state.runningStack()
    try state.check(state.push(self, stack), stack)
  }
  /// Also converts a number to its text, as Lua's own functions do.
  public static func read(from state: LuaState, at index: Int32) throws -> String? {
    try LuaString.read(from: state, at: index)?.text
  }
}

extension LuaString: LuaConvertible {
  public static var luaTypeName: String { "string" }
  public func push(to state: LuaState) throws {
    let stack = try state.runningStack()
    try state.check(state.push(bytes, stack), stack)
  }
  public static func read(from state: LuaState, at index: Int32) throws -> LuaString? {
    let stack = try state.runningStack()
    switch lua_type(stack, index) {
    case LUA_TSTRING: return LuaString(state.bytes(stack, index))
    case LUA_TNUMBER:
      try state.check(clua_to_text(stack, index), stack)
      defer { clua_pop(stack, 1) }
      return LuaString(state.bytes(stack, -1))
    default: return nil
    }
  }
}

extension LuaValue: LuaConvertible {
  public static var luaTypeName: String { "value" }
  public func push(to state: LuaState) throws { try state.push(self, try state.runningStack()) }
  public static func read(from state: LuaState, at index: Int32) throws -> LuaValue? {
    try state.read(try state.runningStack(), index)
  }
}

extension Optional: LuaPushable where Wrapped: LuaPushable {
  public func push(to state: LuaState) throws {
    if let value = self {
      try value.push(to: state)
    } else {
      lua_pushnil(try state.runningStack())
    }
  }
}

extension Optional: LuaReadable where Wrapped: LuaReadable {
  public static var luaTypeName: String { Wrapped.luaTypeName }
  public static func read(from state: LuaState, at index: Int32) throws -> Wrapped?? {
    if lua_type(try state.runningStack(), index) <= LUA_TNIL { return .some(nil) }
    return try Wrapped.read(from: state, at: index).map(Optional.some)
  }
}

extension Array: LuaPushable where Element: LuaPushable {
  public func push(to state: LuaState) throws {
    let stack = try state.runningStack()
    try state.check(clua_new_table(stack, Int32(clamping: count), 0), stack)
    for (offset, element) in enumerated() {
      try element.push(to: state)
      try state.check(clua_raw_set_index(stack, -2, Int64(offset) + 1), stack)
    }
  }
}

extension Array: LuaReadable where Element: LuaReadable {
  public static var luaTypeName: String { "table" }
  public static func read(from state: LuaState, at index: Int32) throws -> [Element]? {
    try state.balanced { stack in
      guard lua_type(stack, index) == LUA_TTABLE else { return nil }
      let table = lua_absindex(stack, index)
      var result: [Element] = []
      for position in 1...(Int64(lua_rawlen(stack, table)) + 1) {
        try state.check(clua_get_index(stack, table, position), stack)
        if lua_type(stack, -1) == LUA_TNIL { break }
        guard let element = try Element.read(from: state, at: lua_absindex(stack, -1)) else {
          throw LuaArgumentError(
            Int(index), "\(Element.luaTypeName) expected at index \(position) of the list")
        }
        result.append(element)
        clua_pop(stack, 1)
      }
      return result
    }
  }
}

extension Dictionary: LuaPushable where Key == String, Value: LuaPushable {
  public func push(to state: LuaState) throws {
    let stack = try state.runningStack()
    try state.check(clua_new_table(stack, 0, Int32(clamping: count)), stack)
    for (key, value) in self {
      try value.push(to: state)
      try state.setField(key, stack, table: -2)
    }
  }
}

extension Dictionary: LuaReadable where Key == String, Value: LuaReadable {
  public static var luaTypeName: String { "table" }
  public static func read(from state: LuaState, at index: Int32) throws -> [String: Value]? {
    try state.balanced { stack in
      guard lua_type(stack, index) == LUA_TTABLE else { return nil }
      var result: [String: Value] = [:]
      let table = lua_absindex(stack, index)
      lua_pushnil(stack)
      while try state.next(stack, table) {
        guard lua_type(stack, -2) == LUA_TSTRING,
          let value = try Value.read(from: state, at: lua_absindex(stack, -1))
        else { throw LuaArgumentError(Int(index), "\(Value.luaTypeName) expected in the table") }
        result[state.text(stack, -2)] = value
        clua_pop(stack, 1)
      }
      return result
    }
  }
}
