import ImagineCore
import ImagineStore
import Synchronization

/// The journal as a plan sees it: what it has answers for, without a run being taken up or written.
final class PlannedJournal: Journal {
  private let journal: SQLiteJournal

  init(_ journal: SQLiteJournal) {
    self.journal = journal
  }

  func begin(_ script: Script, seed: RandomSeed, isOnly: Bool) throws -> any HeldRun {
    PlannedRun(Run(id: "plan", script: script, seed: seed, startedAt: 0, processID: 0), calls: [])
  }

  func resume(_ script: Script) throws -> (any HeldRun)? {
    guard let summary = try journal.unfinished(script) else { return nil }
    return try look(at: summary.run)
  }

  func resume(id: String) throws -> any HeldRun {
    try look(at: journal.run(id).run)
  }

  private func look(at run: Run) throws -> any HeldRun {
    PlannedRun(run, calls: try journal.calls(of: run.id, limit: nil))
  }

  func unfinished(_ script: Script) throws -> RunSummary? { nil }
  func finished(_ script: Script) throws -> RunSummary? { nil }
  func runs() throws -> [RunSummary] { try journal.runs() }
  func run(_ id: String) throws -> RunSummary { try journal.run(id) }
  func calls(of run: String?, limit: Int?) throws -> [JournaledCall] {
    try journal.calls(of: run, limit: limit)
  }
  func delete(run id: String) throws {}
  func cached(_ key: String) throws -> [StoredResult]? { try journal.cached(key) }
  func cache(_ results: [StoredResult], as key: String) throws {}
}

private final class PlannedRun: HeldRun {
  let run: Run
  let earlierCalls: [JournaledCall]
  /// Whichever form the keys have: nothing is sent.
  let hasKeysOfVersion1 = true

  init(_ run: Run, calls: [JournaledCall]) {
    self.run = run
    earlierCalls = calls
  }

  func record(_ call: JournaledCall) async throws {}
  func end(_ state: Run.State) throws {}
}
