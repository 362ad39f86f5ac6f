public import ServerStore

/// A move of data that failed.
public struct MoveFailure: Error, CustomStringConvertible {
  public let description: String
  /// Whether the data may have been moved: the answer to the commit was lost.
  public let mayBeMoved: Bool
}

extension PostgresServiceStore {
  /// Brings the data of another store into an empty database, in one transaction. A move that was
  /// done before is not done again.
  ///
  /// - Parameters:
  ///   - url: of the database, as libpq takes it.
  ///   - store: out of service until this returns, and after it.
  /// - Returns: the number of rows by table; nil if this move was done before.
  /// - Throws: ``MoveFailure`` if the database has other data or does not answer: then nothing was
  ///   moved, or everything.
  public static func move(_ store: FrozenStore, to url: String) async throws -> [String: Int]? {
    let address: PostgresAddress
    do {
      address = try PostgresAddress(url)
    } catch {
      throw MoveFailure(description: "\(error)", mayBeMoved: false)
    }
    // One connection, whose transaction takes as long as it needs.
    return try await BlockingThread.result(of: "postgres move") { try moved(store, to: address) }
  }

  private static func moved(
    _ store: FrozenStore, to address: PostgresAddress
  ) throws -> [String: Int]? {
    var commits = false
    do {
      let connection = try PostgresConnection(address, until: .now + .seconds(10))
      try PostgresSchema.migrate(connection, until: .now + .seconds(60))
      return try connection.move(store) { commits = true }
    } catch let error as ConnectionLost {
      throw MoveFailure(description: "\(address): \(error.reason)", mayBeMoved: commits)
    } catch {
      // The database answered that it did not do it.
      throw MoveFailure(description: "\(address): \(error)", mayBeMoved: false)
    }
  }

  /// Whether a move was done.
  ///
  /// - Throws: ``StoreUnreachable`` if the database does not answer, or the move is still on its way.
  public static func hasMove(_ id: String, at url: String) async throws -> Bool {
    let store = try await PostgresServiceStore(url: url, connections: 1)
    let tables = try await store.query("SELECT to_regclass('store_move') IS NOT NULL AS is_there")
    guard try tables.first?.bool("is_there") == true else { return false }
    // A move that is still on its way has the lock until it is committed or rolled back.
    let rows = try await store.pool.transaction([
      PostgresStatement("SELECT set_config('lock_timeout', '4s', true)"),
      PostgresStatement(lockOfMoves),
      PostgresStatement("SELECT id FROM store_move WHERE id = $1", [id]),
    ])
    return !rows.isEmpty
  }

  fileprivate static let lockOfMoves =
    "SELECT pg_advisory_xact_lock(hashtextextended('store_move', 0))"
}

extension PostgresConnection {
  /// - Returns: nil if this move was done before.
  fileprivate func move(
    _ store: FrozenStore, willCommit: () -> Void
  ) throws -> [String: Int]? {
    guard try begin(store.id) else { return nil }
    var counts: [String: Int] = [:]
    try store.forEachPart { part in
      try insert(part)
      counts[part.table, default: 0] += part.rows.count
    }
    try perform(
      """
      SELECT setval(pg_get_serial_sequence('job', 'number'),
        (SELECT coalesce(max(number), 0) + 1 FROM job), false)
      """)
    willCommit()
    try perform("COMMIT")
    return counts
  }

  /// False if the move was done before.
  private func begin(_ id: String) throws -> Bool {
    // Committed before the move, so that whoever asks later can wait for its lock.
    try perform("CREATE TABLE IF NOT EXISTS store_move (id text PRIMARY KEY)")
    try perform(
      """
      BEGIN;
      SET LOCAL statement_timeout = 0;
      SET LOCAL lock_timeout = 0;
      SET LOCAL idle_in_transaction_session_timeout = 0;
      SET LOCAL standard_conforming_strings = on;
      \(PostgresServiceStore.lockOfMoves);
      """)
    let earlier = try perform("SELECT id FROM store_move").map { try $0.text("id") }
    guard !earlier.contains(id) else { return false }
    let data = try perform(
      """
      SELECT EXISTS (SELECT FROM job) OR EXISTS (SELECT FROM account) OR EXISTS (SELECT FROM token)
        OR EXISTS (SELECT FROM charge) AS exists
      """)
    guard try data.first?.bool("exists") == false else {
      throw StoreUnreachable("the database has data already: choose an empty one")
    }
    // A server that started on the empty database made a key of addresses and an id.
    try perform(
      "DELETE FROM link_key; DELETE FROM identity; INSERT INTO store_move VALUES (\(Self.literal(id)))"
    )
    return true
  }

  private func insert(_ part: StoredRows) throws {
    let columns = part.columns.map { "\"\($0)\"" }.joined(separator: ", ")
    let rows = part.rows.map { row in
      "(" + row.map { $0.map(Self.literal) ?? "NULL" }.joined(separator: ", ") + ")"
    }
    try perform(
      """
      INSERT INTO "\(part.table)" (\(columns)) OVERRIDING SYSTEM VALUE
      VALUES \(rows.joined(separator: ",\n"))
      """)
  }

  @discardableResult
  private func perform(_ sql: String) throws -> [PostgresRow] {
    try script(sql, until: .now + .seconds(600))
  }

  /// A text in SQL, where a backslash is a character like others.
  private static func literal(_ text: String) -> String {
    "'\((text.postgresText ?? "").replacing("'", with: "''"))'"
  }
}
