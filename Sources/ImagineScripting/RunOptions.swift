public import ImagineAPI
import ImagineLua
public import ImagineRuns

/// How a run begins and resumes, and what it may spend.
public struct RunOptions: Sendable {
  /// The script; one without a path is kept in the journal, but its run can only be resumed by its
  /// id.
  public var script = Script()
  /// Whether calls are written to the journal. Without it nothing can be resumed, and neither the
  /// daily limit nor the cache works.
  public var keepsJournal = true
  /// Which earlier run to resume; a new run by default.
  public var resumption = RunJournal.Resumption.none
  /// What happens to calls that an earlier attempt sent and that have no answer.
  public var onUncertain = RunJournal.OnUncertain.fail
  /// The random seed of a new run; nil to choose one.
  public var seed: RandomSeed?
  /// The most that the run may spend, and the most calls that it may make.
  public var budget = Budget.Limit()
  /// Whether a call without a known price may be made under a budget.
  public var allowsUnpriced = false
  /// Whether calls use the cache unless they set `cache`.
  public var usesCache = false

  /// The run whose answers a plan counts.
  var plannedResumption: RunJournal.Resumption {
    if script.path == nil { return .none }
    return resumption == .last ? .last : .lastUnfinished
  }

  /// A new run, kept in the journal, without limits.
  public init() {}

  /// Reads the environment: `IMAGINE_RESUME=1`, and `IMAGINE_RANDOM_SEED=FIRST,SECOND` for runs
  /// that must get the same random numbers.
  ///
  /// - Throws: `ImagineError` of kind `validation`.
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
