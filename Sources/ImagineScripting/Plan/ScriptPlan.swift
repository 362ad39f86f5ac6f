import ImagineAPI
import Synchronization

/// What a script would send, without sending or writing anything: its calls, their price, and the
/// files it would write.
///
/// Placeholders have the size that the service would return, waiting takes no time, and answers
/// from the journal or the cache do not count as calls.
public final class ScriptPlan: Sendable {
  /// Calls of the same provider, operation and style.
  public struct Group: Sendable, Codable {
    public var provider: String
    public var operation: String
    /// The style, or the model of an OpenAI-style service.
    public var style: String?
    public var calls: Int
    /// Their total price, by unit.
    public var cost: [String: Double]
    /// How many calls have no known price.
    public var unpriced: Int
  }

  /// The whole plan, as `imagine plan --json` prints it.
  public struct Summary: Sendable, Codable {
    public var groups: [Group]
    /// All calls that would be sent.
    public var calls: Int
    /// Their total price, by unit.
    public var cost: [String: Double]
    /// How many of them have no known price.
    public var unpriced: Int
    /// Calls that would be answered by an unfinished run of the script, if it is resumed.
    public var answeredByJournal: Int
    /// Calls that would be answered from the cache.
    public var answeredByCache: Int
    /// Paths, in the order of the first write.
    public var files: [String]
    /// What only pixels tell, such as the size of an image after `trim`; the plan goes on with a
    /// guess.
    public var needsPixels: [String]
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
    var notes: [String] = []
  }

  private let state = Mutex(State())

  /// Adds a call that would be sent.
  func add(_ request: Request, by profile: ProviderProfile) {
    let kind = Kind(
      provider: profile.name, operation: request.operation.name, style: request.styleOrModel)
    let price = profile.prices.price(of: request)
    state.withLock { state in
      state.tallies[kind, default: Tally()].add(price)
      state.total.add(price)
    }
  }

  /// Adds a file that would be written; each path counts once.
  func add(file path: String) {
    state.withLock { state in
      if state.known.insert(path).inserted { state.files.append(path) }
    }
  }

  /// Adds what only pixels tell; each text counts once.
  func add(note: String) {
    state.withLock { state in
      if !state.notes.contains(note) { state.notes.append(note) }
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
        answeredByCache: answeredByCache, files: state.files, needsPixels: state.notes)
    }
  }
}
