import Synchronization

/// Spaces attempts to connect while the server refuses them, so that it is not flooded when it comes
/// back.
final class ConnectionPacing: Sendable {
  private struct State {
    var failures = 0
    var next = ContinuousClock.now
  }

  private let state = Mutex(State())

  /// Whether the caller may try now.
  func mayTry() -> Bool {
    state.withLock { state in
      guard state.failures > 0 else { return true }
      guard state.next <= .now else { return false }
      let seconds = min(0.02 * Double(1 << min(state.failures, 10)), 0.5)
      state.next = .now + .seconds(seconds * Double.random(in: 0.75...1.25))
      return true
    }
  }

  func succeeded() { state.withLock { $0.failures = 0 } }

  func failed() { state.withLock { $0.failures += 1 } }
}
