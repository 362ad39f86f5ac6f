import Foundation
import GRDB
public import ImagineSystem

/// Jobs, balances, tokens and idempotency keys in one SQLite database, shared by all servers on a
/// data directory.
///
/// The database is in WAL mode and fsynced at every commit that somebody relies on after a power
/// cut. A writer waits up to five seconds for writers of other processes.
public struct SQLiteServiceStore: ServiceStore {
  private let pool: DatabasePool
  private let status: StatusLookup
  private let presence: DatabasePresence
  /// Seconds since 1970.
  let now: @Sendable () -> Double
  /// The clock of leases.
  let clock: BootClock

  /// Opens the database; creates or migrates it if necessary.
  ///
  /// - Parameters:
  ///   - path: the database's file; its folder must exist.
  ///   - now: seconds since 1970; nil for the system's clock.
  ///   - clock: the clock of leases.
  /// - Throws: ``StoreUnreachable`` if the file cannot be opened or a newer version wrote it.
  public init(
    path: String, now: (@Sendable () -> Double)? = nil, clock: BootClock = .system
  ) throws {
    var configuration = Configuration()
    configuration.busyMode = .callback(Self.waitForOtherProcesses)
    configuration.maximumReaderCount = 4
    configuration.label = "jobs"
    do {
      pool = try MigrationLock.hold(for: path) {
        let pool = try DatabasePool(path: path, configuration: configuration)
        guard try !pool.read(Self.wasMoved) else {
          throw StoreUnreachable(
            "the data of \(path) was moved to another database: use --database")
        }
        guard try !pool.read(Self.migrator.hasBeenSuperseded) else {
          throw StoreUnreachable(
            "\(path) was written by a newer version of the server: run that version, or choose "
              + "another folder with --home")
        }
        try Self.migrator.migrate(pool)
        return pool
      }
      // GRDB opens WAL databases with NORMAL, which can lose the last commits in a power cut.
      try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
      status = try StatusLookup(path: path)
    } catch let error as DatabaseError {
      throw StoreUnreachable("\(path) cannot be opened: \(error)")
    }
    presence = DatabasePresence(path)
    self.now = now ?? { Date().timeIntervalSince1970 }
    self.clock = clock
  }

  /// Recorded among the migrations, so that older servers refuse the database too.
  static let movedMark = "moved"

  private static func wasMoved(_ database: Database) throws -> Bool {
    try migrator.appliedIdentifiers(database).contains(movedMark)
  }

  /// Waits 1 ms at a time, up to five seconds. SQLite's own waits grow to 100 ms, so that a server
  /// that writes seldom would hardly ever find the database free beside one that writes always.
  private static func waitForOtherProcesses(_ tries: Int) -> Bool {
    guard tries < 5000 else { return false }
    usleep(1000)
    return true
  }

  /// Reads in one transaction.
  func reading<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await reaching { try await pool.read(body) }
  }

  /// Writes in one transaction, which is on the disk when this returns.
  func writing<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await reaching { try await pool.write(body) }
  }

  /// Reads without a transaction, because a single statement needs none. A database that was removed
  /// is noticed by the next writer or probe.
  public func summary(id: String, owner: String) async throws -> JobSummary? {
    do {
      return try status.summary(id: id, owner: owner)
    } catch let error as DatabaseError {
      throw Self.unreachable(error)
    }
  }

  /// Writes in one transaction that a power cut may lose, as if it had never been: a hold, a renewal.
  /// The next synced transaction syncs it too.
  func writingUnsynced<Value: Sendable>(
    _ body: @escaping @Sendable (Database) throws -> Value
  ) async throws -> Value {
    try await reaching {
      // In a task of its own: a cancelled one would leave the connection without syncs.
      try await Task { [pool] in
        try await pool.writeWithoutTransaction { database in
          try database.execute(sql: "PRAGMA synchronous = NORMAL")
          var value: Value?
          let result = Result<Void, any Error> {
            try database.inTransaction(.immediate) {
              value = try body(database)
              return .commit
            }
          }
          try database.execute(sql: "PRAGMA synchronous = FULL")
          try result.get()
          guard let value else { throw StoreUnreachable("the transaction was not executed") }
          return value
        }
      }.value
    }
  }

  /// Turns an SQLite error into ``StoreUnreachable``, unless the statement itself is wrong.
  private func reaching<Value>(_ query: () async throws -> Value) async throws -> Value {
    try presence.check()
    do {
      return try await query()
    } catch let error as DatabaseError {
      throw Self.unreachable(error)
    }
  }

  private static func unreachable(_ error: DatabaseError) -> any Error {
    switch error.resultCode {
    case .SQLITE_ERROR, .SQLITE_CONSTRAINT, .SQLITE_MISMATCH, .SQLITE_MISUSE, .SQLITE_RANGE,
      .SQLITE_TOOBIG:
      error
    default:
      StoreUnreachable("\(error)")
    }
  }

  public func probe() async throws {
    _ = try await reading {
      try Int.fetchOne($0, sql: "SELECT count(*) FROM account WHERE id = ''")
    }
  }

  public func checkPresence() throws { try presence.check() }

  public func removeExpired(chargesBefore time: Double, limit: Int) async throws -> Bool {
    let now = now()
    return try await writing { database in
      let removed = [
        try database.removeExpiredHolds(at: now, limit: limit),
        try database.forgetIdempotency(at: now, limit: limit),
        try database.addUpCharges(before: time, limit: limit),
      ]
      return removed.contains(limit)
    }
  }
}

/// A time as stored: on the boot clock of its machine, until when something is leased.
struct Lease: Sendable {
  let boot: String
  let start: Double
  let until: Double

  init(seconds: Double, on clock: BootClock) {
    boot = clock.boot
    start = clock.seconds()
    until = start + seconds
  }

  /// The latest end that any valid lease of this length can have; a later one is an error.
  var latest: Double { start + 2 * (until - start) }
}
