import CLua

/// A table of Lua.
///
/// The reference may be held anywhere; what is inside is read and written on the thread
/// of its interpreter, where its methods run. They honour metamethods.
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

  /// The value of a field; `.nil` where there is none.
  public func get(_ key: String) throws -> LuaValue {
    try read(key) { state, L in try state.read(L, -1) }
  }

  /// The value of a field as a Swift value; `nil` where there is none.
  /// - Throws: ``LuaError`` where it is of another type.
  public func get<T: LuaReadable>(_ key: String, as type: T.Type = T.self) throws -> T? {
    try read(key) { state, L in
      try state.readField(L, called: "field '\(key)'", as: type)
    }
  }

  private func read<Result>(
    _ key: String, _ body: (LuaState, OpaquePointer) throws -> Result
  ) throws -> Result {
    let state = try reference.state()
    return try state.balanced { L in
      try state.push(reference, L)
      try state.getField(key, L, table: -1)
      return try body(state, L)
    }
  }

  /// The value at a position of a list, from 1.
  public func get(_ index: Int) throws -> LuaValue {
    let state = try reference.state()
    return try state.balanced { L in
      try state.push(reference, L)
      try state.check(clua_get_index(L, -1, Int64(index)), L)
      return try state.read(L, -1)
    }
  }

  /// The value of any key.
  public func get(_ key: LuaValue) throws -> LuaValue {
    let state = try reference.state()
    return try state.balanced { L in
      try state.push(reference, L)
      try state.push(key, L)
      try state.check(clua_get(L, -2), L)
      return try state.read(L, -1)
    }
  }

  /// Sets a field.
  public func set(_ key: String, to value: some LuaPushable) throws {
    let state = try reference.state()
    try state.balanced { L in
      try state.push(reference, L)
      try value.push(to: state)
      try state.setField(key, L, table: -2)
    }
  }

  /// Sets the value at a position of a list, from 1.
  public func set(_ index: Int, to value: some LuaPushable) throws {
    let state = try reference.state()
    try state.balanced { L in
      try state.push(reference, L)
      try value.push(to: state)
      try state.check(clua_set_index(L, -2, Int64(index)), L)
    }
  }

  /// Sets the value of any key.
  public func set(_ key: LuaValue, to value: some LuaPushable) throws {
    let state = try reference.state()
    try state.balanced { L in
      try state.push(reference, L)
      try state.push(key, L)
      try value.push(to: state)
      try state.check(clua_set(L, -3), L)
    }
  }

  /// Sets several fields, usually functions.
  public func set(_ functions: KeyValuePairs<String, LuaNativeFunction>) throws {
    for (name, function) in functions { try set(name, to: function) }
  }

  /// Appends to a list.
  public func append(_ value: some LuaPushable) throws {
    try set(try count + 1, to: value)
  }

  /// The length of the list, as `#` gives it.
  public var count: Int {
    get throws {
      let state = try reference.state()
      return try state.balanced { L in
        try state.push(reference, L)
        try state.check(clua_length(L, -1), L)
        return Int(lua_tointegerx(L, -1, nil))
      }
    }
  }

  /// All keys and values, in no order; metamethods do not run.
  public func pairs() throws -> [(key: LuaValue, value: LuaValue)] {
    let state = try reference.state()
    return try state.balanced { L in
      try state.push(reference, L)
      let table = lua_gettop(L)
      var result: [(key: LuaValue, value: LuaValue)] = []
      lua_pushnil(L)
      while try state.next(L, table) {
        result.append((try state.read(L, -2), try state.read(L, -1)))
        clua_pop(L, 1)
      }
      return result
    }
  }

  /// The values of the list, from 1 up to the first `nil`.
  public func list() throws -> [LuaValue] {
    let state = try reference.state()
    return try state.balanced { L in
      try state.push(reference, L)
      var result: [LuaValue] = []
      while true {
        try state.check(clua_get_index(L, -1, Int64(result.count) + 1), L)
        let value = try state.read(L, -1)
        if value == .nil { return result }
        result.append(value)
        clua_pop(L, 1)
      }
    }
  }

  /// Sets the metatable; `nil` removes it.
  public func setMetatable(_ metatable: LuaTable?) throws {
    let state = try reference.state()
    try state.balanced { L in
      try state.push(reference, L)
      if let metatable { try state.push(metatable.reference, L) } else { lua_pushnil(L) }
      lua_setmetatable(L, -2)
    }
  }
}

extension LuaTable: LuaConvertible {
  public static var luaTypeName: String { "table" }
  public func push(to state: LuaState) throws { try state.push(reference, try state.enter()) }
  public static func read(from state: LuaState, at index: Int32) throws -> LuaTable? {
    let L = try state.enter()
    return lua_type(L, index) == LUA_TTABLE
      ? LuaTable(reference: try state.reference(L, index)) : nil
  }
}

extension LuaState {
  /// Makes an empty table, with room for `list` positions and `fields` fields.
  public func makeTable(list: Int = 0, fields: Int = 0) throws -> LuaTable {
    let L = try enter()
    try check(clua_new_table(L, Int32(clamping: list), Int32(clamping: fields)), L)
    return LuaTable(reference: try takeReference(L))
  }

  /// Makes a table of functions: a module.
  public func makeTable(_ functions: KeyValuePairs<String, LuaNativeFunction>) throws -> LuaTable {
    let table = try makeTable(fields: functions.count)
    try table.set(functions)
    return table
  }

  /// Pops the key on top and pushes the next key and value of a table; false at the end.
  func next(_ L: OpaquePointer, _ table: Int32) throws -> Bool {
    let top = lua_gettop(L)
    try check(clua_next(L, table), L)
    if lua_gettop(L) == top + 1 { return true }
    clua_pop(L, 1)
    return false
  }

  func getField(_ name: String, _ L: OpaquePointer, table: Int32) throws {
    var name = name
    let status = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        clua_get_field(L, table, $0.baseAddress, $0.count)
      }
    }
    try check(status, L)
  }

  func setField(_ name: String, _ L: OpaquePointer, table: Int32) throws {
    var name = name
    let status = name.withUTF8 { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        clua_set_field(L, table, $0.baseAddress, $0.count)
      }
    }
    try check(status, L)
  }

  /// The value on top as a Swift value, where a wrong type is an error that names what
  /// it was.
  func readField<T: LuaReadable>(
    _ L: OpaquePointer, called name: String, as type: T.Type
  ) throws -> T? {
    let index = lua_gettop(L)
    if lua_type(L, index) <= LUA_TNIL { return nil }
    do {
      if let value = try T.read(from: self, at: index) { return value }
    } catch let error as LuaArgumentError {
      if case .message(let message) = error.reason { throw LuaError("\(name): \(message)") }
    }
    throw LuaError(
      "\(name): \(T.luaTypeName) expected, got \(LuaType(code: lua_type(L, index)))")
  }
}

extension LuaReference {
  /// Whether two references are to the same value, as far as this thread can tell.
  func isSameValue(as other: LuaReference) -> Bool {
    if self === other { return true }
    guard let state = try? self.state(), mailbox === other.mailbox else { return false }
    let same = try? state.balanced { L in
      try state.push(self, L)
      try state.push(other, L)
      return lua_rawequal(L, -1, -2) != 0
    }
    return same ?? false
  }
}
