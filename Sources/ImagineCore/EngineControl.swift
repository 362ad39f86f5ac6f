import Synchronization

/// Bounds one call of an engine: its deadline, and whether anybody still waits for its result.
///
/// The engine asks at every row or round of its work. Any thread may stop the call.
public final class EngineControl: Sendable {
  /// Why a call ended without a result.
  public enum Stop: Error, Sendable {
    /// Nobody waits for the result any more.
    case abandoned
    /// The deadline passed.
    case outOfTime
  }

  private struct State {
    var progress = 0.0
    var stopped: Stop?
    var deadline: ContinuousClock.Instant?
  }

  private let state: Mutex<State>
  private let isWanted: @Sendable () -> Bool

  /// - Parameters:
  ///   - seconds: from now to the deadline; nil for none.
  ///   - isWanted: asked often, from any thread of the engine; the call ends once it is false.
  public init(
    seconds: Double? = nil, isWanted: @escaping @Sendable () -> Bool = { true }
  ) {
    state = Mutex(State(deadline: seconds.map { .now + .seconds($0) }))
    self.isWanted = isWanted
  }

  /// The part done, 0 … 1.
  public var progress: Double { state.withLock { $0.progress } }

  /// Why the call is to end, where it is; the first reason stands.
  public var stopped: Stop? {
    let isAbandoned = !isWanted()
    return state.withLock { state in
      if state.stopped == nil {
        if isAbandoned {
          state.stopped = .abandoned
        } else if let deadline = state.deadline, ContinuousClock.now > deadline {
          state.stopped = .outOfTime
        }
      }
      return state.stopped
    }
  }

  public var isStopped: Bool { stopped != nil }

  /// Ends the call: nobody waits for it.
  public func stop() {
    state.withLock { state in
      if state.stopped == nil { state.stopped = .abandoned }
    }
  }

  /// Brings the deadline forward to at most `seconds` from now.
  public func hurry(seconds: Double) {
    let deadline = ContinuousClock.now + .seconds(seconds)
    state.withLock { state in
      state.deadline = state.deadline.map { min($0, deadline) } ?? deadline
    }
  }

  /// - Throws: ``Stop`` where the call is to end.
  public func check() throws(Stop) {
    if let stopped { throw stopped }
  }

  /// Notes the part done, 0 … 1.
  ///
  /// - Throws: ``Stop`` where the call is to end.
  public func report(_ progress: Double) throws(Stop) {
    state.withLock { $0.progress = progress }
    try check()
  }
}
