import Synchronization

/// A fair asynchronous lock per key: waiters get the lock in order of arrival.
final class KeyedLock: Sendable {
  /// The waiters of each locked key, in order.
  private let waiters = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

  func withLock<Result>(
    _ key: String, _ body: () async throws -> Result
  ) async rethrows -> Result {
    await withCheckedContinuation { continuation in
      let isFree = waiters.withLock { waiters in
        if waiters[key] == nil {
          waiters[key] = []
          return true
        }
        waiters[key]?.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
    defer {
      let next = waiters.withLock { waiters -> CheckedContinuation<Void, Never>? in
        if waiters[key]?.isEmpty == false { return waiters[key]?.removeFirst() }
        waiters[key] = nil
        return nil
      }
      next?.resume()
    }
    return try await body()
  }
}
