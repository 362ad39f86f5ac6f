import Synchronization

/// A clock that a test sets.
public final class TestClock: Sendable {
  private let value: Mutex<Double>

  public init(_ seconds: Double) { value = Mutex(seconds) }

  public var seconds: Double {
    get { value.withLock { $0 } }
    set { value.withLock { $0 = newValue } }
  }
}
