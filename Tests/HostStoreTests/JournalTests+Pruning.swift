import Foundation
import ImagineAPI
import ImagineRuns
import Testing

@testable import HostStore

extension JournalTests {
  @Test("pruning deletes old finished runs and unreferenced files")
  func pruned() async throws {
    let store = FileAssetStore(root: "\(folder)/assets")
    let journal = makeJournal()
    var kept: [Asset] = []
    for (name, state) in [("old", Run.State.finished), ("unfinished", .failed)] {
      let held = try journal.begin(Script(path: "/\(name)"), seed: Self.seed, unless: .none)
      let asset = try await store.store(Array(name.utf8))
      kept.append(asset)
      var call = makeCall(held.run, name)
      call.state = .stored
      let original = try await store.store(Array("\(name), as it was paid for".utf8))
      kept.append(original)
      var result = StoredResult(asset, engine: nil)
      result.original = .init(original)
      result.drift = 0.25
      call.results = [result]
      try await held.record(call)
      #expect(try makeJournal().calls(of: held.run.id, limit: nil).first?.results == [result])
      try held.end(state)
    }
    let stray = try await store.store(Array("stray".utf8))
    #expect(try journal.prune(keeping: Retention(), assets: "\(folder)/assets").runs == 0)
    let pruned = try journal.prune(keeping: Retention(days: -1), assets: "\(folder)/assets")
    #expect(pruned.runs == 1 && pruned.files == 3)
    #expect(try journal.runs().map(\.run.script.path) == ["/unfinished"])
    for asset in kept[2...] { #expect(try store.asset(sha256: asset.sha256) != nil) }
    for asset in kept[..<2] { #expect(try store.asset(sha256: asset.sha256) == nil) }
    #expect(try store.asset(sha256: stray.sha256) == nil)
  }

  @Test("pruning deletes no files while a script runs")
  func prunedBeside() async throws {
    let store = FileAssetStore(root: "\(folder)/assets")
    let journal = makeJournal()
    let alive = try journal.begin(Self.script, seed: Self.seed, unless: .none)
    let opened = try await store.store(Array("an image that it opened".utf8))
    let keepsNothing = Retention(days: -1)
    #expect(try makeJournal().prune(keeping: keepsNothing, assets: "\(folder)/assets").files == 0)
    #expect(try store.asset(sha256: opened.sha256) != nil)
    try alive.end(.finished)
    #expect(try makeJournal().prune(keeping: keepsNothing, assets: "\(folder)/assets").files == 1)
  }

  @Test("pruning is due once a day, also after the clock was changed")
  func pruningIsDue() throws {
    let journal = makeJournal()
    try journal.begin(Self.script, seed: Self.seed, unless: .none).end(.finished)
    #expect(try journal.isPruningDue())
    #expect(try !journal.isPruningDue())
    for days in [-2.0, 400] {
      try FileManager.default.setAttributes(
        [.modificationDate: Date(timeIntervalSinceNow: days * 86_400)],
        ofItemAtPath: "\(folder)/runs/pruned")
      #expect(try journal.isPruningDue())
      #expect(try !journal.isPruningDue())
    }
  }

  @Test("a file that is stored again is not pruned before the journal refers to it")
  func storedAgain() async throws {
    let store = FileAssetStore(root: "\(folder)/assets")
    let journal = makeJournal()
    try journal.begin(Self.script, seed: Self.seed, unless: .none).end(.finished)
    let asset = try await store.store(Array("an image".utf8))
    try FileManager.default.setAttributes(
      [.modificationDate: Date(timeIntervalSince1970: 1)], ofItemAtPath: asset.path)
    #expect(try await store.store(Array("an image".utf8)) == asset)
    #expect(try journal.prune(keeping: Retention(), assets: "\(folder)/assets").files == 0)
  }
}
