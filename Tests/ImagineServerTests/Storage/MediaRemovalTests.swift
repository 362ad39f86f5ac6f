import Foundation
import ImagineAPI
import ImagineSystem
import ImagineTestSupport
import Logging
import ServerStore
import Testing

@testable import ImagineServer

/// A database and a folder of media, with a clock for the store.
struct StoredMedia {
  let folder: TemporaryFolder
  let clock = TestClock(Date().timeIntervalSince1970)
  let store: SQLiteServiceStore
  let storage: FolderStorage
  let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  /// - Parameter folder: of media that there are already.
  init(_ folder: TemporaryFolder? = nil, database: String = "server.sqlite") throws {
    self.folder = try folder ?? TemporaryFolder()
    storage = FolderStorage(try DataDirectory(self.folder.path))
    let clock = clock
    store = try SQLiteServiceStore(
      path: "\(self.folder.path)/\(database)", now: { clock.seconds },
      clock: BootClock(boot: "boot") { clock.seconds })
  }

  var removal: MediaRemoval { MediaRemoval(storage, store: store, logger: logger) }

  func put(_ names: String...) async throws {
    for name in names { try await storage.put([1], as: name, type: "video/mp4") }
  }

  func addJob(_ id: String) async throws {
    #expect(
      try await store.add(.sample(id, at: clock.seconds), limits: JobLimits(all: 9)) == .accepted)
  }
}

@Suite("Media that are due for removal")
struct MediaRemovalTests {
  @Test("are removed, and forgotten then")
  func due() async throws {
    let media = try StoredMedia()
    try await media.put("pictures/1/picture.png", "pictures/2/picture.png", "answers/a/1")
    for name in ["pictures/1/", "answers/a/1"] {
      try await media.store.scheduleRemoval(of: name, after: 0)
    }
    try await media.store.scheduleRemoval(of: "pictures/2/", after: 60)
    await media.removal.removeDue()
    #expect(try await media.storage.names(below: "answers/").isEmpty)
    #expect(try await media.storage.names(below: "pictures/") == ["pictures/2/picture.png"])
    #expect(try await media.store.dueRemovals(limit: 9).isEmpty)
    media.clock.seconds += 61
    await media.removal.removeDue()
    #expect(try await media.storage.names(below: "pictures/").isEmpty)
  }

  @Test("stay if they belong to a job by then: an input is due before its job is added")
  func needed() async throws {
    let media = try StoredMedia()
    try await media.put("jobs/1/input", "jobs/2/input", "jobs/1/A/video.mp4", "jobs/1/B/video.mp4")
    try await media.addJob("1")
    let job = try await media.store.lease(by: "A", for: 10, maxCrashes: 9)
    #expect(job?.id == "1")
    #expect(try await media.store.finish(id: "1", by: "A", as: .finished(videoFolder: "A")))
    for name in ["jobs/1/", "jobs/2/", "jobs/1/A/", "jobs/1/B/"] {
      try await media.store.scheduleRemoval(of: name, after: 0)
    }
    await media.removal.removeDue()
    #expect(try await media.storage.names() == ["jobs/1/A/video.mp4", "jobs/1/input"])
    #expect(try await media.store.dueRemovals(limit: 9).isEmpty)
    #expect(try await media.store.delete(id: "1", owner: "alice"))
    await media.removal.removeDue()
    #expect(try await media.storage.names().isEmpty)
  }

  @Test("stay due if they cannot be removed, and others are removed")
  func failures() async throws {
    let media = try StoredMedia()
    try await media.put("jobs/2/input")
    // A name that no file system takes.
    let impossible = "jobs/\(String(repeating: "x", count: 300))/"
    for name in [impossible, "jobs/2/"] {
      try await media.store.scheduleRemoval(of: name, after: 0)
    }
    await media.removal.removeDue()
    #expect(try await media.storage.names().isEmpty)
    media.clock.seconds += 3600
    #expect(try await media.store.dueRemovals(limit: 9) == [impossible])
  }

  @Test("stay if they are another database's, even one that was set up on a copy of the settings")
  func otherStore() async throws {
    let media = try StoredMedia()
    try await media.put("jobs/1/input")
    await media.removal.removeDue()
    let marker = try await media.storage.bytes(of: "store-id")
    #expect(marker == Array(try await media.store.identity(ifNone: "x").utf8))
    let other = try StoredMedia(media.folder, database: "other.sqlite")
    try await other.store.scheduleRemoval(of: "jobs/1/", after: 0)
    await other.removal.removeDue()
    await other.removal.remove(below: "jobs/1/")
    #expect(try await media.storage.names() == ["jobs/1/input"])
    #expect(try await other.store.dueRemovals(limit: 9) == ["jobs/1/"])
  }
}

@Suite("Orphaned media")
struct OrphanSweepTests {
  private func sweep(_ media: StoredMedia, removes: Bool, later seconds: Double) -> OrphanSweep {
    OrphanSweep(
      media.removal, store: media.store, removes: removes,
      now: { Date().timeIntervalSince1970 + seconds }, logger: media.logger)
  }

  private func media() async throws -> StoredMedia {
    let media = try StoredMedia()
    try await media.addJob("kept")
    for number in 10..<34 { try await media.put("jobs/lost-\(number)/A/video.mp4") }
    try await media.put("jobs/kept/A/video.mp4", "pictures/1/picture.png", "answers/a/1")
    return media
  }

  @Test("are those without a job, and images and answers that nobody removed, after a day")
  func finding() async throws {
    let media = try await media()
    #expect(try await sweep(media, removes: false, later: 80_000).find().orphans.isEmpty)
    let finding = try await sweep(media, removes: false, later: 90_000).find()
    #expect(finding.media == 27 && finding.others == 0)
    #expect(finding.orphans.count == 26 && !finding.orphans.contains("jobs/kept/A/video.mp4"))
  }

  @Test("are only reported, unless they are to be removed: a tenth of all, once an hour")
  func limits() async throws {
    let media = try await media()
    await sweep(media, removes: false, later: 90_000).sweepEachHour()
    #expect(try await media.storage.names().count == 25)
    let sweep = sweep(media, removes: true, later: 90_000)
    for _ in 0..<3 { await sweep.sweepEachHour() }
    #expect(
      try await media.storage.names().count + media.storage.names(below: "pictures/").count
        + media.storage.names(below: "answers/").count == 25)
  }

  @Test("are not removed by another database")
  func otherStore() async throws {
    let media = try await media()
    await media.removal.removeDue()
    let other = try StoredMedia(media.folder, database: "other.sqlite")
    await sweep(other, removes: true, later: 90_000).sweepEachHour()
    #expect(try await media.storage.names().count == 25)
  }
}
