import Synchronization

/// A clock that a test sets.
final class TestClock: Sendable {
  private let value: Mutex<Double>

  init(_ seconds: Double) { value = Mutex(seconds) }

  var seconds: Double {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }
}
