/// Keeps one value of Lua alive from Swift. Any thread may hold it and let go of it.
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

  /// The state it belongs to, on the thread that may touch it.
  /// - Throws: ``LuaError`` of kind `misuse` elsewhere.
  func state() throws -> LuaState {
    guard let state = LuaState.current, state.mailbox === mailbox else {
      throw LuaError(
        "a Lua value was used away from the thread of its interpreter", kind: .misuse)
    }
    return state
  }
}
