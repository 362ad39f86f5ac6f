public import ServerStore

/// Jobs, balances, tokens and idempotency keys in a PostgreSQL database, for servers on many machines.
///
/// Every function is one transaction in one round trip: a statement or a function of the schema, which
/// decides by constraints and locks and never by what an earlier transaction read. Times are those of
/// the database. Nothing is left in a session, so PgBouncer may pool transactions; then only the
/// notices of ``addedJobs()`` and ``grantedTurns()`` are missing.
///
/// For example, `try await PostgresServiceStore(url: "postgresql://imagine@db.example/imagine")`.
public final class PostgresServiceStore: ServiceStore {
  let pool: PostgresPool
  let notices: PostgresNotices
  let live = LiveJobs()
  let searches = WholeSearches()
  let adds = Gathering<JobLimits, AddedJob, JobAcceptance?>()
  let addsOfOwner = Gathering<AddedJob.Queue, AddedJob, JobAcceptance>()
  let settles = Gathering<String, SettledHold, Bool>()
  /// Seconds since 1970; nil for the database's clock.
  private let now: (@Sendable () -> Double)?

  /// Connects, and creates or migrates the schema if necessary.
  ///
  /// - Parameters:
  ///   - url: of the database, as libpq takes it.
  ///   - connections: how many transactions may be in work at once.
  ///   - patience: seconds to wait for a database that does not answer yet: it may restart at the same
  ///     time. A wrong password is an error at once.
  ///   - now: for tests: the time in seconds since 1970, instead of the database's.
  /// - Throws: ``StoreUnreachable`` if the database cannot be reached or a newer version wrote it. No
  ///   message has the password.
  public init(
    url: String, connections: Int = 8, patience: Double = 0,
    now: (@Sendable () -> Double)? = nil
  ) async throws {
    let address = try PostgresAddress(url)
    let deadline = ContinuousClock.now + .seconds(patience)
    while true {
      do {
        try await Self.migrate(address)
        break
      } catch let error as ConnectionLost {
        guard error.mayPass, deadline > .now else {
          throw StoreUnreachable("\(address) cannot be opened: \(error.reason)")
        }
        try await Task.sleep(for: .milliseconds(500))
      }
    }
    pool = PostgresPool(address, size: connections)
    notices = PostgresNotices(address, pool)
    self.now = now
  }

  /// - Throws: ``ConnectionLost``, ``StoreUnreachable``.
  private static func migrate(_ address: PostgresAddress) async throws {
    try await BlockingThread.result(of: "postgres schema") {
      // Another server may be at a long migration.
      let deadline = ContinuousClock.now + .seconds(60)
      do {
        let connection = try PostgresConnection(address, until: .now + .seconds(10))
        try PostgresSchema.migrate(connection, until: deadline)
      } catch let error as PostgresError {
        throw StoreUnreachable("\(address) cannot be opened: \(error)")
      }
    }
  }

  /// Asks a database for the version of its schema, such as `1.0`. Changes nothing.
  ///
  /// - Returns: nil for an empty database.
  /// - Throws: ``StoreUnreachable`` if the database cannot be reached or a newer version wrote it.
  public static func schemaVersion(at url: String) async throws -> String? {
    let address = try PostgresAddress(url)
    return try await BlockingThread.result(of: "postgres version") {
      let deadline = ContinuousClock.now + .seconds(10)
      do {
        let connection = try PostgresConnection(address, until: deadline)
        return try PostgresSchema.version(connection, deadline)?.description
      } catch let error as ConnectionLost {
        throw StoreUnreachable("\(address) cannot be opened: \(error.reason)")
      } catch let error as PostgresError {
        throw StoreUnreachable("\(address) cannot be opened: \(error)")
      }
    }
  }

  /// - Parameter isSynced: whether the transaction is on the disk when this returns. If not, a crash
  ///   of the database may lose it, as if it had never been.
  @discardableResult func query(
    _ sql: String, _ parameters: [any PostgresValue] = [], isSynced: Bool = true
  ) async throws -> [PostgresRow] {
    try await pool.transaction(
      [PostgresStatement(sql, parameters)], TransactionSettings(isSynced: isSynced, time: now?()))
  }

  /// What a function of the schema returns that says yes or no.
  func answer(
    _ call: String, _ parameters: [any PostgresValue], isSynced: Bool = true
  ) async throws -> Bool {
    try await query("SELECT \(call) AS answer", parameters, isSynced: isSynced)
      .first?.bool("answer") == true
  }

  public func probe() async throws {
    try await query("SELECT FROM account WHERE id = ''")
  }

  public func removeExpired(chargesBefore time: Double, limit: Int) async throws -> Bool {
    try await answer("remove_expired($1, $2)", [time, limit])
  }

  public func addedJobs() -> AsyncStream<Void>? { notices.stream(of: .addedJobs) }
}
