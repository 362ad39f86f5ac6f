import GRDB
import ImagineAPI
public import ImagineRuns
import ImagineSystem

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

extension SQLiteJournal {
  /// Deletes finished runs beyond the retention, and files that nothing refers to. While a run is
  /// alive, files of the last day are kept whatever the retention.
  ///
  /// - Parameter assets: the folder of the asset store.
  public func prune(keeping retention: Retention, assets: String) throws -> Pruned {
    var pruned = Pruned()
    guard database.exists else { return pruned }
    let oldest = WallClock.now - retention.days * 86_400
    let deleted = try database.write { database in
      let ids = try Self.expiredRuns(endedBefore: oldest, bytes: retention.bytes, database)
      for id in ids { try Run.prune(id, from: database) }
      return ids
    }
    for id in deleted { try? FileManager.default.removeItem(atPath: lockPath(id)) }
    pruned.runs = deleted.count
    // A running script has files that the journal does not know: opened or converted images, and
    // answers that have just arrived.
    let cutoff = try isAnyRunAlive() ? min(oldest, WallClock.now - 86_400) : oldest
    let needed = try neededFiles()
    for file in Self.files(in: assets) where !needed.contains(file.sha256) {
      guard let status = FileStatus(file.path), status.modifiedAt < cutoff else { continue }
      _ = try FilePath(file.path).remove(recursively: false)
      pruned.files += 1
      pruned.bytes += status.byteCount
    }
    return pruned
  }

  private func isAnyRunAlive() throws -> Bool {
    try database.read { database in
      try String.fetchAll(database, sql: "SELECT id FROM run WHERE state = 'running'")
    }.contains { RunLock.isHeld(lockPath($0)) }
  }

  /// Whether the last pruning was more than a day ago. If so, records a pruning now. A time in the
  /// future is ignored: the clock was wrong.
  public func isPruningDue() throws -> Bool {
    guard database.exists else { return false }
    let mark = "\(lockFolder)/pruned"
    let now = WallClock.now
    // The clock of file times may be some milliseconds ahead or behind.
    let recently = (now - 86_400)...(now + 60)
    if let last = FileStatus(mark)?.modifiedAt, recently.contains(last) { return false }
    return FileManager.default.createFile(atPath: mark, contents: nil)
  }

  /// Runs that ended too long ago, and the oldest others until the rest fits.
  private static func expiredRuns(
    endedBefore oldest: Double, bytes: Int, _ database: Database
  ) throws -> [String] {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT id, ended_at, (
          SELECT coalesce(sum(json_extract(result.value, '$.byteCount')), 0)
            + coalesce(sum(json_extract(result.value, '$.original.byteCount')), 0)
          FROM call, json_each(call.results) AS result WHERE call.run = run.id
        ) AS bytes
        FROM run WHERE state = 'finished'
          AND (NOT is_kept OR EXISTS (SELECT 1 FROM call WHERE call.run = run.id))
        ORDER BY ended_at DESC
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
          SELECT json_extract(result.value, '$.original.sha256')
          FROM call, json_each(call.results) AS result
          WHERE json_extract(result.value, '$.original') IS NOT NULL
          UNION
          SELECT image.value FROM call,
            json_each(call.description, '$.pictures') AS image
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

  /// The size of the cache.
  public func cacheSize() throws -> CacheSize {
    guard database.exists else { return CacheSize(answers: 0, bytes: 0) }
    let lists = try database.read { database in
      try String.fetchAll(database, sql: "SELECT results FROM cached_answer")
    }
    let files = Set(try lists.flatMap { try [StoredResult](column: $0).map(\.image) })
    return CacheSize(answers: lists.count, bytes: files.reduce(0) { $0 + $1.byteCount })
  }

  /// - Returns: the number of deleted answers.
  public func pruneCache(unusedDays: Double) throws -> Int {
    guard database.exists else { return 0 }
    let oldest = WallClock.now - unusedDays * 86_400
    return try database.write { database in
      try database.execute(
        sql: "DELETE FROM cached_answer WHERE used_at < ?", arguments: [oldest])
      return database.changesCount
    }
  }
}
