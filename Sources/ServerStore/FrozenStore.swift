import GRDB
import ImagineSystem

/// Rows of a table as text: bytes are `\x` and hexadecimal digits, a truth is `t` or `f`.
public struct StoredRows: Sendable, Hashable {
  public var table: String
  public var columns: [String]
  public var rows: [[String?]]

  public init(table: String, columns: [String], rows: [[String?]]) {
    self.table = table
    self.columns = columns
    self.rows = rows
  }
}

/// An SQLite store that was taken out of service, to move its data to another store.
///
/// From ``init(path:)`` on no server can write to it, running ones included, so nothing that a server
/// accepted is lost: a call that comes too late fails. ``thaw()`` puts it back into service,
/// ``retire()`` makes sure that no server opens it again.
public struct FrozenStore: Sendable {
  private let queue: DatabaseQueue
  private let path: String
  /// Names this move, also when it is begun again after a crash.
  public let id: String
  /// Whether an earlier attempt at this move left the store out of service: it may have been done.
  public let wasFrozen: Bool

  private static let tables = [
    "account", "charge", "hold", "idempotency", "identity", "job", "lease", "link_key", "removal",
    "token",
  ]

  /// Takes a store out of service.
  ///
  /// - Throws: ``StoreUnreachable`` if there is no store, or a newer version wrote it.
  public init(path: String) throws {
    guard FileStatus.Identity(path) != nil else {
      throw StoreUnreachable("\(path) does not exist")
    }
    // Migrates it.
    _ = try SQLiteServiceStore(path: path)
    var configuration = Configuration()
    configuration.busyMode = .timeout(10)
    do {
      let queue = try DatabaseQueue(path: path, configuration: configuration)
      self.queue = queue
      (id, wasFrozen) = try queue.write { database in
        let wasFrozen = try database.tableExists("move")
        return (try Self.freeze(database), wasFrozen)
      }
      self.path = path
    } catch let error as DatabaseError {
      throw StoreUnreachable("\(path) cannot be used: \(error)")
    }
  }

  private static func freeze(_ database: Database) throws -> String {
    try database.execute(
      sql: """
        CREATE TABLE IF NOT EXISTS move (id TEXT NOT NULL);
        INSERT INTO move SELECT lower(hex(randomblob(16))) WHERE NOT EXISTS (SELECT 1 FROM move);
        """)
    for (table, event) in triggers {
      try database.execute(
        sql: """
          CREATE TRIGGER IF NOT EXISTS frozen_\(table)_\(event) BEFORE \(event) ON "\(table)"
          BEGIN SELECT raise(ABORT, 'the data is being moved to another database'); END
          """)
    }
    guard let id = try String.fetchOne(database, sql: "SELECT id FROM move") else {
      throw StoreUnreachable("the move has no id")
    }
    return id
  }

  private static var triggers: [(table: String, event: String)] {
    tables.flatMap { table in ["INSERT", "UPDATE", "DELETE"].map { (table, $0) } }
  }

  /// Puts the store back into service.
  public func thaw() throws {
    try queue.write { database in
      for (table, event) in Self.triggers {
        try database.execute(sql: "DROP TRIGGER IF EXISTS frozen_\(table)_\(event)")
      }
      try database.execute(sql: "DROP TABLE IF EXISTS move")
    }
  }

  /// Makes servers refuse the store from now on.
  public func retire() throws {
    try queue.write { database in
      try database.execute(
        sql: "INSERT OR IGNORE INTO grdb_migrations (identifier) VALUES (?)",
        arguments: [SQLiteServiceStore.movedMark])
    }
  }

  // MARK: Contents

  /// All rows, a table after the other, in parts. Jobs in work are queued as if their servers had
  /// been shut down; calls with a key that are in flight have ended.
  public func forEachPart(of count: Int = 1000, _ body: (StoredRows) throws -> Void) throws {
    for table in Table.all {
      var last: [DatabaseValue]?
      repeat {
        let (rows, end) = try queue.read { database in
          try table.rows(after: last, count: count, database)
        }
        if !rows.isEmpty {
          try body(StoredRows(table: table.name, columns: table.columns.map(\.name), rows: rows))
        }
        last = end
      } while last != nil
    }
  }

  /// How a table is read.
  private struct Table: Sendable {
    let name: String
    let key: [String]
    /// Names, and what is read.
    let columns: [(name: String, value: String)]

    static let all = [
      Table(name: "account", key: ["id"], columns: plain("id", "granted", "balance", "held")),
      Table(
        name: "charge", key: ["key"],
        columns: plain("key", "account", "amount", "purpose", "charged_at")),
      Table(name: "hold", key: ["key"], columns: plain("key", "account", "amount", "until")),
      Table(
        name: "token", key: ["digest"],
        columns: plain("digest", "name", "created_at", "expires_at", "rate", "revoked_at")),
      Table(name: "job", key: ["number"], columns: jobs),
      Table(
        name: "idempotency", key: ["account", "route", "key"],
        columns: plain("account", "route", "key", "fingerprint", "id", "seed", "engine", "attempt")
          + [("until", "0"), ("was_sent", "iif(was_sent, 't', 'f')")]
          + plain("sent_to", "sent_until", "answer", "forget_at")),
      Table(
        name: "link_key", key: ["id"],
        columns: [
          ("id", "id"), ("bytes", "'\\x' || lower(hex(bytes))"), ("created_at", "created_at"),
        ]),
      Table(name: "identity", key: ["number"], columns: plain("number", "id")),
      Table(name: "removal", key: ["prefix"], columns: plain("prefix", "due")),
    ]

    private static let jobs: [(name: String, value: String)] =
      plain("number", "id", "owner", "work", "price")
      + [("state", "iif(state = 'processing', 'queued', state)")]
      + plain("created_at", "ended_at")
      + [
        (
          "progress",
          "coalesce((SELECT progress FROM lease WHERE lease.job = job.number), progress)"
        ),
        ("attempts", "attempts - (state = 'processing')"),
      ]
      + plain("faults", "deaths", "lacks", "failure", "film")
      + [("lease", "iif(state = 'processing', NULL, lease)")]
      + plain("turn", "upstream", "ticket")

    private static func plain(_ names: String...) -> [(name: String, value: String)] {
      names.map { ($0, "\"\($0)\"") }
    }

    /// The rows after a key, by key, and the key to go on with; nil if there are no more.
    func rows(
      after last: [DatabaseValue]?, count: Int, _ database: Database
    ) throws -> ([[String?]], [DatabaseValue]?) {
      let keys = key.map { "\"\($0)\"" }.joined(separator: ", ")
      let places = key.map { _ in "?" }.joined(separator: ", ")
      let rows = try Row.fetchAll(
        database,
        sql: """
          SELECT \(columns.map(\.value).joined(separator: ", ")), \(keys) FROM "\(name)"
          \(last == nil ? "" : "WHERE (\(keys)) > (\(places))") ORDER BY \(keys) LIMIT ?
          """, arguments: StatementArguments((last ?? []) + [count.databaseValue]))
      let texts = rows.map { row in columns.indices.map { Self.text(row[$0]) } }
      guard rows.count == count, let end = rows.last else { return (texts, nil) }
      return (texts, key.indices.map { end[columns.count + $0] })
    }

    private static func text(_ value: DatabaseValue) -> String? {
      switch value.storage {
      case .null, .blob: nil
      case .int64(let number): number.description
      case .double(let number): number.description
      case .string(let text): text
      }
    }
  }
}
