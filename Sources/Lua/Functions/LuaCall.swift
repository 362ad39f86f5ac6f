// Public, so that the frequent functions can be inlined into other modules.
public import CLua

/// One call of a Swift function by Lua: its arguments, counted from 1. Argument 1 of a method is the
/// object itself.
///
/// It is valid only during the call. Reading a wrong argument throws ``LuaArgumentError``, which a
/// script sees as `bad argument #1 to 'generate' (table expected, got number)`.
public struct LuaCall: ~Copyable {
  @usableFromInline let stack: OpaquePointer

  @usableFromInline
  init(_ stack: OpaquePointer) {
    self.stack = stack
  }

  /// The state that makes the call.
  public var state: LuaState {
    let host = clua_host_of(stack)
    // A C library may have resumed this coroutine itself.
    host?.pointee.running = stack
    return LuaState.of(stack)
  }

  /// The number of arguments.
  @inlinable
  public var count: Int { Int(lua_gettop(stack)) }

  /// The type of an argument; `.none` if it is missing.
  public func type(_ index: Int) -> LuaType {
    LuaType(code: lua_type(stack, Int32(index)))
  }

  /// Whether an argument is `nil` or missing.
  @inlinable
  public func isNil(_ index: Int) -> Bool {
    lua_type(stack, Int32(index)) <= LUA_TNIL
  }

  /// A number, or a string that converts to one.
  @inlinable
  public func number(_ index: Int) throws -> Double {
    let number = lua_tonumberx(stack, Int32(index), nil)
    // Anything but a number reads as 0 too.
    return number == 0 ? try zero(index) : number
  }

  @usableFromInline @inline(never)
  func zero(_ index: Int) throws -> Double {
    var isNumber: Int32 = 0
    let number = lua_tonumberx(stack, Int32(index), &isNumber)
    if isNumber == 0 { throw LuaArgumentError(index, expected: "number") }
    return number
  }

  /// An integer, or a float or string with an exact integer value.
  @inlinable
  public func integer(_ index: Int) throws -> Int {
    let integer = lua_tointegerx(stack, Int32(index), nil)
    return integer == 0 ? try integerZero(index) : Int(integer)
  }

  @usableFromInline @inline(never)
  func integerZero(_ index: Int) throws -> Int {
    var isInteger: Int32 = 0
    let integer = lua_tointegerx(stack, Int32(index), &isInteger)
    if isInteger == 0 { throw notInteger(index) }
    return Int(integer)
  }

  private func notInteger(_ index: Int) -> LuaArgumentError {
    lua_isnumber(stack, Int32(index)) != 0
      ? LuaArgumentError(index, "number has no integer representation")
      : LuaArgumentError(index, expected: "number")
  }

  /// Whether an argument counts as true in a condition.
  @inlinable
  public func bool(_ index: Int) -> Bool {
    lua_toboolean(stack, Int32(index)) != 0
  }

  /// A string, or a number's text, decoded as UTF-8.
  public func string(_ index: Int) throws -> String {
    guard lua_type(stack, Int32(index)) == LUA_TSTRING else { return try get(index) }
    return state.text(stack, Int32(index))
  }

  /// The bytes of a string, or of a number's text.
  public func bytes(_ index: Int) throws -> [UInt8] {
    try get(index, as: LuaString.self).bytes
  }

  /// Calls `body` with the bytes of a string, without copying them.
  @inlinable
  public func withBytes<Result>(
    _ index: Int, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result {
    guard lua_type(stack, Int32(index)) == LUA_TSTRING else {
      throw LuaArgumentError(index, expected: "string")
    }
    var count = 0
    let start = lua_tolstring(stack, Int32(index), &count)
    return try body(UnsafeRawBufferPointer(start: start, count: count))
  }

  /// A table.
  public func table(_ index: Int) throws -> LuaTable { try get(index) }

  /// A function.
  public func function(_ index: Int) throws -> LuaFunction { try get(index) }

  /// Any value; `.nil` if it is missing.
  public func value(_ index: Int) throws -> LuaValue {
    try state.read(stack, Int32(index))
  }

  /// The arguments from `first` on.
  public func values(from first: Int) throws -> [LuaValue] {
    let state = self.state
    return try (first..<max(first, count + 1)).map { try state.read(stack, Int32($0)) }
  }

  /// An argument as a Swift value.
  public func get<T: LuaReadable>(_ index: Int, as type: T.Type = T.self) throws -> T {
    guard let value = try T.read(from: state, at: Int32(index)) else {
      throw LuaArgumentError(index, expected: T.luaTypeName)
    }
    return value
  }

  /// An argument as a Swift value, or `nil` if it is `nil` or missing.
  public func optional<T: LuaReadable>(_ index: Int, as type: T.Type = T.self) throws -> T? {
    isNil(index) ? nil : try get(index, as: type)
  }

  /// The Swift value of a userdata.
  public func userdata<T>(_ index: Int, _ type: LuaUserdataType<T>) throws -> T {
    guard let box = type.box(stack, Int32(index)) else {
      throw LuaArgumentError(index, expected: type.name)
    }
    return box.value
  }

  /// The Swift value of a userdata, or `nil` if the argument is something else.
  public func userdataIfPresent<T>(_ index: Int, _ type: LuaUserdataType<T>) -> T? {
    type.box(stack, Int32(index))?.value
  }

  /// No results.
  @inlinable
  public func results() -> LuaResults { .none }

  /// One number.
  @inlinable
  public func results(_ value: Double) -> LuaResults {
    lua_pushnumber(stack, value)
    return LuaResults(count: 1)
  }

  /// One integer.
  @inlinable
  public func results(_ value: Int) -> LuaResults {
    lua_pushinteger(stack, Int64(value))
    return LuaResults(count: 1)
  }

  /// One boolean.
  @inlinable
  public func results(_ value: Bool) -> LuaResults {
    lua_pushboolean(stack, value ? 1 : 0)
    return LuaResults(count: 1)
  }

  /// Pushes the results in order.
  public func results<each Value: LuaPushable>(_ value: repeat each Value) throws -> LuaResults {
    try state.results(repeat each value)
  }

  /// Pushes the elements of a list as results, in order.
  public func results(of values: [LuaValue]) throws -> LuaResults {
    try state.results(of: values)
  }
}

/// The number of results that a Swift function has pushed.
public struct LuaResults {
  @usableFromInline let count: Int32

  @usableFromInline
  init(count: Int32) {
    self.count = count
  }

  /// No results.
  @inlinable
  public static var none: LuaResults { LuaResults(count: 0) }
}

@available(*, unavailable)
extension LuaResults: Sendable {}

extension LuaState {
  @inlinable
  func result(_ value: some LuaPushable) throws -> LuaResults {
    try value.push(to: self)
    return LuaResults(count: 1)
  }

  /// Pushes the results in order.
  public func results<each Value: LuaPushable>(_ value: repeat each Value) throws -> LuaResults {
    _ = try runningStack(reserving: 64)
    var count: Int32 = 0
    for value in repeat each value {
      try value.push(to: self)
      count += 1
    }
    return LuaResults(count: count)
  }

  /// Pushes the elements of a list as results, in order.
  public func results(of values: [LuaValue]) throws -> LuaResults {
    let stack = try runningStack(reserving: values.count)
    for value in values { try push(value, stack) }
    return LuaResults(count: Int32(values.count))
  }
}

extension LuaCall {
  /// A field of a table argument, without making a reference to the table; `nil` if there is none.
  /// A literal name is interned once, so that later reads do not hash it.
  ///
  /// ```swift
  /// let width = try call.field(1, "width", as: Int.self) ?? 512
  /// ```
  @inlinable
  public func field<T: LuaReadable>(
    _ index: Int, _ name: StaticString, as type: T.Type = T.self
  ) throws -> T? {
    let top = lua_gettop(stack)
    defer { lua_settop(stack, top) }
    guard try pushField(index, name) else { return nil }
    return try readField(Int(top) + 1, "\(name)", as: type)
  }

  /// The same, with a name that is no literal.
  @inlinable @_disfavoredOverload
  public func field<T: LuaReadable>(
    _ index: Int, _ name: String, as type: T.Type = T.self
  ) throws -> T? {
    let top = lua_gettop(stack)
    defer { lua_settop(stack, top) }
    guard try pushField(index, name) else { return nil }
    return try readField(Int(top) + 1, name, as: type)
  }

  @inlinable
  func readField<T: LuaReadable>(
    _ index: Int, _ name: @autoclosure () -> String, as type: T.Type
  ) throws -> T {
    do {
      return try T.readArgument(index, of: self)
    } catch let error as LuaArgumentError {
      throw fieldError(error, name())
    }
  }

  /// Pushes a field of an argument; false if it is `nil`.
  @usableFromInline
  func pushField(_ index: Int, _ name: StaticString) throws -> Bool {
    guard name.hasPointerRepresentation else { return try pushField(index, "\(name)") }
    guard lua_type(stack, Int32(index)) == LUA_TTABLE else {
      throw LuaArgumentError(index, expected: "table")
    }
    guard lua_checkstack(stack, CLUA_SLOTS) != 0 else {
      throw LuaError("stack overflow", kind: .memory)
    }
    let status = name.utf8Start.withMemoryRebound(to: CChar.self, capacity: 1) {
      clua_get_named(stack, Int32(index), $0, name.utf8CodeUnitCount)
    }
    if status != LUA_OK { throw state.takeError(status, stack) }
    return lua_type(stack, -1) != LUA_TNIL
  }

  /// Pushes a field of an argument; false if it is `nil`.
  @usableFromInline
  func pushField(_ index: Int, _ name: String) throws -> Bool {
    guard lua_type(stack, Int32(index)) == LUA_TTABLE else {
      throw LuaArgumentError(index, expected: "table")
    }
    let state = self.state
    try state.getField(name, try state.runningStack(), table: Int32(index))
    return lua_type(stack, -1) != LUA_TNIL
  }

  @usableFromInline
  func fieldError(_ error: LuaArgumentError, _ name: String) -> LuaError {
    switch error.reason {
    case .message(let message): return LuaError("field '\(name)': \(message)")
    case .expected(let type):
      let found = LuaType(code: lua_type(stack, Int32(error.index)))
      return LuaError("field '\(name)': \(type) expected, got \(found)")
    }
  }
}
