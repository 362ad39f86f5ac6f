import CLua

/// Tracks the used slots of the reference table in the registry. A free slot holds `false`, so that
/// storing into it again needs no memory.
struct ReferenceTable {
  /// Its address is the table's registry key.
  static nonisolated(unsafe) let key = UnsafeRawPointer(
    UnsafeMutableRawPointer.allocate(byteCount: 1, alignment: 1))  // Never written.

  private var freeSlots: [Int64] = []
  private var count: Int64 = 0

  mutating func allocate() -> Int64 {
    if let index = freeSlots.popLast() { return index }
    count += 1
    return count
  }

  mutating func free(_ indices: [Int64]) {
    freeSlots.append(contentsOf: indices)
  }
}

extension LuaState {
  func prepareReferences(_ stack: OpaquePointer) throws {
    try check(clua_new_table(stack, 0, 0), stack)
    try check(clua_set_registry(stack, ReferenceTable.key), stack)
  }

  /// Pops the top of the stack into a reference.
  func takeReference(_ stack: OpaquePointer) throws -> LuaReference {
    releaseReferences(stack)
    // Allocate first: storing may run a finalizer that allocates another slot.
    let index = references.allocate()
    lua_rawgetp(stack, clua_registry_index(), ReferenceTable.key)
    clua_insert(stack, -2)
    let status = clua_raw_set_index(stack, -2, index)
    if status != LUA_OK {
      references.free([index])
      clua_remove(stack, -2)
      throw takeError(status, stack)
    }
    clua_pop(stack, 1)
    return LuaReference(mailbox: mailbox, index: index)
  }

  /// Pushes the value of a reference. The caller guarantees two free slots.
  func push(_ reference: LuaReference, _ stack: OpaquePointer) throws {
    guard reference.mailbox === mailbox else {
      throw LuaError("the Lua value belongs to another interpreter", kind: .misuse)
    }
    lua_rawgetp(stack, clua_registry_index(), ReferenceTable.key)
    lua_rawgeti(stack, -1, reference.index)
    clua_replace(stack, -2)
  }

  /// Frees the slots of released references.
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
    references.free(released)
  }
}
