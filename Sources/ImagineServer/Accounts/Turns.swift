import Synchronization

/// Lets those who wait for the same thing have it one after the other, in order of arrival.
final class Turns: Sendable {
  /// By the thing that somebody has at present; whoever waits for it, the first in front.
  private let waiting = Mutex<[String: [CheckedContinuation<Void, Never>]]>([:])

  func take<Result>(_ name: String, _ body: () async throws -> Result) async rethrows -> Result {
    await withCheckedContinuation { continuation in
      let isFree = waiting.withLock { waiting in
        if waiting[name] == nil {
          waiting[name] = []
          return true
        }
        waiting[name]?.append(continuation)
        return false
      }
      if isFree { continuation.resume() }
    }
    defer {
      let next = waiting.withLock { waiting -> CheckedContinuation<Void, Never>? in
        if waiting[name]?.isEmpty == false { return waiting[name]?.removeFirst() }
        waiting[name] = nil
        return nil
      }
      next?.resume()
    }
    return try await body()
  }
}
