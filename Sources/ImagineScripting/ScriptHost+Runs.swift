public import ImagineCore
import ImagineLua
import ImagineStore

/// Runs from outside a script: for commands, and for Swift programs.
///
/// Functions throw ``ImagineError``.
extension ScriptHost {
  /// The runs on this home, the newest first.
  public func runs() throws -> [RunSummary] {
    try journal.runs()
  }

  /// A run by its id, or by the beginning of its id.
  public func run(id: String) throws -> RunSummary {
    try journal.run(id)
  }

  /// The calls of a run, in the order in which they began.
  public func calls(ofRun id: String) throws -> [JournaledCall] {
    try journal.calls(of: journal.run(id).run.id, limit: nil)
  }

  /// Where the files of a call lie.
  public func files(of call: JournaledCall) throws -> [String] {
    try session.files(of: call)
  }

  /// Forgets a run; what its calls gave goes with the next pruning.
  public func deleteRun(id: String) throws {
    try journal.delete(run: id)
  }

  /// Forgets finished runs that are older than is kept, and removes files that no run and no answer
  /// in the cache needs.
  public func pruneRuns() throws -> Pruned {
    try journal.prune(keeping: registry.retention(), assets: "\(home)/assets")
  }

  /// What the cache holds.
  public func cacheSize() throws -> CacheSize {
    try journal.cacheSize()
  }

  /// Forgets answers that were not asked for in so many days.
  ///
  /// - Returns: how many were forgotten; their files go with the next pruning of runs.
  public func pruneCache(unusedDays: Double) throws -> Int {
    try journal.pruneCache(unusedDays: unusedDays)
  }
}
