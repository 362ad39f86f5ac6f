import CLua

/// A Lua table.
///
/// Any thread may hold it, but only its Lua thread may call its methods. They honour metamethods.
///
/// ```swift
/// let point = try state.makeTable()
/// try point.set("x", to: 3)
/// let x = try point.get("x", as: Int.self)
/// ```
public struct LuaTable: Sendable, Equatable {
  let reference: LuaReference

  /// Whether both are the same table.
  public static func == (left: LuaTable, right: LuaTable) -> Bool {
    left.reference.isSameValue(as: right.reference)
  }

  /// The value of a field; `.nil` if there is none.
  public func get(_ key: String) throws -> LuaValue {
    try read(key) { state, stack in try state.read(stack, -1) }
  }

  /// The value of a field as a Swift value; `nil` if there is none.
  /// - Throws: ``LuaError`` if it has another type.
  public func get<T: LuaReadable>(_ key: String, as type: T.Type = T.self) throws -> T? {
    try read(key) { state, stack in
      try state.readField(stack, called: "field '\(key)'", as: type)
    }
  }

  private func read<Result>(
    _ key: String, _ body: (LuaState, OpaquePointer) throws -> Result
  ) throws -> Result {
    let state = try reference.state()
    return try state.balanced { stack in
      try state.push(reference, stack)
      try state.getField(key, stack, table: -1)
      return try body(state, stack)
    }
  }

  /// The value at a position of a list, from 1.
  public func get(_ index: Int) throws -> LuaValue {
    let state = try reference.state()
    return try state.balanced { stack in
      try state.push(reference, stack)
      try state.check(clua_get_index(stack, -1, Int64(index)), stack)
      return try state.read(stack, -1)
    }
  }

  /// The value of any key.
  public func get(_ key: LuaValue) throws -> LuaValue {
    let state = try reference.state()
    return try state.balanced { stack in
      try state.push(reference, stack)
      try state.push(key, stack)
      try state.check(clua_get(stack, -2), stack)
      return try state.read(stack, -1)
    }
  }

  /// Sets a field.
  public func set(_ key: String, to value: some LuaPushable) throws {
    try setField(key, to: value)
  }

  private func setField(_ key: String, to value: some LuaPushable) throws {
    let state = try reference.state()
    try state.balanced { stack in
      try state.push(reference, stack)
      try value.push(to: state)
      try state.setField(key, stack, table: -2)
    }
  }

  /// Sets a field to a function.
  public func set(_ key: String, to function: LuaNativeFunction) throws {
    try setField(key, to: function)
  }

  /// Sets the value at a position of a list, from 1.
  public func set(_ index: Int, to value: some LuaPushable) throws {
    let state = try reference.state()
    try state.balanced { stack in
      try state.push(reference, stack)
      try value.push(to: state)
      try state.check(clua_set_index(stack, -2, Int64(index)), stack)
    }
  }

  /// Sets the value of any key.
  public func set(_ key: LuaValue, to value: some LuaPushable) throws {
    let state = try reference.state()
    try state.balanced { stack in
      try state.push(reference, stack)
      try state.push(key, stack)
      try value.push(to: state)
      try state.check(clua_set(stack, -3), stack)
    }
  }

  /// Sets several fields, usually functions.
  public func set(_ functions: KeyValuePairs<String, LuaNativeFunction>) throws {
    for (name, function) in functions { try set(name, to: function) }
  }

  /// Appends to a list.
  public func append(_ value: some LuaPushable) throws {
    let (position, isTooLong) = try count.addingReportingOverflow(1)
    guard !isTooLong else { throw LuaError("the list is too long") }
    try set(position, to: value)
  }

  /// The length of the list, as `#` returns it.
  public var count: Int {
    get throws {
      let state = try reference.state()
      return try state.balanced { stack in
        try state.push(reference, stack)
        try state.check(clua_length(stack, -1), stack)
        return Int(lua_tointegerx(stack, -1, nil))
      }
    }
  }

  /// All keys and values, in no particular order, without metamethods.
  public func pairs() throws -> [(key: LuaValue, value: LuaValue)] {
    let state = try reference.state()
    return try state.balanced { stack in
      try state.push(reference, stack)
      let table = lua_gettop(stack)
      var result: [(key: LuaValue, value: LuaValue)] = []
      lua_pushnil(stack)
      while try state.next(stack, table) {
        result.append((try state.read(stack, -2), try state.read(stack, -1)))
        clua_pop(stack, 1)
      }
      return result
    }
  }

  /// The values of the list, from 1 up to the first `nil`.
  /// - Throws: ``LuaError``, also after 16 million values: a list with metamethods may be endless.
  public func list() throws -> [LuaValue] {
    let state = try reference.state()
    return try state.balanced { stack in
      try state.push(reference, stack)
      var result: [LuaValue] = []
      while true {
        try state.check(clua_get_index(stack, -1, Int64(result.count) + 1), stack)
        let value = try state.read(stack, -1)
        if value == .nil { return result }
        guard result.count < 1 << 24 else { throw LuaError("the list is too long") }
        result.append(value)
        clua_pop(stack, 1)
      }
    }
  }

  /// The metatable; `nil` if there is none. A field `__metatable` does not hide it.
  public var metatable: LuaTable? {
    get throws {
      let state = try reference.state()
      return try state.balanced { stack in
        try state.push(reference, stack)
        guard lua_getmetatable(stack, -1) != 0 else { return nil }
        return try LuaTable.read(from: state, at: -1)
      }
    }
  }

  /// Sets the metatable; `nil` removes it.
  public func setMetatable(_ metatable: LuaTable?) throws {
    let state = try reference.state()
    try state.balanced { stack in
      try state.push(reference, stack)
      if let metatable { try state.push(metatable.reference, stack) } else { lua_pushnil(stack) }
      lua_setmetatable(stack, -2)
    }
  }
}

extension LuaTable: LuaConvertible {
  public static var luaTypeName: String { "table" }
  public func push(to state: LuaState) throws {
    try state.push(reference, try state.runningStack())
  }
  public static func read(from state: LuaState, at index: Int32) throws -> LuaTable? {
    let stack = try state.runningStack()
    return lua_type(stack, index) == LUA_TTABLE
      ? LuaTable(reference: try state.reference(stack, index)) : nil
  }
}

extension LuaState {
  /// Makes an empty table, with room for `list` positions and `fields` fields.
  public func makeTable(list: Int = 0, fields: Int = 0) throws -> LuaTable {
    let stack = try runningStack()
    try check(clua_new_table(stack, Int32(clamping: list), Int32(clamping: fields)), stack)
    return LuaTable(reference: try takeReference(stack))
  }

  /// Makes a table of functions: a module.
  public func makeTable(_ functions: KeyValuePairs<String, LuaNativeFunction>) throws -> LuaTable {
    let table = try makeTable(fields: functions.count)
    try table.set(functions)
    return table
  }

  /// Pops a key and pushes the next key and value of a table; false at the end.
  func next(_ stack: OpaquePointer, _ table: Int32) throws -> Bool {
    let top = lua_gettop(stack)
    try check(clua_next(stack, table), stack)
    if lua_gettop(stack) == top + 1 { return true }
    clua_pop(stack, 1)
    return false
  }

  func getField(_ name: String, _ stack: OpaquePointer, table: Int32) throws {
    var name = name
    let status = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        clua_get_field(stack, table, $0.baseAddress, $0.count)
      }
    }
    try check(status, stack)
  }

  func setField(_ name: String, _ stack: OpaquePointer, table: Int32) throws {
    var name = name
    let status = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        clua_set_field(stack, table, $0.baseAddress, $0.count)
      }
    }
    try check(status, stack)
  }

  /// The value on top as a Swift value. An error of a wrong type contains `name`.
  func readField<T: LuaReadable>(
    _ stack: OpaquePointer, called name: @autoclosure () -> String, as type: T.Type
  ) throws -> T? {
    let index = lua_gettop(stack)
    if lua_type(stack, index) <= LUA_TNIL { return nil }
    do {
      if let value = try T.read(from: self, at: index) { return value }
    } catch let error as LuaArgumentError {
      if case .message(let message) = error.reason { throw LuaError("\(name()): \(message)") }
    }
    throw LuaError(
      "\(name()): \(T.luaTypeName) expected, got \(LuaType(code: lua_type(stack, index)))")
  }
}

extension LuaReference {
  /// Whether two references hold the same value. On any thread but the Lua thread it is false for
  /// two distinct references.
  func isSameValue(as other: LuaReference) -> Bool {
    if self === other { return true }
    guard let state = try? self.state(), mailbox === other.mailbox else { return false }
    let same = try? state.balanced { stack in
      try state.push(self, stack)
      try state.push(other, stack)
      return lua_rawequal(stack, -1, -2) != 0
    }
    return same ?? false
  }
}
