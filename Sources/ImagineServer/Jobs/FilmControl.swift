import ImagineCore
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

  /// What the engine asks.
  let engine: EngineControl
  private let reason = Mutex<Stop?>(nil)

  /// - Parameter seconds: how long the film may take.
  init(seconds: Double) {
    engine = EngineControl(seconds: seconds)
  }

  /// The part done, 0 … 1.
  var progress: Double { engine.progress }

  /// Why the film was stopped, if it was.
  var stopped: Stop? {
    reason.withLock { $0 } ?? (engine.stopped == .outOfTime ? .outOfTime : nil)
  }

  /// Asks the film to end; the first reason stands.
  func stop(_ reason: Stop) {
    self.reason.withLock { if $0 == nil { $0 = reason } }
    engine.stop()
  }
}
