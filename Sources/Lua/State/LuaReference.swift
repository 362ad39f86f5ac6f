/// Keeps one Lua value alive from Swift. Any thread may hold and release it.
public final class LuaReference: Sendable {
  let mailbox: Mailbox
  let index: Int64

  init(mailbox: Mailbox, index: Int64) {
    self.mailbox = mailbox
    self.index = index
  }

  deinit {
    mailbox.release(index)
  }

  /// Its state, on the Lua thread.
  /// - Throws: ``LuaError`` of kind `misuse` on any other thread.
  func state() throws -> LuaState {
    guard let state = LuaState.current, state.mailbox === mailbox else {
      throw LuaError(
        "a Lua value was used away from the thread of its interpreter", kind: .misuse)
    }
    return state
  }
}
