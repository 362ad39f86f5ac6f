import ImagineCore
import Synchronization

/// Holds back the calls to one service: so many in flight, so many a minute, none while it asked for
/// a pause.
///
/// Everybody who calls the service waits on the same limiter, in the order of asking.
public final class CallLimiter: Sendable {
  private struct State {
    var concurrency: Int
    /// Calls in any 60 seconds; nil while no limit is known.
    var rate: Int?
    var inFlight = 0
    /// When the calls of the last minute began, oldest first.
    var begun: [ContinuousClock.Instant] = []
    var pausedUntil: ContinuousClock.Instant?
    var waiting: [(ticket: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    var lastTicket = 0
    /// Whether somebody already sleeps until the next call may begin.
    var isAlarmSet = false

    /// When the next call may begin; nil for at once.
    mutating func nextStart(
      _ now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
      if let pausedUntil, pausedUntil > now { return pausedUntil }
      pausedUntil = nil
      guard let rate else { return nil }
      begun.removeAll { now - $0 >= .seconds(60) }
      return begun.count < rate ? nil : begun[begun.count - rate] + .seconds(60)
    }
  }

  /// Calls in flight where nobody says.
  public static let standardConcurrency = 8

  private let state: Mutex<State>

  /// - Parameters:
  ///   - concurrency: calls in flight.
  ///   - rate: calls a minute; nil for no limit until the service tells one.
  public init(concurrency: Int = standardConcurrency, rate: Int? = nil) {
    state = Mutex(State(concurrency: concurrency, rate: rate))
  }

  /// Changes the limits; nil leaves one as it is.
  public func set(concurrency: Int?, rate: Int?) {
    state.withLock { state in
      if let concurrency { state.concurrency = concurrency }
      if let rate { state.rate = rate }
    }
    admit()
  }

  /// The turn of a call did not come before its deadline.
  struct TooLate: Error {
    let deadline: Deadline
  }

  /// Does a call when its turn has come.
  ///
  /// - Parameter deadline: until when the turn is waited for; nil for ever.
  /// - Throws: what the call throws; ``TooLate``; or `CancellationError` where it was cancelled while
  ///   it waited.
  func call<Result>(
    by deadline: Deadline? = nil, _ body: () async throws -> Result
  ) async throws -> Result {
    try await turn(by: deadline)
    defer {
      state.withLock { $0.inFlight -= 1 }
      admit()
    }
    return try await body()
  }

  /// Learns from a 429: everybody waits as long as it asks, and a limit that it tells is kept.
  ///
  /// - Returns: whether everybody waits longer now, by a second or more.
  @discardableResult
  func learn(from error: ImagineError) -> Bool {
    guard error.kind == .rateLimit else { return false }
    let pause = min(error.retryAfter ?? RetryPolicy.firstPause, RetryPolicy.longestRetryAfter)
    return state.withLock { state in
      let now = ContinuousClock.now
      let until = now + .clamped(seconds: pause)
      let earlier = max(state.pausedUntil ?? now, now)
      state.pausedUntil = max(earlier, until)
      if let limit = error.rateLimit, limit > 0 { state.rate = min(state.rate ?? limit, limit) }
      return until - earlier >= .seconds(1)
    }
  }

  private func turn(by deadline: Deadline?) async throws {
    let ticket = state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
    let alarm = deadline.map { deadline in
      Task {
        do { try await Task.sleep(until: deadline.instant, clock: .continuous) } catch { return }
        giveUp(ticket, TooLate(deadline: deadline))
      }
    }
    defer { alarm?.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        state.withLock { $0.waiting.append((ticket, continuation)) }
        if Task.isCancelled {
          giveUp(ticket, CancellationError())
        } else if let deadline, deadline.hasPassed {
          giveUp(ticket, TooLate(deadline: deadline))
        } else {
          admit()
        }
      }
    } onCancel: {
      giveUp(ticket, CancellationError())
    }
  }

  private func giveUp(_ ticket: Int, _ error: any Error) {
    let found = state.withLock { state in
      state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
    }
    found?.continuation.resume(throwing: error)
  }

  /// Lets in whoever may begin now, and sets an alarm for the next where time must pass first.
  private func admit() {
    let (admitted, alarm) = state.withLock { state in
      var admitted: [CheckedContinuation<Void, any Error>] = []
      var alarm: ContinuousClock.Instant?
      while !state.waiting.isEmpty, state.inFlight < state.concurrency {
        let now = ContinuousClock.now
        if let due = state.nextStart(now), due > now {
          if !state.isAlarmSet {
            state.isAlarmSet = true
            alarm = due
          }
          break
        }
        state.inFlight += 1
        if state.rate != nil { state.begun.append(now) }
        admitted.append(state.waiting.removeFirst().continuation)
      }
      return (admitted, alarm)
    }
    for continuation in admitted { continuation.resume() }
    guard let alarm else { return }
    Task {
      try? await Task.sleep(until: alarm, clock: .continuous)
      state.withLock { $0.isAlarmSet = false }
      admit()
    }
  }
}
