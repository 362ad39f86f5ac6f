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
  let hasKeysOfVersion1: Bool
  private let lock: Mutex<RunLock?>
  private let writer: GroupedWriter
  private let dailyLimit: Price?
  private let observer: (@Sendable (JournaledCall) -> Void)?

  init(
    run: Run, earlierCalls: [JournaledCall], hasKeysOfVersion1: Bool, lock: RunLock,
    writer: GroupedWriter, dailyLimit: Price?, observer: (@Sendable (JournaledCall) -> Void)?
  ) {
    self.run = run
    self.earlierCalls = earlierCalls
    self.hasKeysOfVersion1 = hasKeysOfVersion1
    self.lock = Mutex(lock)
    self.writer = writer
    self.dailyLimit = dailyLimit
    self.observer = observer
  }

  func record(_ call: JournaledCall) async throws {
    // Nothing more is paid for once the journal has failed, though nobody waited for that write.
    if call.state == .sent, let failure = writer.failure { throw writer.fault(failure) }
    let limit = dailyLimit
    let write: @Sendable (Database) throws -> Void = { try call.write(to: $0, dailyLimit: limit) }
    let mustLast = call.state.mustLast
    guard mustLast || observer != nil else { return writer.writeSoon(write) }
    do {
      try await writer.write(isSynced: mustLast, write)
    } catch {
      throw writer.fault(error)
    }
    observer?(call)
  }

  func end(_ state: Run.State) throws {
    // Last: whoever resumes the run may do so once its lock is free.
    defer { lock.withLock { $0 = nil } }
    var ended = run
    ended.state = state
    ended.endedAt = SQLiteJournal.now
    let last = ended
    do {
      try writer.writeNow { try last.update(in: $0) }
      if let failure = writer.failure { throw failure }
    } catch {
      throw writer.fault(error)
    }
  }
}

extension JournaledCall {
  /// Writes the call, and adds the sends that are new to what was spent on their days.
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
      if let dailyLimit { try Self.check(send, against: dailyLimit, database) }
      try Self.add(send, sign: 1, to: database)
    }
    // The first write of an attempt has everything: what is asked for may have changed.
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

  /// Adds a send to what was spent on its day, or takes it off.
  private static func add(_ send: Send, sign: Int64, to database: Database) throws {
    guard let price = send.price, price.millionths != 0 else { return }
    try database.cachedStatement(
      sql: """
        INSERT INTO spending (day, unit, amount) VALUES (?, ?, ?)
        ON CONFLICT (day, unit) DO UPDATE SET amount = amount + excluded.amount
        """
    ).execute(arguments: [day(of: send.at), price.unit, sign * price.millionths])
  }

  private static func check(_ send: Send, against limit: Price, _ database: Database) throws {
    guard let price = send.price, price.millionths != 0, price.unit == limit.unit else { return }
    let amount = try Int64.fetchOne(
      database.cachedStatement(sql: "SELECT amount FROM spending WHERE day = ? AND unit = ?"),
      arguments: [day(of: send.at), limit.unit])
    let left = Price(millionths: max(0, limit.millionths - (amount ?? 0)), unit: limit.unit)
    guard price.millionths > left.millionths else { return }
    throw ImagineError(
      .budget,
      "the call would cost \(price), and \(left) of today's \(limit) are left (budget.per_day in"
        + " config.toml)")
  }

  /// The day by this machine's time zone.
  ///
  /// - Parameter time: seconds since 1970.
  private static func day(of time: Double) -> String {
    var now = time_t(exactly: time.rounded(.down)) ?? 0
    var parts = tm()
    localtime_r(&now, &parts)
    func padded(_ value: Int32) -> String { value < 10 ? "0\(value)" : "\(value)" }
    return "\(parts.tm_year + 1900)-\(padded(parts.tm_mon + 1))-\(padded(parts.tm_mday))"
  }
}
