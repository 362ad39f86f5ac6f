import GRDB
import ImagineAPI
import ImagineRuns

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Conversion between runs, calls and rows of their tables.

extension Run {
  init(row: Row) throws {
    self.init(
      id: row["id"],
      script: Script(
        path: row["script"], arguments: try [String](column: row["arguments"]),
        folder: row["folder"], sha256: row["sha256"]),
      seed: RandomSeed(first: row["seed_first"], second: row["seed_second"]),
      startedAt: row["started_at"], endedAt: row["ended_at"],
      state: State(rawValue: row["state"]) ?? .running, attempt: row["attempt"],
      processID: row["process"])
  }

  /// Inserts the run with the next number: the order of runs must not depend on the clock.
  func insert(into database: Database) throws {
    try database.execute(
      sql: """
        INSERT INTO run (id, script, arguments, folder, sha256, seed_first, seed_second,
          started_at, ended_at, state, attempt, process, key_version, number)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,
          (SELECT coalesce(max(number), 0) + 1 FROM run))
        """,
      arguments: [
        id, script.path, try script.arguments.column, script.folder, script.sha256, seed.first,
        seed.second, startedAt, endedAt, state.rawValue, attempt, processID, Self.keyVersion,
      ])
  }

  /// Version of the call keys: version 1 omitted each `extra` field with a word such as `key` in
  /// its name; version 2 has a hash in its place.
  static let keyVersion = 2

  /// Updates the columns that change when a run is resumed or ends.
  ///
  /// - Parameter isKept: whether pruning leaves the run from now on. What is kept stays so.
  func update(in database: Database, isKept: Bool = false) throws {
    try database.execute(
      sql: """
        UPDATE run SET ended_at = ?, state = ?, attempt = ?, process = ?, is_kept = is_kept OR ?
        WHERE id = ?
        """, arguments: [endedAt, state.rawValue, attempt, processID, isKept, id])
  }

  /// The last run of a script, among those that are finished or those that are not. What is no file
  /// is the same script in the same folder only.
  static func last(
    of script: Script, finished: Bool, in database: Database,
    where matches: (Run) -> Bool = { _ in true }
  ) throws -> Run? {
    guard let path = script.path else { return nil }
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT * FROM run WHERE script = ? AND arguments = ? AND (state = 'finished') = ?
          AND (? OR folder = ?) ORDER BY number DESC
        """,
      arguments: [
        path, try script.arguments.column, finished, script.isFile, script.folder,
      ])
    while let row = try rows.next() {
      let run = try Run(row: row)
      if matches(run) { return run }
    }
    return nil
  }

  /// Increments the crash count (`deaths`) of in-flight calls if the last attempt made no progress;
  /// otherwise resets it.
  func countCrashes(in database: Database) throws {
    guard state == .running else { return }
    let hasProgressed =
      try Bool.fetchOne(
        database, sql: "SELECT has_progressed FROM run WHERE id = ?", arguments: [id]) ?? false
    if hasProgressed {
      try database.execute(sql: "UPDATE call SET deaths = 0 WHERE run = ?", arguments: [id])
    } else {
      try database.execute(
        sql: """
          UPDATE call SET deaths = deaths + 1
          WHERE run = ? AND attempt = ? AND state IN ('intent', 'sent', 'accepted')
          """, arguments: [id, attempt])
    }
    try database.execute(sql: "UPDATE run SET has_progressed = 0 WHERE id = ?", arguments: [id])
  }

  static func delete(_ id: String, from database: Database) throws {
    try database.execute(sql: "DELETE FROM call WHERE run = ?", arguments: [id])
    try database.execute(sql: "DELETE FROM run WHERE id = ?", arguments: [id])
  }

  /// Deletes the calls, and the run unless it is kept.
  static func prune(_ id: String, from database: Database) throws {
    try database.execute(sql: "DELETE FROM call WHERE run = ?", arguments: [id])
    try database.execute(sql: "DELETE FROM run WHERE id = ? AND NOT is_kept", arguments: [id])
  }
}

extension JournaledCall {
  init(row: Row) throws {
    let amount: Int64? = row["price"]
    let unit: String? = row["unit"]
    self.init(
      run: row["run"],
      key: CallKey(request: row["request"], occurrence: row["occurrence"], part: row["part"]),
      provider: row["provider"], request: try RequestDescription(json: row["description"]),
      price: amount.flatMap { amount in unit.map { Price(millionths: amount, unit: $0) } },
      beganAt: row["began_at"], attempt: row["attempt"], sends: [Send](row: row))
    state = State(rawValue: row["state"]) ?? .failed
    endedAt = row["ended_at"]
    job = row["job"]
    earlierJobs = try [String](column: row["earlier_jobs"])
    addresses = try [String](column: row["addresses"])
    isDeleted = row["is_deleted"]
    results = try [StoredResult](column: row["results"])
    error = row["error"]
    crashCount = row["deaths"]
    derived = try [DerivedInput](column: row["derived"])
    promisedUntil = row["promised_until"]
  }

  /// - Parameters:
  ///   - run: nil for all runs.
  ///   - limit: number of newest calls; nil for all.
  static func fetch(of run: String?, limit: Int?, from database: Database) throws -> [JournaledCall]
  {
    // A cursor's rows have indexed columns; copied rows search for each column.
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT * FROM call WHERE ?1 IS NULL OR run = ?1
        ORDER BY began_at DESC, request DESC, part DESC LIMIT ?2
        """, arguments: [run, limit ?? -1])
    return try Array(rows.map(JournaledCall.init(row:))).reversed()
  }

  /// Writes all columns of the call.
  func insert(into database: Database) throws {
    try database.cachedStatement(
      sql: """
        INSERT OR REPLACE INTO call (run, request, occurrence, part, provider, description, state,
          charged, sends, price, unit, began_at, ended_at, job, earlier_jobs, addresses,
          is_deleted, results, error, attempt, deaths, derived, promised_until)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        """
    ).execute(arguments: [
      run, key.request, key.occurrence, key.part, provider, request.json, state.rawValue,
      charged.rawValue, sends.column, price?.millionths, price?.unit, beganAt, endedAt, job,
      try earlierJobs.column, try addresses.column, isDeleted, try results.column, error, attempt,
      crashCount, try derived.column, promisedUntil,
    ])
  }

  /// Updates the columns that change after the call began, without its request.
  func update(in database: Database) throws {
    try database.cachedStatement(
      sql: """
        UPDATE call SET state = ?, charged = ?, sends = ?, ended_at = ?, job = ?,
          earlier_jobs = ?, addresses = ?, is_deleted = ?, results = ?, error = ?, attempt = ?, deaths = ?,
          promised_until = ?
        WHERE run = ? AND request = ? AND occurrence = ? AND part = ?
        """
    ).execute(arguments: [
      state.rawValue, charged.rawValue, sends.column, endedAt, job,
      try earlierJobs.column, try addresses.column, isDeleted, try results.column, error, attempt,
      crashCount, promisedUntil, run, key.request, key.occurrence,
      key.part,
    ])
  }
}

extension [Send] {
  /// The sends in a call's row. A row of an older program has only the last.
  ///
  /// Needs the columns `sends`, `charged`, `price`, `unit` and `began_at`.
  init(row: Row) {
    if let column: String = row["sends"] {
      self.init(column: column)
      return
    }
    let charged = ImagineError.Charged(rawValue: row["charged"]) ?? .unknown
    let amount: Int64? = row["price"]
    let unit: String? = row["unit"]
    let price = amount.flatMap { amount in unit.map { Price(millionths: amount, unit: $0) } }
    self = charged == .no ? [] : [Send(charged: charged, price: price, at: row["began_at"])]
  }

  /// One line per send: `yes 1795815518.14 5000000 tokens`, or without a price `unknown
  /// 1795815518.14`; then a tab and what the service counted, as JSON, if it said so.
  var column: String {
    map { send in
      let price = send.price.map { " \($0.millionths) \($0.unit)" } ?? ""
      let usage = send.usage.map { "\t\(Value.table($0.mapValues(Value.integer)).json)" } ?? ""
      return "\(send.charged.rawValue) \(send.at)\(price)\(usage)"
    }.joined(separator: "\n")
  }

  private init(column: String) {
    self = column.split(separator: "\n").map { line in
      let (line, usage) = Self.usage(in: line)
      let parts = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
      let price =
        parts.count == 4
        ? Int64(parts[2]).map { Price(millionths: $0, unit: String(parts[3])) } : nil
      return Send(
        charged: ImagineError.Charged(rawValue: String(parts[0])) ?? .unknown, price: price,
        at: parts.count > 1 ? Double(parts[1]) ?? 0 : 0, usage: usage)
    }
  }

  /// The part of a line before the tab, and the counts behind it.
  private static func usage(in line: Substring) -> (Substring, [String: Int64]?) {
    guard let tab = line.lastIndex(of: "\t") else { return (line, nil) }
    let json = try? Value(json: [UInt8](line[line.index(after: tab)...].utf8))
    return (line[..<tab], json?.table?.compactMapValues(\.integer))
  }
}

extension Array where Element: Codable {
  /// Reads a list from a JSON column.
  init(column: String) throws {
    self = column == "[]" ? [] : try JSONDecoder().decode(Self.self, from: Data(column.utf8))
  }

  var column: String {
    get throws {
      isEmpty ? "[]" : String(decoding: try JSONEncoder().encode(self), as: UTF8.self)
    }
  }
}
