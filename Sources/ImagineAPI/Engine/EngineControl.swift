import Synchronization

/// The deadline, cancellation and progress of one engine call.
///
/// The engine checks it after every row or round of work. Any thread may cancel the call.
public final class EngineControl: Sendable {
  /// Why a call ended without a result.
  public enum Stop: Error, Sendable {
    /// The call was cancelled, or nobody waits for its result.
    case cancelled
    /// The deadline passed.
    case timedOut
  }

  private struct State {
    var progress = 0.0
    var stopped: Stop?
    var deadline: ContinuousClock.Instant?
  }

  /// Whose call it is: an engine of several processes lets none see the images of two accounts.
  public let account: String
  private let state: Mutex<State>
  private let isWanted: @Sendable () -> Bool
  /// Whether programs that the call starts stay in this process's group, because the whole group is
  /// killed when the call must end.
  public let keepsProgramsInGroup: Bool

  /// - Parameters:
  ///   - account: as the property of this name; calls without one are one account's.
  ///   - seconds: from now to the deadline; nil for none.
  ///   - keepsProgramsInGroup: as the property of this name.
  ///   - isWanted: called often, from any thread of the engine; the call ends once it returns false.
  public init(
    account: String = "", seconds: Double? = nil, keepsProgramsInGroup: Bool = false,
    isWanted: @escaping @Sendable () -> Bool = { true }
  ) {
    self.account = account
    state = Mutex(State(deadline: seconds.map { .now + .seconds($0) }))
    self.keepsProgramsInGroup = keepsProgramsInGroup
    self.isWanted = isWanted
  }

  /// The part done, 0 … 1.
  public var progress: Double { state.withLock { $0.progress } }

  /// Why the call must end, or nil. The first reason is kept.
  public var stopReason: Stop? {
    let isUnwanted = !isWanted()
    return state.withLock { state in
      if state.stopped == nil {
        if isUnwanted {
          state.stopped = .cancelled
        } else if let deadline = state.deadline, ContinuousClock.now > deadline {
          state.stopped = .timedOut
        }
      }
      return state.stopped
    }
  }

  public var isStopped: Bool { stopReason != nil }

  public func cancel() {
    state.withLock { state in
      if state.stopped == nil { state.stopped = .cancelled }
    }
  }

  /// Brings the deadline forward to at most `seconds` from now.
  public func shortenDeadline(seconds: Double) {
    let deadline = ContinuousClock.now + .seconds(seconds)
    state.withLock { state in
      state.deadline = state.deadline.map { min($0, deadline) } ?? deadline
    }
  }

  /// - Throws: ``Stop`` if the call must end.
  public func check() throws(Stop) {
    if let stopReason { throw stopReason }
  }

  /// Records the part done, 0 … 1.
  ///
  /// - Throws: ``Stop`` if the call must end.
  public func report(_ progress: Double) throws(Stop) {
    state.withLock { $0.progress = progress }
    try check()
  }
}
