import ImagineAPI
import Synchronization

/// The progress of one job's work, and the request to stop it.
final class WorkControl: Sendable {
  /// Why the work must stop early.
  enum Stop: Error, Sendable {
    /// The service shuts down.
    case shutdown
    /// The job was deleted.
    case deleted
    /// The store says that the job is deleted or leased by another worker.
    case leaseLost
    /// The job exceeded its time limit.
    case timedOut
  }

  /// The control that the engine checks.
  let engine: EngineControl
  private let reason = Mutex<Stop?>(nil)

  /// - Parameter seconds: the time limit; nil for none at first.
  init(seconds: Double?) {
    engine = EngineControl(seconds: seconds)
  }

  /// The part done, 0 … 1.
  var progress: Double { engine.progress }

  /// Why the work was stopped, or nil.
  var stopReason: Stop? {
    reason.withLock { $0 } ?? (engine.stopReason == .timedOut ? .timedOut : nil)
  }

  /// Asks the work to stop. The first reason is kept.
  func stop(_ reason: Stop) {
    self.reason.withLock { if $0 == nil { $0 = reason } }
    engine.cancel()
  }
}
