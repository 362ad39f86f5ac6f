import ImagineAPI
import Synchronization

/// Shares a number of slots fairly between accounts, by the time that their calls take.
///
/// A call takes a slot if one is free and nobody waits. Else it waits until its account is the one
/// that has used the least time lately: an account with a hundred calls and an account with one
/// alternate if their calls are equal, and an account with slow calls gets no more of the slots than
/// one with quick calls. The calls of an account start in the order in which they came. The number of
/// slots is never exceeded. Large calls take seconds: they leave a slot to the others, which may
/// overtake them.
///
/// For example:
///
/// ```swift
/// let turns = Turns(capacity: 4)
/// let slot = try await turns.enter(account)
/// defer { turns.leave(slot) }
/// ```
final class Turns: Sendable {
  /// A slot that a call has taken.
  struct Slot: Sendable {
    fileprivate let number: Int
  }

  private struct Call {
    let account: String
    /// Estimated memory.
    let bytes: Int
    let isLarge: Bool
    let startedAt: Double
    /// Seconds that were added to its account's time when it started.
    let expected: Double
  }

  private struct Waiting {
    let number: Int
    let account: String
    let bytes: Int
    let isLarge: Bool
    /// Why the call is not wanted any more; nil if it is.
    let stopReason: @Sendable () -> (any Error)?
    let slot: CheckedContinuation<Void, any Error>
    /// How many later calls started before it because they need less memory.
    var overtaken = 0
  }

  private struct Share {
    var calls = 0
    var bytes = 0
  }

  private struct State {
    var capacity: Int
    /// In the order of arrival.
    var waiting: [Waiting] = []
    var running: [Int: Call] = [:]
    var shares: [String: Share] = [:]
    var bytes = 0
    /// Large calls that run.
    var large = 0
    var next = 0
    /// Seconds that the calls of each account took, on the scale of ``fairTime``.
    var times: [String: Double] = [:]
    /// What the time of an account would be that always had its share of the slots. A new account
    /// begins with it.
    var fairTime = 0.0
    /// Seconds that a slot is taken, a moving average.
    var averageSeconds = 0.2
  }

  /// Seconds that any call counts for at least.
  private static let leastSeconds = 0.001
  /// Seconds by which an account without calls may be behind its share.
  private static let mostBehind = 1.0
  /// A call is overtaken at most this often.
  private static let maxOvertaken = 16
  /// All accounts may have this many times as many waiting calls as one.
  static let accountsWaiting = 4

  private let bytes: Int
  private let places: Int
  private let seconds: Double
  private let state: Mutex<State>
  /// Seconds on a monotonic clock.
  private let now: @Sendable () -> Double

  /// - Parameters:
  ///   - capacity: calls that run at once.
  ///   - bytes: estimated memory of all running calls. One account may use half of it, or run a
  ///     single call of any size.
  ///   - places: calls of one account that may wait.
  ///   - seconds: how long a call waits before it is refused.
  ///   - now: seconds on a monotonic clock.
  init(
    capacity: Int, bytes: Int = .max, places: Int = 64, seconds: Double = 30,
    now: @escaping @Sendable () -> Double = ContinuousClock.seconds
  ) {
    self.now = now
    state = Mutex(State(capacity: max(1, capacity)))
    self.bytes = bytes
    self.places = places
    self.seconds = seconds
  }

  /// Calls that run and calls that wait.
  var load: (running: Int, waiting: Int) {
    state.withLock { ($0.running.count, $0.waiting.count) }
  }

  /// Calls that run and wait, as a part of the capacity.
  var fullness: Double {
    state.withLock { Double($0.running.count + $0.waiting.count) / Double($0.capacity) }
  }

  /// Changes the number of slots. Calls that run go on.
  func setCapacity(_ capacity: Int) {
    state.withLock { state in
      state.capacity = max(1, capacity)
      start(&state)
    }
  }

  /// Takes a slot at once, even beyond the capacity, for what is in work already.
  func occupy(_ account: String) -> Slot {
    state.withLock { state in
      state.next += 1
      begin(account, &state)
      take(state.next, account, 0, isLarge: false, &state)
      return Slot(number: state.next)
    }
  }

  /// Waits for a slot, which the caller must leave.
  ///
  /// - Parameters:
  ///   - isLarge: whether the call takes seconds. Large calls have all slots but one.
  ///   - isBounded: false for a call that may wait for any time, however many wait.
  ///   - stopReason: asked whenever a slot becomes free; the call that it stops makes room.
  /// - Throws: ``APIError`` 1202 if too many calls wait, at once, or if the turn did not come in
  ///   time; what `stopReason` returns; `CancellationError`.
  func enter(
    _ account: String, bytes: Int = 0, isLarge: Bool = false, isBounded: Bool = true,
    stopReason: @escaping @Sendable () -> (any Error)? = { nil }
  ) async throws -> Slot {
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    var timeout: Task<Void, Never>?
    defer { timeout?.cancel() }
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { slot in
        let outcome = state.withLock { state -> Result<Bool, APIError> in
          removeStopped(&state)
          begin(account, &state)
          let own = state.waiting.count { $0.account == account }
          if state.waiting.isEmpty, canStart(account, bytes, isLarge, state) {
            take(number, account, bytes, isLarge: isLarge, &state)
            return .success(true)
          }
          let hasPlace =
            !isBounded || own < places && state.waiting.count < places * Self.accountsWaiting
          guard hasPlace else {
            return .failure(refusal(state))
          }
          state.waiting.append(
            Waiting(
              number: number, account: account, bytes: bytes, isLarge: isLarge,
              stopReason: stopReason, slot: slot))
          start(&state)
          return .success(false)
        }
        switch outcome {
        case .success(true): slot.resume()
        case .failure(let refusal): slot.resume(throwing: refusal)
        case .success(false):
          // Started after the call waits: one that fired earlier would not find it.
          timeout = Task { [weak self, seconds] in
            guard isBounded, (try? await Task.sleep(for: .seconds(seconds))) != nil else { return }
            self?.refuse(number)
          }
          if Task.isCancelled { remove(number)?.slot.resume(throwing: CancellationError()) }
        }
      }
    } onCancel: {
      remove(number)?.slot.resume(throwing: CancellationError())
    }
    return Slot(number: number)
  }

  /// Frees a slot, and gives it to the call whose turn it is.
  func leave(_ slot: Slot) {
    state.withLock { state in
      guard let call = state.running.removeValue(forKey: slot.number) else { return }
      record(now() - call.startedAt, of: call, &state)
      state.bytes -= call.bytes
      if call.isLarge { state.large -= 1 }
      state.shares[call.account]?.calls -= 1
      state.shares[call.account]?.bytes -= call.bytes
      if state.shares[call.account]?.calls == 0 { state.shares[call.account] = nil }
      removeStopped(&state)
      start(&state)
    }
  }

  /// Adds the time of a call to that of its account.
  private func record(_ seconds: Double, of call: Call, _ state: inout State) {
    state.averageSeconds += (seconds - state.averageSeconds) / 8
    let counted = max(Self.leastSeconds, seconds)
    state.times[call.account, default: 0] += counted - call.expected
    let accounts = Set(state.waiting.map(\.account)).union(state.shares.keys)
    state.fairTime += counted / Double(max(1, accounts.count))
  }

  /// Gives an account that had no calls its time. What it is behind its share is forgotten, up to a
  /// limit.
  private func begin(_ account: String, _ state: inout State) {
    let isActive =
      state.shares[account] != nil || state.waiting.contains { $0.account == account }
    guard !isActive else { return }
    if state.shares.isEmpty, state.waiting.isEmpty { state.times = [:] }
    let least = state.fairTime - Self.mostBehind
    // An account that is that far behind is the same as a new one.
    if state.times.count > 10_000 { state.times = state.times.filter { $0.value > least } }
    state.times[account] = max(state.times[account] ?? state.fairTime, least)
  }

  /// Starts as many waiting calls as slots and memory allow.
  private func start(_ state: inout State) {
    while state.running.count < state.capacity, let call = removeNext(&state) {
      take(call.number, call.account, call.bytes, isLarge: call.isLarge, &state)
      call.slot.resume()
    }
  }

  /// Removes the first waiting call that fits; none may be overtaken for ever.
  private func removeNext(_ state: inout State) -> Waiting? {
    let times = state.waiting.map { state.times[$0.account] ?? 0 }
    var overtaken: [Int] = []
    for index in times.indices.sorted(by: { (times[$0], $0) < (times[$1], $1) }) {
      let call = state.waiting[index]
      if canStart(call.account, call.bytes, call.isLarge, state) {
        for earlier in overtaken { state.waiting[earlier].overtaken += 1 }
        return state.waiting.remove(at: index)
      }
      // It waits for a large call to end, which no small one delays.
      if !hasSlot(isLarge: call.isLarge, state) { continue }
      if call.overtaken >= Self.maxOvertaken { return nil }
      overtaken.append(index)
    }
    return nil
  }

  private func canStart(
    _ account: String, _ bytes: Int, _ isLarge: Bool, _ state: borrowing State
  ) -> Bool {
    let own = state.shares[account] ?? Share()
    return hasSlot(isLarge: isLarge, state) && bytes <= self.bytes - state.bytes
      && (own.calls == 0 || own.bytes + bytes <= self.bytes / 2)
  }

  private func hasSlot(isLarge: Bool, _ state: borrowing State) -> Bool {
    state.running.count < state.capacity
      && (!isLarge || state.large < max(1, state.capacity - 1))
  }

  private func take(
    _ number: Int, _ account: String, _ bytes: Int, isLarge: Bool, _ state: inout State
  ) {
    let expected = max(Self.leastSeconds, state.averageSeconds)
    state.running[number] = Call(
      account: account, bytes: bytes, isLarge: isLarge, startedAt: now(), expected: expected)
    state.times[account, default: 0] += expected
    state.bytes += bytes
    if isLarge { state.large += 1 }
    state.shares[account, default: Share()].calls += 1
    state.shares[account, default: Share()].bytes += bytes
  }

  private func removeStopped(_ state: inout State) {
    guard state.waiting.contains(where: { $0.stopReason() != nil }) else { return }
    state.waiting.removeAll { call in
      guard let reason = call.stopReason() else { return false }
      call.slot.resume(throwing: reason)
      return true
    }
  }

  /// Removes a call that still waits.
  private func remove(_ number: Int) -> Waiting? {
    state.withLock { state in
      state.waiting.firstIndex { $0.number == number }.map { state.waiting.remove(at: $0) }
    }
  }

  /// Refuses a call whose turn did not come in time.
  private func refuse(_ number: Int) {
    guard let call = remove(number) else { return }
    call.slot.resume(
      throwing: state.withLock { refusal($0, "the call's turn did not come in \(Int(seconds)) s") })
  }

  private func refusal(_ state: borrowing State, _ reason: String? = nil) -> APIError {
    let wait = state.averageSeconds * Double(state.waiting.count + 1) / Double(state.capacity)
    return APIError(
      .tooManyRequests, reason ?? "\(state.waiting.count) calls are already waiting",
      retryAfter: Int(min(60, max(1, wait.rounded(.up)))))
  }
}
