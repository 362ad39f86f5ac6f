import Foundation
import GRDB

// Link keys, removals, identity, leadership.
extension SQLiteServiceStore {
  public func linkKeys() async throws -> [LinkKey] {
    try await reading { database in
      try Row.fetchAll(
        database, sql: "SELECT id, bytes, created_at FROM link_key ORDER BY created_at DESC, id"
      ).map { row in
        let bytes: Data = row["bytes"]
        return LinkKey(id: row["id"], bytes: Array(bytes), createdAt: row["created_at"])
      }
    }
  }

  public func addLinkKey(id: String, bytes: [UInt8], onlyIfNone isFirst: Bool) async throws {
    let time = now()
    try await writing { database in
      try database.execute(
        sql: """
          INSERT INTO link_key (id, bytes, created_at)
          SELECT :id, :bytes, :time
          WHERE NOT (:first AND EXISTS (SELECT 1 FROM link_key))
          ON CONFLICT (id) DO NOTHING
          """,
        arguments: ["id": id, "bytes": Data(bytes), "time": time, "first": isFirst])
    }
  }

  public func removeLinkKey(id: String) async throws {
    try await writing { database in
      try database.execute(sql: "DELETE FROM link_key WHERE id = ?", arguments: [id])
    }
  }

  public func scheduleRemoval(of prefix: String, after seconds: Double) async throws {
    let due = now() + seconds
    try await writing { try $0.scheduleRemoval(of: prefix, at: due) }
  }

  public func dueRemovals(limit: Int) async throws -> [String] {
    let time = now()
    return try await reading { database in
      try String.fetchAll(
        database, sql: "SELECT prefix FROM removal WHERE due <= ? ORDER BY due, prefix LIMIT ?",
        arguments: [time, limit])
    }
  }

  public func recordRemoval(of prefixes: [String]) async throws {
    let time = now()
    try await writing { database in
      let statement = try database.cachedStatement(
        sql: "DELETE FROM removal WHERE prefix = ? AND due <= ?")
      for prefix in prefixes { try statement.execute(arguments: [prefix, time]) }
    }
  }

  public func identity(ifNone id: String) async throws -> String {
    try await writing { database in
      try database.execute(
        sql: "INSERT INTO identity (number, id) VALUES (1, ?) ON CONFLICT DO NOTHING",
        arguments: [id])
      return try String.fetchOne(database, sql: "SELECT id FROM identity") ?? id
    }
  }

  public func lead(_ task: String, by server: String, for seconds: Double) async throws -> Bool {
    let lease = Lease(seconds: seconds, on: clock)
    return try await writingUnsynced { database in
      try database.execute(
        sql: """
          INSERT INTO leader (task, server, boot, until) VALUES (:task, :server, :boot, :until)
          ON CONFLICT (task) DO UPDATE
          SET server = excluded.server, boot = excluded.boot, until = excluded.until
          WHERE server = excluded.server OR boot != excluded.boot OR until < :start
            OR until > :latest
          """,
        arguments: [
          "task": task, "server": server, "boot": lease.boot, "until": lease.until,
          "start": lease.start, "latest": lease.latest,
        ])
      return database.changesCount == 1
    }
  }
}

extension Database {
  func scheduleRemoval(of prefix: String, at due: Double) throws {
    try cachedStatement(
      sql: """
        INSERT INTO removal (prefix, due) VALUES (?, ?)
        ON CONFLICT (prefix) DO UPDATE SET due = max(due, excluded.due)
        """
    ).execute(arguments: [prefix, due])
  }
}
