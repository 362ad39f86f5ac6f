import ImagineSystem
import ImagineTestSupport
import ServerStore
import Testing

@Suite("Under random operations, the SQLite store")
struct ConformanceTests {
  private let folder: TemporaryFolder
  private let time = TestClock(1_000_000)
  private let boot = TestClock(1_000)

  init() throws { folder = try TemporaryFolder() }

  private func open() throws -> SQLiteServiceStore {
    let (time, boot) = (time, boot)
    return try SQLiteServiceStore(
      path: "\(folder.path)/server.sqlite", now: { time.seconds },
      clock: BootClock(boot: "boot") { boot.seconds })
  }

  @Test("keeps its books, ends each job once and answers each key once")
  func one() async throws {
    try await Conformance(stores: [open()], time: time, boot: boot)
      .run(seed: .random(in: 1...1_000_000))
  }

  @Test("does so with another server on the same file")
  func two() async throws {
    var conformance = try Conformance(stores: [open(), open()], time: time, boot: boot)
    conformance.operations = 500
    try await conformance.run(seed: .random(in: 1...1_000_000))
  }
}
