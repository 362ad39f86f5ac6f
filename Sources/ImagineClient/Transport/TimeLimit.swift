import ImagineCore
import Synchronization

/// How long an exchange may take. Whichever part is passed first ends it.
struct TimeLimit: Sendable, Hashable {
  /// Seconds from the send to the last byte of the answer.
  var total: Double
  /// Seconds between two pieces of the answer.
  var silence: Double?
  /// Of the call that the exchange belongs to.
  var deadline: Deadline?
}

/// The time of one exchange.
final class Watch: Sendable {
  /// The exchange took too long.
  struct Overdue: Error, CustomStringConvertible {
    let description: String
  }

  private struct State {
    var byteCount = 0
    var lastSign: ContinuousClock.Instant
    var overdue: Overdue?
  }

  private let limit: TimeLimit
  private let started = ContinuousClock.now
  private let state: Mutex<State>

  init(limit: TimeLimit) {
    self.limit = limit
    state = Mutex(State(lastSign: started))
  }

  /// Bytes of the answer so far.
  var byteCount: Int { state.withLock { $0.byteCount } }
  var elapsed: Duration { ContinuousClock.now - started }

  func received(_ count: Int) {
    state.withLock {
      $0.byteCount += count
      $0.lastSign = .now
    }
  }

  /// When the limit is passed, as far as is known now.
  var due: ContinuousClock.Instant { next.due }

  private var next: (due: ContinuousClock.Instant, words: String) {
    var next = (
      due: started + .clamped(seconds: limit.total),
      words: "no whole answer within \(limit.total) seconds"
    )
    if let deadline = limit.deadline, deadline.instant < next.due {
      next = (deadline.instant, "no whole answer within \(deadline.seconds) seconds")
    }
    if let silence = limit.silence {
      let due = state.withLock { $0.lastSign } + .clamped(seconds: silence)
      if due < next.due { next = (due, "silent for \(silence) seconds") }
    }
    return next
  }

  /// What to tell of an exchange that was ended because the limit was passed; nil for any other.
  var overdue: Overdue? { state.withLock { $0.overdue } }

  fileprivate func setOverdue() {
    let overdue = Overdue(description: next.words)
    state.withLock { $0.overdue = overdue }
  }
}

/// Ends exchanges that take too long, with one alarm for all of them: a timer for each would cost
/// more than the rest of a short call.
final class Watchman: Sendable {
  private struct Charge {
    let watch: Watch
    let end: @Sendable () -> Void
  }

  private struct State {
    var watches: [ObjectIdentifier: Charge] = [:]
    /// When it looks next; nil where nothing is watched.
    var alarm: ContinuousClock.Instant?
  }

  private let state = Mutex(State())

  /// - Parameter end: called once, when the watch's limit is passed.
  func begin(_ watch: Watch, end: @escaping @Sendable () -> Void) {
    let due = watch.due
    let mustSet = state.withLock { state in
      state.watches[ObjectIdentifier(watch)] = Charge(watch: watch, end: end)
      guard state.alarm.map({ due < $0 }) ?? true else { return false }
      state.alarm = due
      return true
    }
    if mustSet { setAlarm(due) }
  }

  func end(_ watch: Watch) {
    _ = state.withLock { $0.watches.removeValue(forKey: ObjectIdentifier(watch)) }
  }

  private func setAlarm(_ due: ContinuousClock.Instant) {
    Task { [weak self] in
      try? await Task.sleep(until: due, clock: .continuous)
      self?.look(setFor: due)
    }
  }

  /// Ends what is overdue, and sets the next alarm. An alarm that an earlier one has replaced does
  /// nothing.
  private func look(setFor due: ContinuousClock.Instant) {
    var overdue: [Charge] = []
    let next = state.withLock { state -> ContinuousClock.Instant? in
      guard state.alarm == due else { return nil }
      let now = ContinuousClock.now
      overdue = state.watches.values.filter { $0.watch.due <= now }
      for charge in overdue { state.watches[ObjectIdentifier(charge.watch)] = nil }
      state.alarm = state.watches.values.map(\.watch.due).min()
      return state.alarm
    }
    for charge in overdue {
      charge.watch.setOverdue()
      charge.end()
    }
    if let next { setAlarm(next) }
  }
}
