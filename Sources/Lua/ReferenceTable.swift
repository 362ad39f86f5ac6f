import CLua

/// Which slots of the registry's table of references are in use. A free slot keeps
/// `false`, so that storing into it again needs no memory for the slot.
struct ReferenceTable {
  /// Its address is the registry's key of the table.
  static nonisolated(unsafe) let key = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))  // Written by nobody.

  var free: [Int64] = []
  var count: Int64 = 0
}

extension LuaState {
  func prepareReferences(_ L: OpaquePointer) throws {
    try check(clua_new_table(L, 0, 0), L)
    try check(clua_set_registry(L, ReferenceTable.key), L)
  }

  /// Takes the value off the top of the stack into a reference.
  func takeReference(_ L: OpaquePointer) throws -> LuaReference {
    releaseReferences(L)
    let index = references.free.last ?? references.count + 1
    lua_rawgetp(L, clua_registry_index(), ReferenceTable.key)
    clua_insert(L, -2)
    let status = clua_raw_set_index(L, -2, index)
    if status != LUA_OK {
      clua_remove(L, -2)
      throw takeError(status, L)
    }
    clua_pop(L, 1)
    if references.free.popLast() == nil { references.count = index }
    return LuaReference(mailbox: mailbox, index: index)
  }

  /// Pushes the value of a reference. The caller has one slot for it.
  func push(_ reference: LuaReference, _ L: OpaquePointer) throws {
    guard reference.mailbox === mailbox else {
      throw LuaError("a Lua value of another interpreter", kind: .misuse)
    }
    lua_rawgetp(L, clua_registry_index(), ReferenceTable.key)
    lua_rawgeti(L, -1, reference.index)
    clua_remove(L, -2)
  }

  /// Frees what other threads have let go of.
  func releaseReferences(_ L: OpaquePointer) {
    let released = mailbox.takeReleasedReferences()
    if released.isEmpty { return }
    lua_rawgetp(L, clua_registry_index(), ReferenceTable.key)
    for index in released {
      // The slot exists, so this cannot raise.
      lua_pushboolean(L, 0)
      lua_rawseti(L, -2, index)
    }
    clua_pop(L, 1)
    references.free.append(contentsOf: released)
  }
}
