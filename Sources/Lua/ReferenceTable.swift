import CLua

/// Which slots of the registry's table of references are in use. A free slot keeps
/// `false`, so that storing into it again needs no memory for the slot.
struct ReferenceTable {
  /// Its address is the registry's key of the table.
  static nonisolated(unsafe) let key = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))  // Written by nobody.

  private var free: [Int64] = []
  private var count: Int64 = 0

  /// A slot that nobody uses.
  mutating func take() -> Int64 {
    if let index = free.popLast() { return index }
    count += 1
    return count
  }

  /// Slots that hold nothing any more.
  mutating func giveBack(_ indices: [Int64]) {
    free.append(contentsOf: indices)
  }
}

extension LuaState {
  func prepareReferences(_ stack: OpaquePointer) throws {
    try check(clua_new_table(stack, 0, 0), stack)
    try check(clua_set_registry(stack, ReferenceTable.key), stack)
  }

  /// Takes the value off the top of the stack into a reference.
  func takeReference(_ stack: OpaquePointer) throws -> LuaReference {
    releaseReferences(stack)
    // The slot is taken first: storing may run a finalizer, which may take another.
    let index = references.take()
    lua_rawgetp(stack, clua_registry_index(), ReferenceTable.key)
    clua_insert(stack, -2)
    let status = clua_raw_set_index(stack, -2, index)
    if status != LUA_OK {
      references.giveBack([index])
      clua_remove(stack, -2)
      throw takeError(status, stack)
    }
    clua_pop(stack, 1)
    return LuaReference(mailbox: mailbox, index: index)
  }

  /// Pushes the value of a reference. The caller has one slot for it.
  func push(_ reference: LuaReference, _ stack: OpaquePointer) throws {
    guard reference.mailbox === mailbox else {
      throw LuaError("a Lua value of another interpreter", kind: .misuse)
    }
    lua_rawgetp(stack, clua_registry_index(), ReferenceTable.key)
    lua_rawgeti(stack, -1, reference.index)
    clua_replace(stack, -2)
  }

  /// Frees what other threads have let go of.
  func releaseReferences(_ stack: OpaquePointer) {
    let released = mailbox.takeReleasedReferences()
    if released.isEmpty { return }
    lua_rawgetp(stack, clua_registry_index(), ReferenceTable.key)
    for index in released {
      // The slot exists, so this cannot raise.
      lua_pushboolean(stack, 0)
      lua_rawseti(stack, -2, index)
    }
    clua_pop(stack, 1)
    references.giveBack(released)
  }
}
