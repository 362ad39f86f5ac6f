import GRDB
import ImagineAPI
import ImagineRuns
import ImagineSystem
import Synchronization

/// A run whose lock this process holds.
final class SQLiteActiveRun: ActiveRun {
  let run: Run
  let earlierCalls: [JournaledCall]
  let wasFinished: Bool
  let hasKeysOfVersion1: Bool
  private let lock: Mutex<RunLock?>
  private let writer: GroupCommitWriter
  private let dailyLimit: Price?
  private let observer: (@Sendable (JournaledCall) -> Void)?

  init(
    run: Run, earlierCalls: [JournaledCall], wasFinished: Bool, hasKeysOfVersion1: Bool,
    lock: RunLock, writer: GroupCommitWriter, dailyLimit: Price?,
    observer: (@Sendable (JournaledCall) -> Void)?
  ) {
    self.run = run
    self.earlierCalls = earlierCalls
    self.wasFinished = wasFinished
    self.hasKeysOfVersion1 = hasKeysOfVersion1
    self.lock = Mutex(lock)
    self.writer = writer
    self.dailyLimit = dailyLimit
    self.observer = observer
  }

  func record(_ call: JournaledCall) async throws {
    // After a failed write, even one that nobody waited for, no further call is sent.
    if call.state == .sent, let failure = writer.failure { throw writer.fault(failure) }
    let limit = dailyLimit
    let write: @Sendable (Database) throws -> Void = { try call.write(to: $0, dailyLimit: limit) }
    let requiresSync = call.state.requiresSync
    guard requiresSync || observer != nil else { return writer.writeSoon(write) }
    do {
      try await writer.write(isSynced: requiresSync, write)
    } catch {
      throw writer.fault(error)
    }
    observer?(call)
  }

  func end(_ state: Run.State, isKept: Bool) throws {
    // Last: another process may resume the run as soon as the lock is free.
    defer { lock.withLock { $0 = nil } }
    var ended = run
    ended.state = state
    ended.endedAt = WallClock.now
    let last = ended
    do {
      try writer.writeNow { try last.update(in: $0, isKept: isKept) }
      if let failure = writer.failure { throw failure }
    } catch {
      throw writer.fault(error)
    }
  }
}

extension JournaledCall {
  /// Writes the call, and adds its new sends to the spending of their days.
  fileprivate func write(to database: Database, dailyLimit: Price?) throws {
    let old = try Row.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT state, attempt, sends, charged, price, unit, began_at FROM call
          WHERE run = ? AND request = ? AND occurrence = ? AND part = ?
          """), arguments: [run, key.request, key.occurrence, key.part])
    let known = old.map { [Send](row: $0) } ?? []
    let same = zip(known, sends).prefix { $0.isSame(as: $1) }.count
    for send in known[same...] { try Self.add(send, sign: -1, to: database) }
    for send in sends[same...] {
      // What the service has billed is recorded, whatever it costs.
      if let dailyLimit, state == .sent { try Self.check(send, against: dailyLimit, database) }
      try Self.add(send, sign: 1, to: database)
    }
    // The first write of an attempt writes all columns: the request may have changed.
    if old == nil || state == .intent || old?["attempt"] != attempt {
      try insert(into: database)
    } else {
      try update(in: database)
    }
    let isProgress = isAnswered || state == .accepted
    if isProgress, old?["state"] != state.rawValue {
      try database.cachedStatement(
        sql: "UPDATE run SET has_progressed = 1 WHERE id = ? AND has_progressed = 0"
      ).execute(arguments: [run])
    }
  }

  /// Adds a send to the spending of its day, or subtracts it.
  private static func add(_ send: Send, sign: Int64, to database: Database) throws {
    guard let price = send.price, price.millionths != 0 else { return }
    try database.cachedStatement(
      sql: """
        INSERT INTO spending (day, unit, amount) VALUES (?, ?, ?)
        ON CONFLICT (day, unit) DO UPDATE SET amount = amount + excluded.amount
        """
    ).execute(arguments: [WallClock.day(of: send.at), price.unit, sign * price.millionths])
  }

  private static func check(_ send: Send, against limit: Price, _ database: Database) throws {
    guard let price = send.price, price.millionths != 0, price.unit == limit.unit else { return }
    let amount = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT amount FROM spending WHERE day = ? AND unit = ?"),
      arguments: [WallClock.day(of: send.at), limit.unit])
    let left = Price(millionths: max(0, limit.millionths - (amount ?? 0)), unit: limit.unit)
    guard price.millionths > left.millionths else { return }
    throw ImagineError(
      .budget,
      "the call would cost \(price), and \(left) of today's \(limit) are left (budget.per_day in"
        + " config.toml)")
  }

}
