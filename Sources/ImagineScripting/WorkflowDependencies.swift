import HostStore
import ImagineAPI
import ImagineLua
import ImagineRuns

/// What a workflow is composed of: the real stores and providers, or those of a recording or a
/// plan.
struct WorkflowDependencies {
  typealias Source = ProviderSource & ImageConverter

  var assets: any AssetStore
  var ledger: any JobLedger
  var source: any Source
  /// Nil to keep no journal.
  var journal: (any Journal)?

  /// Takes every answer from a recording; keeps nothing but files.
  mutating func replay(_ recording: ReplayedSource) {
    source = recording
    journal = nil
    ledger = EmptyJobLedger()
  }

  /// Sends nothing and writes nothing.
  mutating func plan(
    in store: PlannedAssetStore, with registry: ProviderRegistry, _ journal: SQLiteJournal
  ) {
    assets = store
    source = PlannedSource(registry, store: store)
    self.journal = PlannedJournal(journal)
    ledger = EmptyJobLedger()
  }
}

/// Contains no job, because none is submitted.
private struct EmptyJobLedger: JobLedger {
  func record(_ job: SubmittedJob) throws {}
  func jobs(id: String) throws -> [SubmittedJob] { [] }
  func jobs() throws -> [SubmittedJob] { [] }
  func forget(_ job: SubmittedJob.Key) throws {}
}
