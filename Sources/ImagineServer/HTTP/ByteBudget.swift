import Synchronization

/// Bounds the memory of all request bodies together.
final class ByteBudget: Sendable {
  private let left: Mutex<Int>

  init(bytes: Int) {
    left = Mutex(bytes)
  }

  /// Takes bytes for as long as the share lives; nil where too few are left.
  func share(bytes: Int) -> Share? {
    let taken = left.withLock { left in
      guard left >= bytes else { return false }
      left -= bytes
      return true
    }
    return taken ? Share(budget: self, bytes: bytes) : nil
  }

  /// Bytes that were taken, and come back when nobody holds this any more.
  final class Share: Sendable {
    private let budget: ByteBudget
    private let bytes: Int

    fileprivate init(budget: ByteBudget, bytes: Int) {
      self.budget = budget
      self.bytes = bytes
    }

    deinit {
      budget.left.withLock { $0 += bytes }
    }
  }
}
