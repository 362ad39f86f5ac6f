public import ImagineCore
public import ImagineLua

/// How a run is begun, resumed and paid for.
public struct RunOptions: Sendable {
  /// What is run; a script without a path is kept in the journal, but cannot be resumed by itself.
  public var script = Script()
  /// Whether calls are kept in the journal. Without it nothing can be resumed, and no limit of a day
  /// or answer of the cache holds.
  public var keepsJournal = true
  public var resumption = CurrentRun.Resumption.none
  /// What becomes of calls that were sent in an earlier attempt and have no answer.
  public var onUncertain = CurrentRun.OnUncertain.fail
  /// What a new run draws from; nil for a random one.
  public var seed: RandomSeed?
  /// What the run may spend, and how many calls it may make.
  public var budget = Budget.Limit()
  /// Whether a call without a known price may be made under a budget.
  public var allowsUnpriced = false
  /// Whether calls look for answers of earlier runs, where they do not say.
  public var usesCache = false

  public init() {}

  /// What the environment says: `IMAGINE_RESUME=1`, and `IMAGINE_RANDOM_SEED=FIRST,SECOND` for runs
  /// that shall draw the same numbers.
  ///
  /// - Throws: ``ImagineError`` of kind `validation`.
  public init(environment: [String: String]) throws(ImagineError) {
    switch environment["IMAGINE_RESUME"] {
    case nil, "", "0": break
    case "1": resumption = .lastUnfinished
    case let value?:
      throw .invalid(field: "IMAGINE_RESUME", given: "\"\(value)\"", expected: "1 or 0")
    }
    if let text = environment["IMAGINE_RANDOM_SEED"], !text.isEmpty {
      let numbers = text.split(separator: ",").map { Int64($0) }
      guard numbers.count == 2, let first = numbers[0], let second = numbers[1] else {
        throw .invalid(
          field: "IMAGINE_RANDOM_SEED", given: "\"\(text)\"",
          expected: "two integers with a comma between")
      }
      seed = RandomSeed(first: first, second: second)
    }
  }
}
