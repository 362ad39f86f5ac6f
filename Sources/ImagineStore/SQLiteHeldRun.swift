import GRDB
import ImagineCore
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A run that this process holds by its lock.
final class SQLiteHeldRun: HeldRun {
  let run: Run
  let earlierCalls: [JournaledCall]
  private let lock: Mutex<RunLock?>
  private let writer: GroupedWriter
  private let dailyLimit: Price?
  private let observer: (@Sendable (JournaledCall) -> Void)?

  init(
    run: Run, earlierCalls: [JournaledCall], lock: RunLock, writer: GroupedWriter,
    dailyLimit: Price?, observer: (@Sendable (JournaledCall) -> Void)?
  ) {
    self.run = run
    self.earlierCalls = earlierCalls
    self.lock = Mutex(lock)
    self.writer = writer
    self.dailyLimit = dailyLimit
    self.observer = observer
  }

  func record(_ call: JournaledCall) async throws {
    let limit = dailyLimit
    let write: @Sendable (Database) throws -> Void = { try call.write(to: $0, dailyLimit: limit) }
    let mustLast = call.state.mustLast
    guard mustLast || observer != nil else { return writer.writeSoon(write) }
    do {
      try await writer.write(isSynced: mustLast, write)
    } catch let error as DatabaseError {
      throw writer.fault(error)
    }
    observer?(call)
  }

  func end(_ state: Run.State) throws {
    var ended = run
    ended.state = state
    ended.endedAt = SQLiteJournal.now
    let last = ended
    do {
      try writer.writeNow { try last.update(in: $0) }
    } catch let error as DatabaseError {
      throw writer.fault(error)
    }
    lock.withLock { $0 = nil }
  }
}

extension JournaledCall {
  /// Writes the call, and with it what it reserves of the day's spending.
  fileprivate func write(to database: Database, dailyLimit: Price?) throws {
    let old = try Row.fetchOne(
      database.cachedStatement(
        sql: """
          SELECT state, reserved, unit, reserved_on FROM call
          WHERE run = ? AND request = ? AND occurrence = ? AND part = ?
          """), arguments: [run, key.request, key.occurrence, key.part])
    let reserved = spent?.millionths ?? 0
    let before: Int64 = old?["reserved"] ?? 0
    // What nothing is set aside for yet is spent today, whenever the call was first intended.
    let earlierDay: String? = old?["reserved_on"]
    let day = before == 0 ? Self.today : earlierDay ?? Self.today
    let more = reserved - before
    if more != 0, let unit = price?.unit {
      if more > 0, let dailyLimit, dailyLimit.unit == unit {
        try Self.check(Price(millionths: more, unit: unit), against: dailyLimit, on: day, database)
      }
      try database.cachedStatement(
        sql: """
          INSERT INTO spending (day, unit, amount) VALUES (?, ?, ?)
          ON CONFLICT (day, unit) DO UPDATE SET amount = amount + excluded.amount
          """
      ).execute(arguments: [day, unit, more])
    }
    if old == nil || state == .intent {
      try insert(into: database, reserved: reserved, on: day)
    } else {
      try update(in: database, reserved: reserved, on: day)
    }
    let isProgress = isAnswered || state == .accepted
    if isProgress, old?["state"] != state.rawValue {
      try database.cachedStatement(
        sql: "UPDATE run SET has_progressed = 1 WHERE id = ? AND has_progressed = 0"
      ).execute(arguments: [run])
    }
  }

  private static func check(
    _ more: Price, against limit: Price, on day: String, _ database: Database
  ) throws {
    let amount = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT amount FROM spending WHERE day = ? AND unit = ?"),
      arguments: [day, limit.unit])
    let left = Price(millionths: max(0, limit.millionths - (amount ?? 0)), unit: limit.unit)
    guard more.millionths > left.millionths else { return }
    throw ImagineError(
      .budget,
      "the call would cost \(more), and \(left) of today's \(limit) are left (budget.per_day in"
        + " config.toml)")
  }

  /// The day by this machine's clock and time zone.
  private static var today: String {
    var now = time(nil)
    var parts = tm()
    localtime_r(&now, &parts)
    func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
  }
}
