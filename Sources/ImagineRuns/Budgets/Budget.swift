public import ImagineAPI
import Synchronization

/// What a run, or a part of a script, may spend. The price of a call is reserved before it is sent,
/// and released if the call was not billed.
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

    mutating func count(_ price: Price?, _ sign: Int64) {
      calls += Int(sign)
      if let price {
        spent[price.unit, default: 0] += sign * price.millionths
      } else {
        unpriced += Int(sign)
      }
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

  /// Reserves the price of a call.
  ///
  /// - Parameters:
  ///   - price: nil if it is not known.
  ///   - allowsUnpriced: whether a call without a known price is allowed under a limit.
  /// - Throws: ``ImagineError`` of kind `budget`; then nothing is reserved.
  public func reserve(_ price: Price?, allowsUnpriced: Bool) throws(ImagineError) {
    let refusal = state.withLock { state -> String? in
      if let reason = refusalReason(for: price, allowsUnpriced, state) { return reason }
      state.count(price, 1)
      return nil
    }
    if let refusal { throw ImagineError(.budget, refusal) }
  }

  /// Releases the reservation of a call that was not billed.
  public func release(_ price: Price?) {
    state.withLock { $0.count(price, -1) }
  }

  /// Counts what earlier attempts of a resumed run have spent.
  public func count(_ price: Price?) {
    state.withLock { $0.count(price, 1) }
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

  private func refusalReason(
    for price: Price?, _ allowsUnpriced: Bool, _ state: State
  ) -> String? {
    if let calls = state.limit.calls, state.calls >= calls {
      return "\(owner) has reached its limit of calls (\(calls))"
    }
    guard let limit = state.limit.price else { return nil }
    if let price, price.unit == limit.unit || price.millionths == 0 {
      let left = limit.millionths - state.spent[limit.unit, default: 0]
      if price.millionths <= left { return nil }
      let rest = Price(millionths: max(0, left), unit: limit.unit)
      return "the call would cost \(price), but \(owner) has only \(rest) of \(limit) left"
    }
    if allowsUnpriced { return nil }
    let reason = price.map { "costs \($0)" } ?? "has no known price"
    return "the call \(reason), and \(owner) may spend \(limit); allow_unpriced allows it"
  }
}
