import Synchronization

/// Wakes all waiters; with none, the next wait returns at once.
final class WorkSignal: Sendable {
  private struct State {
    var isPending = false
    var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
    var next = 0
  }

  private let state = Mutex(State())

  func signal() {
    let waiters = state.withLock { state in
      state.isPending = state.waiters.isEmpty
      defer { state.waiters = [:] }
      return state.waiters.values
    }
    for waiter in waiters { waiter.resume() }
  }

  /// Returns on a signal, at once if there was one since the last wait, after `seconds`, or when the
  /// task is cancelled.
  func wait(upTo seconds: Double) async {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    var timeout: Task<Void, Never>?
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isPending || Task.isCancelled {
            state.isPending = false
            return true
          }
          state.waiters[number] = continuation
          return false
        }
        if isOver { return continuation.resume() }
        // Started after the waiter is stored: a timeout that fired earlier would find no waiter.
        timeout = Task { [weak self] in
          try? await Task.sleep(for: .seconds(seconds))
          self?.wake(number)
        }
      }
    } onCancel: {
      wake(number)
    }
    timeout?.cancel()
  }

  private func wake(_ number: Int) {
    state.withLock { $0.waiters.removeValue(forKey: number) }?.resume()
  }
}
