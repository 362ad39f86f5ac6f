import Synchronization

/// Lets the thread that films and those that wait for it talk to each other.
final class FilmControl: Sendable {
  /// Why a film is to end early.
  enum Stop: Error, Sendable {
    /// The service shuts down.
    case shutdown
    /// The job was deleted or taken over.
    case lost
    /// The job outran its time.
    case outOfTime
  }

  private struct State {
    var progress = 0.0
    var stopped: Stop?
  }

  private let state = Mutex(State())
  private let deadline: ContinuousClock.Instant

  /// - Parameter seconds: how long the film may take.
  init(seconds: Double) {
    deadline = .now + .seconds(seconds)
  }

  /// The part done, 0 … 1.
  var progress: Double { state.withLock { $0.progress } }

  /// Why the film was stopped, if it was.
  var stopped: Stop? { state.withLock { $0.stopped } }

  /// Asks the film to end; the first reason stands.
  func stop(_ reason: Stop) {
    state.withLock { state in
      if state.stopped == nil { state.stopped = reason }
    }
  }

  /// Notes the part done.
  ///
  /// - Throws: ``Stop`` where the film is to end.
  func report(_ progress: Double) throws {
    if ContinuousClock.now > deadline { stop(.outOfTime) }
    let reason = state.withLock { state in
      state.progress = progress
      return state.stopped
    }
    if let reason { throw reason }
  }
}
