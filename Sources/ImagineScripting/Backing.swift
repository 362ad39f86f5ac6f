import ImagineCore
import ImagineLua
import ImagineStore

/// What a session works with: the real things, or what a recording or a plan puts in their place.
struct Backing {
  typealias Source = Session.ProviderSource & PictureConverter

  var assets: any AssetStore
  var ledger: any JobLedger
  var source: any Source
  /// Nil where no call is kept.
  var journal: (any Journal)?

  /// Every answer comes from a recording, and nothing of it is kept but the files.
  mutating func replay(_ recording: ReplayedSource) {
    source = recording
    journal = nil
    ledger = NoLedger()
  }

  /// Nothing is sent, and nothing is written.
  mutating func plan(
    in store: PlannedAssetStore, with registry: ProviderRegistry, _ journal: SQLiteJournal
  ) {
    assets = store
    source = PlannedSource(registry, store: store)
    self.journal = PlannedJournal(journal)
    ledger = NoLedger()
  }
}

/// Remembers no job: none was submitted.
private struct NoLedger: JobLedger {
  func record(_ job: SubmittedJob) throws {}
  func jobs(id: String) throws -> [SubmittedJob] { [] }
  func jobs() throws -> [SubmittedJob] { [] }
  func forget(_ job: SubmittedJob.Key) throws {}
}
