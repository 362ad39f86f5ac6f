import Synchronization

/// What a run, or a part of a script, may spend: reserved before a call is sent, given back where it
/// was not billed.
///
/// Amounts of different units are never added: a call that is priced in another unit than the limit
/// counts as one without a known price.
public final class Budget: Sendable {
  public struct Limit: Sendable, Hashable {
    /// What the calls may cost together; nil for any amount.
    public var price: Price?
    /// How many calls may be made; nil for any number.
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

  /// Whose budget it is, for messages: `the run`.
  private let owner: String
  private let state: Mutex<State>

  public init(of owner: String, limit: Limit = Limit()) {
    self.owner = owner
    state = Mutex(State(limit: limit))
  }

  /// Changes the limit; what was spent stays spent.
  public func change(_ change: (inout Limit) -> Void) {
    state.withLock { change(&$0.limit) }
  }

  /// Sets aside what a call may cost.
  ///
  /// - Parameters:
  ///   - price: nil where it is not known.
  ///   - allowsUnpriced: whether a call without a known price may be made under a limit.
  /// - Throws: ``ImagineError`` of kind `budget`; then nothing is set aside.
  public func reserve(_ price: Price?, allowsUnpriced: Bool) throws(ImagineError) {
    let refusal = state.withLock { state -> String? in
      if let reason = reason(against: price, allowsUnpriced, state) { return reason }
      state.count(price, 1)
      return nil
    }
    if let refusal { throw ImagineError(.budget, refusal) }
  }

  /// Gives back what was set aside for a call that was not billed.
  public func release(_ price: Price?) {
    state.withLock { $0.count(price, -1) }
  }

  /// Counts what was spent before: by the earlier attempts of a resumed run.
  public func count(_ price: Price?) {
    state.withLock { $0.count(price, 1) }
  }

  /// What was set aside and not given back: calls, those of them without a known price, and the
  /// amounts of the others, one for each unit.
  public var spent: (calls: Int, unpriced: Int, amounts: [Price]) {
    state.withLock { state in
      let amounts = state.spent.sorted { $0.key < $1.key }
        .map { Price(millionths: $0.value, unit: $0.key) }
      return (state.calls, state.unpriced, amounts)
    }
  }

  private func reason(
    against price: Price?, _ allowsUnpriced: Bool, _ state: State
  ) -> String? {
    if let calls = state.limit.calls, state.calls >= calls {
      return "\(owner) may make \(calls) calls, and has made them"
    }
    guard let limit = state.limit.price else { return nil }
    if let price, price.unit == limit.unit || price.millionths == 0 {
      let left = limit.millionths - state.spent[limit.unit, default: 0]
      if price.millionths <= left { return nil }
      let rest = Price(millionths: max(0, left), unit: limit.unit)
      return "the call would cost \(price), and \(rest) of the \(limit) of \(owner) are left"
    }
    if allowsUnpriced { return nil }
    let reason = price.map { "costs \($0)" } ?? "has no known price"
    return "the call \(reason), and \(owner) may spend \(limit); allow_unpriced lets it through"
  }
}
