import ImagineAPI
import Synchronization

/// Limits the calls to one service: calls in flight, calls per minute, and pauses that the service
/// asks for.
///
/// All callers of the service share one limiter and are served in order.
public final class CallLimiter: Sendable {
  private struct State {
    /// Calls in flight that the service itself allows.
    var maxConcurrency: Int
    var concurrency: Int { didSet { concurrency = min(concurrency, maxConcurrency) } }
    /// Calls per 60 seconds; nil if no limit is known.
    var rate: Int?
    var inFlight = 0
    /// Start times of the calls of the last minute, oldest first.
    var startTimes: [ContinuousClock.Instant] = []
    var pausedUntil: ContinuousClock.Instant?
    var waiting: [(ticket: Int, continuation: CheckedContinuation<Void, any Error>)] = []
    var lastTicket = 0
    /// Whether a task already sleeps until the next call may start.
    var isWakeUpScheduled = false

    /// When the next call may start; nil for now.
    mutating func nextStart(
      _ now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
      if let pausedUntil, pausedUntil > now { return pausedUntil }
      pausedUntil = nil
      guard let rate else { return nil }
      startTimes.removeAll { now - $0 >= .seconds(60) }
      return startTimes.count < rate ? nil : startTimes[startTimes.count - rate] + .seconds(60)
    }
  }

  /// Default number of calls in flight.
  public static let standardConcurrency = SettingField.standardConcurrency

  private let state: Mutex<State>

  /// - Parameters:
  ///   - concurrency: maximum number of calls in flight.
  ///   - rate: maximum calls per minute; nil for no limit until the service names one.
  public init(concurrency: Int = standardConcurrency, rate: Int? = nil) {
    state = Mutex(State(maxConcurrency: .max, concurrency: concurrency, rate: rate))
  }

  /// Changes the limits; nil keeps one.
  public func set(concurrency: Int?, rate: Int?) {
    state.withLock { state in
      if let concurrency { state.concurrency = concurrency }
      if let rate { state.rate = rate }
    }
    admit()
  }

  /// Lowers the number of calls in flight that the service itself allows.
  public func lower(maxConcurrency: Int) {
    state.withLock { state in
      state.maxConcurrency = min(state.maxConcurrency, maxConcurrency)
      state.concurrency = min(state.concurrency, maxConcurrency)
    }
  }

  /// A call did not get its turn before its deadline.
  struct TurnTimedOut: Error {
    let deadline: Deadline
  }

  /// Waits for a turn and runs a call.
  ///
  /// - Parameter deadline: how long to wait for the turn; nil for no limit.
  /// - Throws: what the call throws; ``TurnTimedOut``; `CancellationError` if it was cancelled
  ///   while it waited.
  func call<Result>(
    by deadline: Deadline? = nil, _ body: () async throws -> Result
  ) async throws -> Result {
    try await waitForTurn(by: deadline)
    defer {
      state.withLock { $0.inFlight -= 1 }
      admit()
    }
    return try await body()
  }

  /// Applies a 429 answer: all callers wait as long as it asks, and its rate limit applies from now
  /// on.
  ///
  /// - Returns: whether this extended the pause, by a second or more.
  @discardableResult
  func learn(from error: ImagineError) -> Bool {
    guard error.kind == .rateLimit else { return false }
    let pause = min(error.retryAfter ?? RetryPolicy.firstPause, RetryPolicy.maxRetryAfter)
    return state.withLock { state in
      let now = ContinuousClock.now
      let until = now + .clamped(seconds: pause)
      let earlier = max(state.pausedUntil ?? now, now)
      state.pausedUntil = max(earlier, until)
      if let limit = error.rateLimit, limit > 0 { state.rate = min(state.rate ?? limit, limit) }
      return until - earlier >= .seconds(1)
    }
  }

  private func waitForTurn(by deadline: Deadline?) async throws {
    let ticket = state.withLock { state in
      state.lastTicket += 1
      return state.lastTicket
    }
    let timeout = deadline.map { deadline in
      Task {
        do { try await Task.sleep(until: deadline.instant, clock: .continuous) } catch { return }
        fail(ticket, TurnTimedOut(deadline: deadline))
      }
    }
    defer { timeout?.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        state.withLock { $0.waiting.append((ticket, continuation)) }
        if Task.isCancelled {
          fail(ticket, CancellationError())
        } else if let deadline, deadline.hasPassed {
          fail(ticket, TurnTimedOut(deadline: deadline))
        } else {
          admit()
        }
      }
    } onCancel: {
      fail(ticket, CancellationError())
    }
  }

  private func fail(_ ticket: Int, _ error: any Error) {
    let found = state.withLock { state in
      state.waiting.firstIndex { $0.ticket == ticket }.map { state.waiting.remove(at: $0) }
    }
    found?.continuation.resume(throwing: error)
  }

  /// Starts the calls that may start now, and schedules a wake-up for the next.
  private func admit() {
    let (admitted, wakeUp) = state.withLock { state in
      var admitted: [CheckedContinuation<Void, any Error>] = []
      var wakeUp: ContinuousClock.Instant?
      while !state.waiting.isEmpty, state.inFlight < state.concurrency {
        let now = ContinuousClock.now
        if let due = state.nextStart(now), due > now {
          if !state.isWakeUpScheduled {
            state.isWakeUpScheduled = true
            wakeUp = due
          }
          break
        }
        state.inFlight += 1
        if state.rate != nil { state.startTimes.append(now) }
        admitted.append(state.waiting.removeFirst().continuation)
      }
      return (admitted, wakeUp)
    }
    for continuation in admitted { continuation.resume() }
    guard let wakeUp else { return }
    Task {
      try? await Task.sleep(until: wakeUp, clock: .continuous)
      state.withLock { $0.isWakeUpScheduled = false }
      admit()
    }
  }
}
