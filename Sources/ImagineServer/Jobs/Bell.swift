import Synchronization

/// Wakes whoever waits for work, and is remembered where nobody does.
final class Bell: Sendable {
  private struct State {
    var isRung = false
    var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
    var next = 0
  }

  private let state = Mutex(State())

  func ring() {
    let sleepers = state.withLock { state in
      state.isRung = state.sleepers.isEmpty
      defer { state.sleepers = [:] }
      return state.sleepers.values
    }
    for sleeper in sleepers { sleeper.resume() }
  }

  /// Returns when the bell rings, when it rang since the last wait, when the time is over, or when
  /// the task is cancelled.
  func wait(seconds: Double) async {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    var alarm: Task<Void, Never>?
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.isRung || Task.isCancelled {
            state.isRung = false
            return true
          }
          state.sleepers[number] = continuation
          return false
        }
        if isOver { return continuation.resume() }
        // Set once the sleeper lies there: an alarm that came before would wake nobody, ever.
        alarm = Task { [weak self] in
          try? await Task.sleep(for: .seconds(seconds))
          self?.wake(number)
        }
      }
    } onCancel: {
      wake(number)
    }
    alarm?.cancel()
  }

  private func wake(_ number: Int) {
    state.withLock { $0.sleepers.removeValue(forKey: number) }?.resume()
  }
}
