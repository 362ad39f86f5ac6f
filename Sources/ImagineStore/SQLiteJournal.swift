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

  public func begin(_ script: Script, seed: RandomSeed, isOnly: Bool) throws -> any HeldRun {
    var run = Run(
      id: Self.newID(), script: script, seed: seed, startedAt: Self.now, processID: getpid())
    if run.script.sha256 == nil, let path = script.path {
      run.script.sha256 = try? FileAssetStore.sha256(ofFile: FilePath(path))
    }
    let begun = run
    let lock = try lock(run.id)
    do {
      try database.write { database in
        if isOnly, let other = try Run.last(of: script, finished: false, in: database) {
          throw alreadyBegun(other)
        }
        try begun.insert(into: database)
      }
    } catch {
      unlink(lockPath(run.id))
      throw error
    }
    return try hold(run, lock, calls: [], keyVersion: Run.keyVersion)
  }

  /// What is told to a second process that was to resume a script's run or begin one.
  private func alreadyBegun(_ run: Run) -> ImagineError {
    RunLock.isHeld(lockPath(run.id))
      ? isAlive(run.id)
      : ImagineError(
        .io, "the run \(run.id) of this script was begun meanwhile and is unfinished; start again")
  }

  public func resume(_ script: Script) throws -> (any HeldRun)? {
    guard database.isThere else { return nil }
    return try take { try Run.last(of: script, finished: false, in: $0) }
  }

  public func resume(id: String) throws -> any HeldRun {
    let id = try run(id).run.id
    let held = try take { database in
      try Row.fetchOne(database, sql: "SELECT * FROM run WHERE id = ?", arguments: [id])
        .map(Run.init(row:))
    }
    guard let held else { throw Self.isUnknown(id) }
    return held
  }

  /// - Throws: ``ImagineError`` that names the process where the run is alive.
  private func lock(_ id: String) throws(ImagineError) -> RunLock {
    if let lock = try RunLock(lockPath(id)) { return lock }
    throw isAlive(id)
  }

  private func isAlive(_ id: String) -> ImagineError {
    let process = RunLock.holder(lockPath(id)).map { " (process \($0))" } ?? ""
    return ImagineError(.io, "the run \(id) is still alive\(process)")
  }

  private static func isUnknown(_ id: String) -> ImagineError {
    ImagineError(.notFound, "there is no run '\(id)'", field: "run")
  }

  /// Finds a run, takes its lock and counts the attempt, all in one transaction, so that no process
  /// goes by what another one has changed since; a call that killed the attempt before is known by
  /// that.
  private func take(_ find: (Database) throws -> Run?) throws -> (any HeldRun)? {
    let taken = try database.write { database -> (Run, RunLock, [JournaledCall], Int)? in
      guard let run = try find(database) else { return nil }
      let lock = try lock(run.id)
      try run.countDeaths(in: database)
      var resumed = run
      resumed.attempt += 1
      resumed.state = .running
      resumed.endedAt = nil
      resumed.processID = getpid()
      try resumed.update(in: database)
      let version = try Int.fetchOne(
        database, sql: "SELECT key_version FROM run WHERE id = ?", arguments: [run.id])
      let calls = try JournaledCall.fetch(of: run.id, limit: nil, from: database)
      return (resumed, lock, calls, version ?? 1)
    }
    return try taken.map { try hold($0, $1, calls: $2, keyVersion: $3) }
  }

  private func hold(
    _ run: Run, _ lock: RunLock, calls: [JournaledCall], keyVersion: Int
  ) throws -> any HeldRun {
    SQLiteHeldRun(
      run: run, earlierCalls: calls, hasKeysOfVersion1: keyVersion < Run.keyVersion, lock: lock,
      writer: try GroupedWriter(database), dailyLimit: try dailyLimit(), observer: observer)
  }

  // MARK: Looking

  public func unfinished(_ script: Script) throws -> RunSummary? {
    guard database.isThere else { return nil }
    return try database.read { database in
      try Run.last(of: script, finished: false, in: database) { !RunLock.isHeld(lockPath($0.id)) }
        .map { try summary(of: $0, database) }
    }
  }

  public func finished(_ script: Script) throws -> RunSummary? {
    guard database.isThere else { return nil }
    return try database.read { database in
      try Run.last(of: script, finished: true, in: database)
        .map { try summary(of: $0, database) }
    }
  }

  public func runs() throws -> [RunSummary] {
    guard database.isThere else { return [] }
    return try database.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM run ORDER BY number DESC, id")
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
      throw Self.isUnknown(id)
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
    var summary = RunSummary(
      run: run, calls: 0, answered: 0, accepted: 0, uncertain: 0, spent: [:],
      isAlive: RunLock.isHeld(lockPath(run.id)))
    var amounts: [String: Int64] = [:]
    let rows = try Row.fetchCursor(
      database,
      sql: "SELECT state, sends, charged, price, unit, began_at FROM call WHERE run = ?",
      arguments: [run.id])
    while let row = try rows.next() {
      let state = JournaledCall.State(rawValue: row["state"]) ?? .failed
      let sends = [Send](row: row)
      summary.calls += 1
      if state.isAnswered { summary.answered += 1 }
      if state == .accepted { summary.accepted += 1 }
      if state.isUncertain(after: sends) { summary.uncertain += 1 }
      amounts.merge(sends.amounts, uniquingKeysWith: +)
    }
    for (unit, millionths) in amounts {
      summary.spent[unit] = Price(millionths: millionths, unit: unit).amount
    }
    return summary
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
