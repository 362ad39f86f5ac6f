import ImagineSystem
import ImagineTestSupport
import PostgresStore
import ServerStore
import Synchronization
import Testing

/// What keeps the data of a store. What a store promises, each engine keeps.
enum StoreEngine: CaseIterable, CustomTestStringConvertible {
  case sqlite, postgres

  var testDescription: String { "\(self)" }
}

/// The data of one test, with a clock that the test sets, opened as often as it likes.
final class TestData: Sendable {
  let clock: TestClock
  /// The clock of SQLite's leases.
  private let boot: TestClock
  /// The folder of SQLite, or the name of the database.
  private let places = Mutex<(folder: TemporaryFolder?, database: String?)>((nil, nil))

  init(clock: TestClock = TestClock(1_000_000), boot: TestClock? = nil) {
    self.clock = clock
    self.boot = boot ?? clock
  }

  /// Opens the store as another server does.
  func open(_ engine: StoreEngine) async throws -> any ServiceStore {
    let (clock, boot) = (clock, boot)
    switch engine {
    case .sqlite:
      return try SQLiteServiceStore(
        path: "\(folder().path)/server.sqlite", now: { clock.seconds },
        clock: BootClock(boot: "boot") { boot.seconds })
    case .postgres:
      return try await PostgresServiceStore(
        url: PostgresServer.shared.get().url(of: database()), connections: 3,
        now: { clock.seconds })
    }
  }

  private func folder() throws -> TemporaryFolder {
    try places.withLock { places in
      let folder = try places.folder ?? TemporaryFolder()
      places.folder = folder
      return folder
    }
  }

  private func database() throws -> String {
    try places.withLock { places in
      let database = try places.database ?? PostgresServer.shared.get().makeDatabase()
      places.database = database
      return database
    }
  }
}
