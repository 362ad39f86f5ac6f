public import ImagineAPI
import Synchronization

/// What a run, or a part of a script, may spend. The price of a call is reserved before it is sent,
/// settled when the service has answered, and released if the call was not billed.
///
/// A service that bills what it counts may bill less than the reserve, so a call that does not fit
/// waits while calls are in flight that may make room. It may bill more too: that is booked in full,
/// and the next call is refused.
///
/// Amounts of different units are never added. A call whose price is in another unit than the limit
/// counts as a call without a known price.
public final class Budget: Sendable {
  /// The limits of a budget: an amount in one unit, and a number of calls.
  public struct Limit: Sendable, Hashable {
    /// The most that all calls may cost together; nil for no limit.
    public var price: Price?
    /// How many calls may be made; nil for no limit.
    public var calls: Int?

    public init(price: Price? = nil, calls: Int? = nil) {
      self.price = price
      self.calls = calls
    }
  }

  private struct State {
    var limit: Limit
    var spent: [String: Int64] = [:]
    var calls = 0
    /// Calls without a known price.
    var unpriced = 0
    /// The part of ``spent`` that is reserved for calls in flight.
    var reserved: [String: Int64] = [:]
    /// Calls that wait for one in flight to end, in the order in which they came.
    var waiting: [(waiter: Int, continuation: CheckedContinuation<Void, Never>)] = []
    var lastWaiter = 0
    /// How often a call in flight has ended.
    var endings = 0

    mutating func count(_ price: Price?, _ sign: Int64) {
      calls += Int(sign)
      if let price {
        spent[price.unit, default: 0] += sign * price.millionths
      } else {
        unpriced += Int(sign)
      }
    }

    mutating func reserve(_ price: Price?, _ sign: Int64) {
      if let price { reserved[price.unit, default: 0] += sign * price.millionths }
    }
  }

  /// The owner's name in messages, such as `the run`.
  private let owner: String
  private let state: Mutex<State>

  /// - Parameter owner: the owner's name in messages, such as `the run`.
  public init(of owner: String, limit: Limit = Limit()) {
    self.owner = owner
    state = Mutex(State(limit: limit))
  }

  /// Changes the limit; what is spent stays counted.
  public func changeLimit(_ change: (inout Limit) -> Void) {
    state.withLock { change(&$0.limit) }
  }

  /// The outcome of a reservation.
  enum Reservation {
    case reserved
    /// The call fits only after calls in flight have ended: wait with ``endOfCall(after:)``.
    case mustWait(endings: Int)
    case refused(ImagineError)
  }

  /// Reserves the price of a call.
  ///
  /// - Parameters:
  ///   - price: nil if it is not known.
  ///   - allowsUnpriced: whether a call without a known price is allowed under a limit.
  func reserve(_ price: Price?, allowsUnpriced: Bool) -> Reservation {
    state.withLock { state in
      if let reason = refusalReason(for: price, allowsUnpriced, state) {
        guard let price, fitsWithoutReserves(price, state) else {
          return .refused(ImagineError(.budget, reason))
        }
        return .mustWait(endings: state.endings)
      }
      state.count(price, 1)
      state.reserve(price, 1)
      return .reserved
    }
  }

  /// Waits until a call in flight has ended, or the task is cancelled.
  ///
  /// - Parameter endings: how many had ended when the reservation failed.
  func endOfCall(after endings: Int) async throws {
    let waiter = state.withLock { state in
      state.lastWaiter += 1
      return state.lastWaiter
    }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isOver = state.withLock { state in
          if state.endings != endings || Task.isCancelled { return true }
          state.waiting.append((waiter, continuation))
          return false
        }
        if isOver { continuation.resume() }
      }
    } onCancel: {
      let continuation = state.withLock { state in
        state.waiting.firstIndex { $0.waiter == waiter }
          .map { state.waiting.remove(at: $0).continuation }
      }
      continuation?.resume()
    }
    try Task.checkCancellation()
  }

  /// Releases the reservation of a call that was not billed.
  func release(_ reserved: Price?) {
    endCall { state in
      state.reserve(reserved, -1)
      state.count(reserved, -1)
    }
  }

  /// Replaces the reservation of a call in flight by what it was, or may have been, billed.
  func settle(_ reserved: Price?, as price: Price?) {
    endCall { state in
      state.reserve(reserved, -1)
      state.count(reserved, -1)
      state.count(price, 1)
    }
  }

  /// Replaces what is counted for a call that is not in flight any more; nil if it was not billed.
  func replace(_ counted: Price?, by price: Price??) {
    state.withLock { state in
      state.count(counted, -1)
      if let price { state.count(price, 1) }
    }
  }

  /// Counts what earlier attempts of a resumed run have spent.
  public func count(_ price: Price?) {
    state.withLock { $0.count(price, 1) }
  }

  private func endCall(_ change: (inout State) -> Void) {
    let waiting = state.withLock { state in
      change(&state)
      state.endings += 1
      defer { state.waiting = [] }
      return state.waiting.map(\.continuation)
    }
    for continuation in waiting { continuation.resume() }
  }

  /// Reservations that were not released: the number of calls, how many of them have no known
  /// price, and the amounts of the others, one per unit.
  public var spent: (calls: Int, unpriced: Int, amounts: [Price]) {
    state.withLock { state in
      let amounts = state.spent.sorted { $0.key < $1.key }
        .map { Price(millionths: $0.value, unit: $0.key) }
      return (state.calls, state.unpriced, amounts)
    }
  }

  /// Whether a call would fit if all calls in flight cost nothing.
  private func fitsWithoutReserves(_ price: Price, _ state: State) -> Bool {
    guard let limit = state.limit.price, price.unit == limit.unit,
      state.calls < state.limit.calls ?? .max
    else { return false }
    let reserved = state.reserved[limit.unit, default: 0]
    let settled = state.spent[limit.unit, default: 0] - reserved
    return reserved > 0 && price.millionths <= limit.millionths - settled
  }

  private func refusalReason(
    for price: Price?, _ allowsUnpriced: Bool, _ state: State
  ) -> String? {
    if let calls = state.limit.calls, state.calls >= calls {
      return "\(owner) has reached its limit of calls (\(calls))"
    }
    guard let limit = state.limit.price else { return nil }
    if let price, price.unit == limit.unit || price.millionths == 0 {
      let left = limit.millionths - state.spent[limit.unit, default: 0]
      if price.millionths == 0 || price.millionths <= left { return nil }
      let rest = Price(millionths: max(0, left), unit: limit.unit)
      return "the call would cost \(price), but \(owner) has only \(rest) of \(limit) left"
    }
    if allowsUnpriced { return nil }
    let reason = price.map { "costs \($0)" } ?? "has no known price"
    return "the call \(reason), and \(owner) may spend \(limit); allow_unpriced allows it"
  }
}
