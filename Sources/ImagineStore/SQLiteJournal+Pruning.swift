import GRDB
public import ImagineCore
import ImagineSystem

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension SQLiteJournal {
  /// Forgets finished runs that are older than is kept, and removes the files that nothing needs any
  /// more; while a run is alive those of the last day stay, however little is kept.
  ///
  /// - Parameter assets: the folder of the asset store.
  public func prune(keeping retention: Retention, assets: String) throws -> Pruned {
    var pruned = Pruned()
    guard database.isThere else { return pruned }
    let oldest = Self.now - retention.days * 86_400
    let forgotten = try database.write { database in
      let ids = try Self.runsToForget(endedBefore: oldest, bytes: retention.bytes, database)
      for id in ids { try Run.delete(id, from: database) }
      return ids
    }
    for id in forgotten { try? FileManager.default.removeItem(atPath: lockPath(id)) }
    pruned.runs = forgotten.count
    // A script that runs has files that the journal does not know: a picture that was opened or
    // converted, or an answer that has just arrived.
    let newest = try isAnyRunAlive() ? min(oldest, Self.now - 86_400) : oldest
    let needed = try neededFiles()
    for file in Self.files(in: assets) where !needed.contains(file.sha256) {
      guard let facts = FileFacts(file.path), facts.changedAt < newest else { continue }
      _ = try FilePath(file.path).remove(recursively: false)
      pruned.files += 1
      pruned.bytes += facts.byteCount
    }
    return pruned
  }

  private func isAnyRunAlive() throws -> Bool {
    try database.read { database in
      try String.fetchAll(database, sql: "SELECT id FROM run WHERE state = 'running'")
    }.contains { RunLock.isHeld(lockPath($0)) }
  }

  /// Whether the last pruning was more than a day ago; then this one counts as made. One that is to
  /// come says only that the clock was wrong.
  public func isPruningDue() throws -> Bool {
    guard database.isThere else { return false }
    let mark = "\(lockFolder)/pruned"
    let now = Self.now
    // The system stamps files by a clock that may be some milliseconds ahead or behind.
    let lately = (now - 86_400)...(now + 60)
    if let last = FileFacts(mark)?.changedAt, lately.contains(last) { return false }
    return FileManager.default.createFile(atPath: mark, contents: nil)
  }

  /// Those that ended too long ago, and then the oldest until the rest fits.
  private static func runsToForget(
    endedBefore oldest: Double, bytes: Int, _ database: Database
  ) throws -> [String] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT id, ended_at, (
          SELECT coalesce(sum(json_extract(result.value, '$.byteCount')), 0)
          FROM call, json_each(call.results) AS result WHERE call.run = run.id
        ) AS bytes
        FROM run WHERE state = 'finished' ORDER BY ended_at DESC
        """)
    var kept = 0
    return rows.compactMap { row in
      let endedAt: Double = row["ended_at"]
      let size: Int = row["bytes"]
      if endedAt >= oldest, kept + size <= bytes {
        kept += size
        return nil
      }
      return row["id"]
    }
  }

  private func neededFiles() throws -> Set<String> {
    try database.read { database in
      try String.fetchSet(
        database,
        sql: """
          SELECT json_extract(result.value, '$.sha256') FROM call, json_each(call.results) AS result
          UNION
          SELECT picture.value FROM call,
            json_each(call.description, '$.pictures') AS picture
          UNION
          SELECT json_extract(result.value, '$.sha256')
          FROM cached_answer, json_each(cached_answer.results) AS result
          """)
    }
  }

  private static func files(in assets: String) -> [(sha256: String, path: String)] {
    let manager = FileManager.default
    let folders = (try? manager.contentsOfDirectory(atPath: assets)) ?? []
    return folders.flatMap { folder in
      let names = (try? manager.contentsOfDirectory(atPath: "\(assets)/\(folder)")) ?? []
      return names.map { (String($0.prefix { $0 != "." }), "\(assets)/\(folder)/\($0)") }
    }
  }

  // MARK: The cache

  /// What the cache holds.
  public func cacheSize() throws -> CacheSize {
    guard database.isThere else { return CacheSize(answers: 0, bytes: 0) }
    let lists = try database.read { database in
      try String.fetchAll(database, sql: "SELECT results FROM cached_answer")
    }
    let files = Set(try lists.flatMap { try [StoredResult](column: $0) })
    return CacheSize(answers: lists.count, bytes: files.reduce(0) { $0 + $1.byteCount })
  }

  /// - Returns: how many answers were forgotten.
  public func pruneCache(unusedDays: Double) throws -> Int {
    guard database.isThere else { return 0 }
    let oldest = Self.now - unusedDays * 86_400
    return try database.write { database in
      try database.execute(
        sql: "DELETE FROM cached_answer WHERE used_at < ?", arguments: [oldest])
      return database.changesCount
    }
  }
}
