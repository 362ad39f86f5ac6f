import Synchronization

/// Limits the memory or the disk of all request bodies, and of each account's.
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

  /// The share of one request, empty at first.
  func share(of account: Account) -> Share { Share(budget: self, account: account) }

  private func take(_ bytes: Int, for account: Account) -> Bool {
    state.withLock { state in
      let taken = state.taken[account.id, default: 0] + bytes
      // All callers on a private socket are one account.
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

  /// Bytes taken from the budget for one request. They are returned when this object is released.
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

    /// Grows the share to at least `needed` bytes; false if the budget has too few left.
    ///
    /// Grows geometrically, as the body's storage does, but never beyond `limit`.
    func grow(to needed: Int, atMost limit: Int) -> Bool {
      bytes.withLock { bytes in
        guard needed > bytes else { return true }
        let size = min(limit, max(needed, 2 * bytes, 64 << 10))
        guard budget.take(size - bytes, for: account) else { return false }
        bytes = size
        return true
      }
    }
  }
}
