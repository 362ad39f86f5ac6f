import Synchronization

/// Bounds the memory of all request bodies together, and of each account's.
final class ByteBudget: Sendable {
  private struct State {
    var left: Int
    var taken: [String: Int] = [:]
  }

  private let state: Mutex<State>
  private let perAccount: Int

  init(bytes: Int) {
    state = Mutex(State(left: bytes))
    perAccount = bytes / 2
  }

  /// The part of one body, empty at first.
  func share(of account: Account) -> Share { Share(budget: self, account: account) }

  private func take(_ bytes: Int, for account: Account) -> Bool {
    state.withLock { state in
      let taken = state.taken[account.id, default: 0] + bytes
      // Everybody on a private socket is one account.
      guard state.left >= bytes, taken <= perAccount || account == .local else { return false }
      state.left -= bytes
      state.taken[account.id] = taken
      return true
    }
  }

  private func giveBack(_ bytes: Int, of account: Account) {
    state.withLock { state in
      state.left += bytes
      let taken = state.taken[account.id, default: 0] - bytes
      state.taken[account.id] = taken > 0 ? taken : nil
    }
  }

  /// Bytes that were taken, and come back when nobody holds this any more.
  final class Share: Sendable {
    private let budget: ByteBudget
    private let account: Account
    private let bytes = Mutex(0)

    fileprivate init(budget: ByteBudget, account: Account) {
      self.budget = budget
      self.account = account
    }

    deinit {
      budget.giveBack(bytes.withLock { $0 }, of: account)
    }

    /// Makes room for a body that has grown; false where too little is left.
    ///
    /// Takes more than is asked for at once, as the body's storage does, but never over `most`.
    func hold(_ needed: Int, atMost most: Int) -> Bool {
      bytes.withLock { bytes in
        guard needed > bytes else { return true }
        let size = min(most, max(needed, 2 * bytes, 64 << 10))
        guard budget.take(size - bytes, for: account) else { return false }
        bytes = size
        return true
      }
    }
  }
}
