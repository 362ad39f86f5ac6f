import ImagineAPI

/// Records every call of every run on a home, so that nothing is paid for twice.
///
/// A call goes through ``JournaledCall/State``: *intent* → *sent* → *accepted* (a job's id, or the
/// addresses of images) → *stored* → *done*, or *failed*. The journal is synced before `record`
/// returns for *sent*, *accepted* and *stored*, so a call that may be billed is on disk before it
/// is sent.
///
/// Functions throw ``ImagineError``, of kind `io` if a file fails.
public protocol Journal: Sendable {
  /// Begins a run and locks it until it is released or this process dies.
  ///
  /// - Parameter excluded: throws if the script has such a run. The check and the insertion are one
  ///   transaction, so one of several processes begins.
  func begin(
    _ script: Script, seed: RandomSeed, unless excluded: RunExclusion
  ) throws -> any ActiveRun

  /// Resumes the last unfinished run of a script; nil if there is none.
  ///
  /// - Throws: ``ImagineError`` that names the process if the run is alive.
  func resume(_ script: Script) throws -> (any ActiveRun)?

  /// Resumes a run by its id or a prefix of it.
  func resume(id: String) throws -> any ActiveRun

  /// The last unfinished run of a script that is not alive.
  func unfinished(_ script: Script) throws -> RunSummary?

  /// The last finished run of a script.
  func finished(_ script: Script) throws -> RunSummary?

  /// All runs, newest first.
  func runs() throws -> [RunSummary]

  /// A run by its id or a prefix of it.
  func run(_ id: String) throws -> RunSummary

  /// The calls of a run, or of all runs, in the order in which they began; at most the newest
  /// `limit`.
  func calls(of run: String?, limit: Int?) throws -> [JournaledCall]

  /// Deletes a run and its calls.
  ///
  /// - Throws: ``ImagineError`` if the run is alive.
  func delete(run id: String) throws

  /// The cached answer to an equal request of an earlier run.
  func cached(_ key: String) throws -> [StoredResult]?

  /// Caches an answer for equal requests of later runs.
  func cache(_ results: [StoredResult], as key: String) throws
}

/// Runs of a script without which a new one begins.
public enum RunExclusion: Sendable {
  case none
  /// Those that are alive or unfinished.
  case unfinished
  case any
}

/// A run that this process has locked. Deinitialization releases it.
public protocol ActiveRun: AnyObject, Sendable {
  var run: Run { get }

  /// The calls of earlier attempts.
  var earlierCalls: [JournaledCall] { get }

  /// Whether the last attempt had finished.
  var wasFinished: Bool { get }

  /// Whether an older program began it; its keys leave out redacted `extra` fields.
  var hasKeysOfVersion1: Bool { get }

  /// Writes the current state of a call. *sent*, *accepted* and *stored* are synced to disk before
  /// this returns; other states are written with the next one.
  ///
  /// - Throws: ``ImagineError`` of kind `budget` if a *sent* call would exceed the daily limit; of
  ///   kind `io` if it cannot be written, and for a *sent* call also if an earlier write that
  ///   nobody waited for has failed. In all cases the call is not written.
  func record(_ call: JournaledCall) async throws

  /// Ends the run and releases it.
  ///
  /// - Parameter isKept: whether pruning leaves a finished run, without its calls.
  /// - Throws: ``ImagineError`` of kind `io` if the end, or an earlier write, could not be written.
  func end(_ state: Run.State, isKept: Bool) throws
}

extension ActiveRun {
  /// Ends the run; pruning deletes it.
  public func end(_ state: Run.State) throws { try end(state, isKept: false) }
}

/// A run with the totals of its calls.
public struct RunSummary: Sendable, Codable {
  public var run: Run
  public var calls: Int
  /// Calls whose result is stored.
  public var answered: Int
  /// Accepted calls whose result is not stored: jobs that were not waited for, images that were not
  /// downloaded.
  public var accepted: Int
  /// Calls that were or may have been billed and have no result.
  public var uncertain: Int
  /// Amounts spent, by unit.
  public var spent: [String: Double]
  /// Whether a process has it locked.
  public var isAlive: Bool

  public init(
    run: Run, calls: Int, answered: Int, accepted: Int, uncertain: Int, spent: [String: Double],
    isAlive: Bool
  ) {
    self.run = run
    self.calls = calls
    self.answered = answered
    self.accepted = accepted
    self.uncertain = uncertain
    self.spent = spent
    self.isAlive = isAlive
  }

  /// Whether resuming it saves money compared with a new run.
  public var hasPaidCalls: Bool { answered + accepted + uncertain > 0 }
}
