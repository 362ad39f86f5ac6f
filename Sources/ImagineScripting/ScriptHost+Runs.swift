import HostStore
import ImagineAPI
import ImagineLua
public import ImagineRuns

/// Runs outside a script, for commands and Swift programs.
///
/// Functions throw `ImagineError`.
extension ScriptHost {
  /// The runs on this home, newest first.
  public func runs() throws -> [RunSummary] {
    try journal.runs()
  }

  /// A run by its id or a prefix of it.
  public func run(id: String) throws -> RunSummary {
    try journal.run(id)
  }

  /// The last finished run of a script with its arguments; nil if there is none.
  public func finishedRun(of script: Script) throws -> RunSummary? {
    try journal.finished(script)
  }

  /// The calls of a run, in the order in which they began.
  public func calls(ofRun id: String) throws -> [JournaledCall] {
    try journal.calls(of: journal.run(id).run.id, limit: nil)
  }

  /// Paths of a call's files in the asset store.
  public func files(of call: JournaledCall) throws -> [String] {
    try core.files(of: call)
  }

  /// Deletes a run from the journal; its files are removed by the next pruning.
  public func deleteRun(id: String) throws {
    try journal.delete(run: id)
  }

  /// Deletes finished runs beyond the retention, and files that no run and no cached answer needs.
  public func pruneRuns() throws -> Pruned {
    try journal.prune(keeping: registry.retention(), assets: "\(home)/assets")
  }

  /// The size of the cache.
  public func cacheSize() throws -> CacheSize {
    try journal.cacheSize()
  }

  /// Deletes cached answers that were not used for a number of days.
  ///
  /// - Returns: how many were deleted. Their files are removed by the next pruning of runs.
  public func pruneCache(unusedDays: Double) throws -> Int {
    try journal.pruneCache(unusedDays: unusedDays)
  }
}
