import HostStore
import ImagineAPI
import ImagineRuns
import Synchronization

/// The journal in plan mode: read for existing answers, never written; no run is locked.
final class PlannedJournal: Journal {
  private let journal: SQLiteJournal

  init(_ journal: SQLiteJournal) {
    self.journal = journal
  }

  func begin(
    _ script: Script, seed: RandomSeed, unless excluded: RunExclusion
  ) throws -> any ActiveRun {
    PlannedRun(Run(id: "plan", script: script, seed: seed, startedAt: 0, processID: 0), calls: [])
  }

  func resume(_ script: Script) throws -> (any ActiveRun)? {
    guard let summary = try journal.unfinished(script) else { return nil }
    return try look(at: summary.run)
  }

  func resume(id: String) throws -> any ActiveRun {
    try look(at: journal.run(id).run)
  }

  private func look(at run: Run) throws -> any ActiveRun {
    PlannedRun(run, calls: try journal.calls(of: run.id, limit: nil))
  }

  func unfinished(_ script: Script) throws -> RunSummary? { nil }
  func finished(_ script: Script) throws -> RunSummary? { try journal.finished(script) }
  func runs() throws -> [RunSummary] { try journal.runs() }
  func run(_ id: String) throws -> RunSummary { try journal.run(id) }
  func calls(of run: String?, limit: Int?) throws -> [JournaledCall] {
    try journal.calls(of: run, limit: limit)
  }
  func delete(run id: String) throws {}
  func cached(_ key: String) throws -> [StoredResult]? { try journal.cached(key) }
  func cache(_ results: [StoredResult], as key: String) throws {}
}

private final class PlannedRun: ActiveRun {
  let run: Run
  let earlierCalls: [JournaledCall]
  let wasFinished = false
  /// Accepts both forms of keys, because nothing is sent.
  let hasKeysOfVersion1 = true

  init(_ run: Run, calls: [JournaledCall]) {
    self.run = run
    earlierCalls = calls
  }

  func record(_ call: JournaledCall) async throws {}
  func end(_ state: Run.State, isKept: Bool) throws {}
}
