import GRDB
public import ImagineAPI
public import ImagineRuns
import ImagineSystem

/// The journal in SQLite, with a lock file for each run: `runs/ID.lock`.
public final class SQLiteJournal: Journal {
  let database: JournalDatabase
  let lockFolder: String
  /// The spending limit per day of all processes of the home; nil for none.
  private let dailyLimit: @Sendable () throws -> Price?
  /// Receives each change after it has been written.
  private let observer: (@Sendable (JournaledCall) -> Void)?

  /// - Parameters:
  ///   - locks: the folder of the lock files; created when the first run begins.
  ///   - dailyLimit: called when a run begins or is resumed.
  ///   - observer: receives each change of a call after it has been written. If set, every change
  ///     is synced.
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

  public func begin(
    _ script: Script, seed: RandomSeed, unless excluded: RunExclusion
  ) throws -> any ActiveRun {
    var run = Run(
      id: Self.newID(), script: script, seed: seed, startedAt: WallClock.now,
      processID: ProcessState.id)
    if run.script.sha256 == nil, let path = script.path, script.isFile {
      run.script.sha256 = try? FileAssetStore.sha256(ofFile: FilePath(path))
    }
    let begun = run
    let lock = try lock(run.id)
    do {
      try database.write { database in
        if excluded != .none, let other = try Run.last(of: script, finished: false, in: database) {
          throw alreadyBegun(other)
        }
        if excluded == .any, let other = try Run.last(of: script, finished: true, in: database) {
          throw ImagineError(
            .io,
            "the run \(other.id) of this script is finished; `imagine runs delete \(other.id)`"
              + " allows a new one")
        }
        try begun.insert(into: database)
      }
    } catch {
      removeLock(run.id)
      throw error
    }
    return try activate(run, lock, calls: [], wasFinished: false, keyVersion: Run.keyVersion)
  }

  /// The error for a second process that tries to resume or begin the script's run.
  private func alreadyBegun(_ run: Run) -> ImagineError {
    RunLock.isHeld(lockPath(run.id))
      ? runIsAlive(run.id)
      : ImagineError(
        .io,
        "another process began the run \(run.id) of this script and it is unfinished; start again")
  }

  public func resume(_ script: Script) throws -> (any ActiveRun)? {
    guard database.exists else { return nil }
    return try resumeFound { try Run.last(of: script, finished: false, in: $0) }
  }

  public func resume(id: String) throws -> any ActiveRun {
    let id = try run(id).run.id
    let held = try resumeFound { database in
      try Row.fetchOne(database, sql: "SELECT * FROM run WHERE id = ?", arguments: [id])
        .map(Run.init(row:))
    }
    guard let held else { throw Self.unknownRun(id) }
    return held
  }

  /// - Throws: ``ImagineError`` that names the process if the run is alive.
  private func lock(_ id: String) throws(ImagineError) -> RunLock {
    if let lock = try RunLock(lockPath(id)) { return lock }
    throw runIsAlive(id)
  }

  private func runIsAlive(_ id: String) -> ImagineError {
    let process = RunLock.holder(lockPath(id)).map { " (process \($0))" } ?? ""
    return ImagineError(.io, "the run \(id) is still alive\(process)")
  }

  private static func unknownRun(_ id: String) -> ImagineError {
    ImagineError(.notFound, "there is no run '\(id)'", field: "run")
  }

  /// Finds a run, takes its lock and counts the attempt in one transaction, so that no process
  /// decides on stale data. A call that crashed the previous attempt is recognised by this.
  private func resumeFound(_ find: (Database) throws -> Run?) throws -> (any ActiveRun)? {
    let resumed = try database.write { database -> (Run, RunLock, [JournaledCall], Bool, Int)? in
      guard let run = try find(database) else { return nil }
      let lock = try lock(run.id)
      try run.countCrashes(in: database)
      var attempt = run
      attempt.attempt += 1
      attempt.state = .running
      attempt.endedAt = nil
      attempt.processID = ProcessState.id
      try attempt.update(in: database)
      let version = try Int.fetchOne(
        database, sql: "SELECT key_version FROM run WHERE id = ?", arguments: [run.id])
      let calls = try JournaledCall.fetch(of: run.id, limit: nil, from: database)
      return (attempt, lock, calls, run.state == .finished, version ?? 1)
    }
    return try resumed.map { try activate($0, $1, calls: $2, wasFinished: $3, keyVersion: $4) }
  }

  private func activate(
    _ run: Run, _ lock: RunLock, calls: [JournaledCall], wasFinished: Bool, keyVersion: Int
  ) throws -> any ActiveRun {
    SQLiteActiveRun(
      run: run, earlierCalls: calls, wasFinished: wasFinished,
      hasKeysOfVersion1: keyVersion < Run.keyVersion, lock: lock,
      writer: try GroupCommitWriter(database), dailyLimit: try dailyLimit(), observer: observer)
  }

  // MARK: Reading

  public func unfinished(_ script: Script) throws -> RunSummary? {
    guard database.exists else { return nil }
    return try database.read { database in
      try Run.last(of: script, finished: false, in: database) { !RunLock.isHeld(lockPath($0.id)) }
        .map { try summary(of: $0, database) }
    }
  }

  public func finished(_ script: Script) throws -> RunSummary? {
    guard database.exists else { return nil }
    return try database.read { database in
      try Run.last(of: script, finished: true, in: database)
        .map { try summary(of: $0, database) }
    }
  }

  public func runs() throws -> [RunSummary] {
    guard database.exists else { return [] }
    return try database.read { database in
      try Row.fetchAll(database, sql: "SELECT * FROM run ORDER BY number DESC, id")
        .map { try summary(of: Run(row: $0), database) }
    }
  }

  public func run(_ id: String) throws -> RunSummary {
    let found =
      database.exists
      ? try database.read { database in
        try Row.fetchAll(
          database, sql: "SELECT * FROM run WHERE substr(id, 1, ?) = ? LIMIT 2",
          arguments: [id.count, id]
        ).map { try summary(of: Run(row: $0), database) }
      } : []
    guard let first = found.first, !id.isEmpty else {
      throw Self.unknownRun(id)
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
    guard database.exists else { return [] }
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

  /// What all runs of the home have spent on each day, those that are deleted too: millionths by
  /// unit.
  ///
  /// - Parameter first: the first day, `2026-07-25`; nil for all.
  public func spendingByDay(since first: String?) throws -> [(
    day: String, amounts: [String: Int64]
  )] {
    guard database.exists else { return [] }
    return try database.read { database in
      var days: [(day: String, amounts: [String: Int64])] = []
      let rows = try Row.fetchCursor(
        database,
        sql:
          "SELECT day, unit, amount FROM spending WHERE day >= ? AND amount != 0 ORDER BY day, unit",
        arguments: [first ?? ""])
      while let row = try rows.next() {
        let (day, unit, amount): (String, String, Int64) = (row["day"], row["unit"], row["amount"])
        if days.last?.day != day { days.append((day, [:])) }
        days[days.count - 1].amounts[unit] = amount
      }
      return days
    }
  }

  // MARK: Deleting

  public func delete(run id: String) throws {
    let id = try run(id).run.id
    try withExtendedLifetime(lock(id)) {
      try database.write { try Run.delete(id, from: $0) }
      removeLock(id)
    }
  }

  // MARK: The cache

  public func cached(_ key: String) throws -> [StoredResult]? {
    guard database.exists else { return nil }
    return try database.write { database in
      let text = try String.fetchOne(
        database, sql: "SELECT results FROM cached_answer WHERE key = ?", arguments: [key])
      guard let text else { return nil }
      try database.execute(
        sql: "UPDATE cached_answer SET used_at = ? WHERE key = ?", arguments: [WallClock.now, key])
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
          """, arguments: [key, text, WallClock.now, WallClock.now])
    }
  }

  // MARK: Names

  func lockPath(_ id: String) -> String { "\(lockFolder)/\(id).lock" }

  func removeLock(_ id: String) {
    _ = try? FilePath(lockPath(id)).remove(recursively: false)
  }

  /// Eight letters and digits: easy to type.
  private static func newID() -> String {
    let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
    return String((0..<8).compactMap { _ in letters.randomElement() })
  }

}
