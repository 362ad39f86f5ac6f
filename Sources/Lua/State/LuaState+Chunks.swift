import CLua

extension LuaState {
  /// Compiles a chunk.
  /// - Parameters:
  ///   - source: the Lua source text.
  ///   - name: the chunk name in messages. `@` marks a file name, `=` a name that is shown as it is.
  /// - Throws: ``LuaError`` of kind `syntax`.
  public func load(_ source: String, name: String = "=(load)") throws -> LuaFunction {
    try load(Array(source.utf8), name: name, allowsBinary: false)
  }

  /// Compiles a chunk of bytes; a binary chunk only with `allowsBinary`. Lua does not verify binary
  /// chunks: a malicious one can crash the process.
  public func load(
    _ source: [UInt8], name: String, allowsBinary: Bool = false
  ) throws -> LuaFunction {
    let stack = try runningStack()
    let status = source.withUnsafeBufferPointer { bytes in
      bytes.withMemoryRebound(to: CChar.self) {
        clua_load(stack, $0.baseAddress, $0.count, name, allowsBinary ? "bt" : "t")
      }
    }
    try check(status, stack)
    return LuaFunction(reference: try takeReference(stack))
  }

  /// Compiles a file, as `loadfile` does; `nil` means standard input.
  /// - Throws: ``LuaError`` of kind `syntax`, also if the file cannot be read.
  public func load(file path: String?) throws -> LuaFunction {
    try load(file: path.map { LuaString($0) })
  }

  /// The same, for a path that need not be UTF-8.
  public func load(file path: LuaString?) throws -> LuaFunction {
    let stack = try runningStack()
    let status =
      (path?.bytes).map { $0 + [0] }.map { bytes in
        bytes.withUnsafeBufferPointer { bytes in
          bytes.withMemoryRebound(to: CChar.self) { clua_load_file(stack, $0.baseAddress) }
        }
      } ?? clua_load_file(stack, nil)
    do {
      try check(status, stack)
    } catch var error as LuaError {
      if error.kind == .runtime { error.kind = .syntax }
      throw error
    }
    return LuaFunction(reference: try takeReference(stack))
  }

  /// Compiles and runs a chunk. Returns its results.
  @discardableResult
  public func run(_ source: String, name: String = "=(run)") throws -> [LuaValue] {
    try load(source, name: name).call([])
  }

  /// Makes the first `require(name)` call `open` and return its table.
  public func preload(
    _ name: String, _ open: @escaping @Sendable (LuaState) throws -> LuaTable
  ) throws {
    try preload(
      name,
      opener: LuaNativeFunction { call in
        try call.results(try open(call.state))
      })
  }

  /// Makes the first `require(name)` run this Lua source.
  public func preload(_ name: String, source: String) throws {
    try preload(
      name,
      opener: LuaNativeFunction { call in
        let state = call.state
        let chunk = try state.load(source, name: "=[\(name)]")
        return try state.results(of: chunk.call([.string(name)]))
      })
  }

  private func preload(_ name: String, opener: LuaNativeFunction) throws {
    let loaders = try registryTable("_PRELOAD")
    try loaders.set(name, to: opener)
  }

  /// Makes `require(name)` return this table.
  public func setModule(_ name: String, to table: LuaTable) throws {
    try registryTable("_LOADED").set(name, to: table)
  }

  private func registryTable(_ name: String) throws -> LuaTable {
    try balanced { stack in
      try getField(name, stack, table: clua_registry_index())
      if lua_type(stack, -1) != LUA_TTABLE {
        clua_pop(stack, 1)
        try check(clua_new_table(stack, 0, 0), stack)
        lua_pushvalue(stack, -1)
        try setField(name, stack, table: clua_registry_index())
      }
      return LuaTable(reference: try takeReference(stack))
    }
  }
}
