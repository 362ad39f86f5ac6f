import ImagineCore
import Synchronization

/// What a script would ask for, without anything being sent or written: its calls, their price, and
/// the files it would leave.
///
/// Pictures stand in with the size that the service would give, waiting costs no time, and what the
/// journal or the cache would answer is not counted as a call.
public final class ScriptPlan: Sendable {
  /// Equal calls, together.
  public struct Group: Sendable, Codable {
    public var provider: String
    public var operation: String
    /// The style, or at an OpenAI-style service the model.
    public var style: String?
    public var calls: Int
    /// What they cost together, by unit.
    public var cost: [String: Double]
    /// Calls of which no price is known.
    public var unpriced: Int
  }

  /// The whole plan, as `imagine plan --json` prints it.
  public struct Summary: Sendable, Codable {
    public var groups: [Group]
    public var calls: Int
    public var cost: [String: Double]
    public var unpriced: Int
    /// Calls that an unfinished run of the script has answers for, if it is resumed.
    public var answeredByJournal: Int
    public var answeredByCache: Int
    /// Paths, in the order of writing.
    public var files: [String]
  }

  private struct Kind: Hashable {
    var provider: String
    var operation: String
    var style: String?
  }

  private struct Tally {
    var calls = 0
    var cost: [String: Int64] = [:]
    var unpriced = 0

    mutating func add(_ price: Price?, count: Int = 1) {
      calls += count
      if let price {
        cost[price.unit, default: 0] += price.millionths
      } else {
        unpriced += count
      }
    }

    var amounts: [String: Double] {
      var amounts: [String: Double] = [:]
      for (unit, millionths) in cost {
        amounts[unit] = Price(millionths: millionths, unit: unit).amount
      }
      return amounts
    }
  }

  private struct State {
    var tallies: [Kind: Tally] = [:]
    var total = Tally()
    var files: [String] = []
    var known: Set<String> = []
  }

  private let state = Mutex(State())

  /// A call that would be sent.
  func add(_ request: Request, count: Int, by provider: any Provider) {
    let kind = Kind(
      provider: provider.name, operation: request.operation.name, style: request.styleOrModel)
    let price = provider.prices.price(of: request, count: count)
    state.withLock { state in
      state.tallies[kind, default: Tally()].add(price)
      state.total.add(price)
    }
  }

  /// A file that would be written; one that is written twice counts once.
  func add(file path: String) {
    state.withLock { state in
      if state.known.insert(path).inserted { state.files.append(path) }
    }
  }

  func summary(answeredByJournal: Int, answeredByCache: Int) -> Summary {
    state.withLock { state in
      let groups = state.tallies.map { kind, tally in
        Group(
          provider: kind.provider, operation: kind.operation, style: kind.style,
          calls: tally.calls, cost: tally.amounts, unpriced: tally.unpriced)
      }.sorted {
        ($0.provider, $0.operation, $0.style ?? "") < ($1.provider, $1.operation, $1.style ?? "")
      }
      return Summary(
        groups: groups, calls: state.total.calls, cost: state.total.amounts,
        unpriced: state.total.unpriced, answeredByJournal: answeredByJournal,
        answeredByCache: answeredByCache, files: state.files)
    }
  }
}
