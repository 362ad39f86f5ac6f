import ImagineAPI
import Synchronization

/// The time limit of an exchange. The first limit that is reached ends it.
struct TimeLimit: Sendable, Hashable {
  /// Seconds from the send to the last byte of the answer.
  var total: Double
  /// Maximum seconds between two pieces of the answer.
  var idleTimeout: Double?
  /// The deadline of the call that the exchange belongs to.
  var deadline: Deadline?
}

/// Measures the time of one exchange.
final class RequestTimer: Sendable {
  /// The exchange exceeded its limit.
  struct Timeout: Error, CustomStringConvertible {
    let description: String
  }

  private struct State {
    var byteCount = 0
    var lastReceived: ContinuousClock.Instant
    var timeout: Timeout?
  }

  private let limit: TimeLimit
  private let started = ContinuousClock.now
  private let state: Mutex<State>

  init(limit: TimeLimit) {
    self.limit = limit
    state = Mutex(State(lastReceived: started))
  }

  /// Number of answer bytes so far.
  var byteCount: Int { state.withLock { $0.byteCount } }
  var elapsed: Duration { ContinuousClock.now - started }

  func received(_ count: Int) {
    state.withLock {
      $0.byteCount += count
      $0.lastReceived = .now
    }
  }

  /// When the limit will be reached, if nothing more arrives.
  var due: ContinuousClock.Instant { next.due }

  private var next: (due: ContinuousClock.Instant, message: String) {
    var next = (
      due: started + .clamped(seconds: limit.total),
      message: "no whole answer within \(limit.total) seconds"
    )
    if let deadline = limit.deadline, deadline.instant < next.due {
      next = (deadline.instant, "no whole answer within \(deadline.seconds) seconds")
    }
    if let idleTimeout = limit.idleTimeout {
      let due = state.withLock { $0.lastReceived } + .clamped(seconds: idleTimeout)
      if due < next.due { next = (due, "no data for \(idleTimeout) seconds") }
    }
    return next
  }

  /// The error of an exchange that exceeded its limit; nil otherwise.
  var timeout: Timeout? { state.withLock { $0.timeout } }

  fileprivate func markTimedOut() {
    let timeout = Timeout(description: next.message)
    state.withLock { $0.timeout = timeout }
  }
}

/// Ends exchanges that exceed their limit, with one sleeping task for all: a task for each would
/// cost more than the rest of a short call.
final class TimeoutScheduler: Sendable {
  private struct Entry {
    let timer: RequestTimer
    let end: @Sendable () -> Void
  }

  private struct State {
    var timers: [ObjectIdentifier: Entry] = [:]
    /// Time of the next check; nil if there are no timers.
    var nextCheck: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// - Parameter end: called once, when the limit is reached.
  func begin(_ timer: RequestTimer, end: @escaping @Sendable () -> Void) {
    let due = timer.due
    let mustSchedule = state.withLock { state in
      state.timers[ObjectIdentifier(timer)] = Entry(timer: timer, end: end)
      guard state.nextCheck.map({ due < $0 }) ?? true else { return false }
      state.nextCheck = due
      return true
    }
    if mustSchedule { scheduleCheck(due) }
  }

  func end(_ timer: RequestTimer) {
    _ = state.withLock { $0.timers.removeValue(forKey: ObjectIdentifier(timer)) }
  }

  private func scheduleCheck(_ due: ContinuousClock.Instant) {
    Task { [weak self] in
      try? await Task.sleep(until: due, clock: .continuous)
      self?.check(at: due)
    }
  }

  /// Ends overdue exchanges and schedules the next check. Does nothing if an earlier check has
  /// replaced this one.
  private func check(at due: ContinuousClock.Instant) {
    var overdue: [Entry] = []
    let next = state.withLock { state -> ContinuousClock.Instant? in
      guard state.nextCheck == due else { return nil }
      let now = ContinuousClock.now
      overdue = state.timers.values.filter { $0.timer.due <= now }
      for entry in overdue { state.timers[ObjectIdentifier(entry.timer)] = nil }
      state.nextCheck = state.timers.values.map(\.timer.due).min()
      return state.nextCheck
    }
    for entry in overdue {
      entry.timer.markTimedOut()
      entry.end()
    }
    if let next { scheduleCheck(next) }
  }
}
