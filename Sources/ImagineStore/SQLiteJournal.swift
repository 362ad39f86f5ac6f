import GRDB
public import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// The journal in SQLite, with a lock file for each run: `runs/ID.lock`.
public final class SQLiteJournal: Journal {
  let database: JournalDatabase
  let lockFolder: String
  /// What may be spent in a day by all processes on the home; nil for no limit.
  private let dailyLimit: @Sendable () throws -> Price?
  /// Is told of each change that has been written.
  private let observer: (@Sendable (JournaledCall) -> Void)?

  /// - Parameters:
  ///   - locks: the folder of the lock files; made when the first run begins.
  ///   - dailyLimit: asked when a run is begun or taken up.
  ///   - observer: is told of each change of a call, after it has been written. With one, every
  ///     change is synced.
  public init(
    database: JournalDatabase, locks: String,
    dailyLimit: @escaping @Sendable () throws -> Price? = { nil },
    observer: (@Sendable (JournaledCall) -> Void)? = nil
  ) {
    self.database = database
    lockFolder = locks
    self.dailyLimit = dailyLimit
    self.observer = observer
  }

  // MARK: Beginning and resuming

  public func begin(_ script: Script, seed: RandomSeed) throws -> any HeldRun {
    var run = Run(
      id: Self.newID(), script: script, seed: seed, startedAt: Self.now, processID: getpid())
    guard let lock = try RunLock(lockPath(run.id)) else {
      throw ImagineError(.io, "the new run \(run.id) is held by another process")
    }
    if run.script.sha256 == nil, let path = script.path {
      run.script.sha256 = try? FileAssetStore.sha256(ofFile: FilePath(path))
    }
    try database.write { try run.insert(into: $0) }
    return try hold(run, lock, calls: [])
  }

  public func resume(_ script: Script) throws -> (any HeldRun)? {
    guard database.isThere else { return nil }
    let run = try database.read { try Run.lastUnfinished(of: script, in: $0).first }
    return try run.map(take)
  }

  public func resume(id: String) throws -> any HeldRun {
    try take(run(id).run)
  }

  private func lock(_ id: String) throws -> RunLock {
    if let lock = try RunLock(lockPath(id)) { return lock }
    let process = RunLock.holder(lockPath(id)).map { " (process \($0))" } ?? ""
    throw ImagineError(.io, "the run \(id) is still alive\(process)")
  }

  /// Takes a run's lock and counts the attempt; a call that killed the one before is known by that.
  private func take(_ run: Run) throws -> any HeldRun {
    let lock = try lock(run.id)
    let (resumed, calls) = try database.write { database in
      try run.countDeaths(in: database)
      var resumed = run
      resumed.attempt += 1
      resumed.state = .running
      resumed.endedAt = nil
      resumed.processID = getpid()
      try resumed.update(in: database)
      return (resumed, try JournaledCall.fetch(of: run.id, limit: nil, from: database))
    }
    return try hold(resumed, lock, calls: calls)
  }

  private func hold(_ run: Run, _ lock: RunLock, calls: [JournaledCall]) throws -> any HeldRun {
    SQLiteHeldRun(
      run: run, earlierCalls: calls, lock: lock, writer: try GroupedWriter(database),
      dailyLimit: try dailyLimit(), observer: observer)
  }

  // MARK: Looking

  public func unfinished(_ script: Script) throws -> RunSummary? {
    guard database.isThere else { return nil }
    return try database.read { database in
      try Run.lastUnfinished(of: script, in: database)
        .first { !RunLock.isHeld(lockPath($0.id)) }
        .map { try summary(of: $0, database) }
    }
  }

  public func runs() throws -> [RunSummary] {
    guard database.isThere else { return [] }
    return try database.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM run ORDER BY started_at DESC, id")
        .map { try summary(of: Run(row: $0), database) }
    }
  }

  public func run(_ id: String) throws -> RunSummary {
    let found =
      database.isThere
      ? try database.read { database in
        try Row.fetchAll(
          database, sql: "SELECT * FROM run WHERE substr(id, 1, ?) = ? LIMIT 2",
          arguments: [id.count, id]
        ).map { try summary(of: Run(row: $0), database) }
      } : []
    guard let first = found.first, !id.isEmpty else {
      throw ImagineError(.notFound, "there is no run '\(id)'", field: "run")
    }
    guard found.count == 1 else {
      throw ImagineError(
        .validation,
        "several runs begin with '\(id)': \(found.map(\.run.id).joined(separator: ", "))",
        field: "run")
    }
    return first
  }

  public func calls(of run: String?, limit: Int?) throws -> [JournaledCall] {
    guard database.isThere else { return [] }
    return try database.read { try JournaledCall.fetch(of: run, limit: limit, from: $0) }
  }

  private func summary(of run: Run, _ database: Database) throws -> RunSummary {
    let counts = try Row.fetchOne(
      database,
      sql: """
        SELECT count(*) AS calls,
          count(*) FILTER (WHERE state IN ('stored', 'done')) AS answered,
          count(*) FILTER (
            WHERE price IS NOT 0 AND (state = 'sent' OR (state = 'failed' AND charged <> 'no'))
          ) AS uncertain
        FROM call WHERE run = ?
        """, arguments: [run.id])
    let spent = try Row.fetchAll(
      database,
      sql: """
        SELECT unit, sum(reserved) AS amount FROM call
        WHERE run = ? AND reserved > 0 GROUP BY unit
        """, arguments: [run.id])
    return RunSummary(
      run: run, calls: counts?["calls"] ?? 0, answered: counts?["answered"] ?? 0,
      uncertain: counts?["uncertain"] ?? 0,
      spent: Dictionary(
        uniqueKeysWithValues: spent.map { row in
          (row["unit"], Price(millionths: row["amount"], unit: row["unit"]).amount)
        }),
      isAlive: RunLock.isHeld(lockPath(run.id)))
  }

  // MARK: Forgetting

  public func delete(run id: String) throws {
    let id = try run(id).run.id
    try withExtendedLifetime(lock(id)) {
      try database.write { try Run.delete(id, from: $0) }
      unlink(lockPath(id))
    }
  }

  // MARK: The cache

  public func cached(_ key: String) throws -> [StoredResult]? {
    guard database.isThere else { return nil }
    return try database.write { database in
      let text = try String.fetchOne(
        database, sql: "SELECT results FROM cached_answer WHERE key = ?", arguments: [key])
      guard let text else { return nil }
      try database.execute(
        sql: "UPDATE cached_answer SET used_at = ? WHERE key = ?", arguments: [Self.now, key])
      return try [StoredResult](column: text)
    }
  }

  public func cache(_ results: [StoredResult], as key: String) throws {
    let text = try results.column
    try database.write { database in
      try database.execute(
        sql: """
          INSERT INTO cached_answer (key, results, stored_at, used_at) VALUES (?, ?, ?, ?)
          ON CONFLICT (key) DO UPDATE SET results = excluded.results, used_at = excluded.used_at
          """, arguments: [key, text, Self.now, Self.now])
    }
  }

  // MARK: Names

  func lockPath(_ id: String) -> String { "\(lockFolder)/\(id).lock" }

  /// Eight letters and digits: short enough to type.
  private static func newID() -> String {
    let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
    return String((0..<8).compactMap { _ in letters.randomElement() })
  }

  /// Seconds since 1970.
  static var now: Double {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
  }
}
