import CPostgres

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// A connection to PostgreSQL, used by the thread that opened it and no other.
///
/// It waits in poll(2) until a deadline, never in libpq. A connection that threw ``ConnectionLost`` is
/// closed by its owner: nobody knows what the server still does. `PQcancel` would not help, because it
/// waits without a deadline.
final class PostgresConnection {
  typealias Deadline = ContinuousClock.Instant

  private let handle: OpaquePointer
  private let address: PostgresAddress
  /// Whether the session has ``TransactionSettings/bounds``. A pooler may refuse them or forget them;
  /// then each transaction has its own.
  private var isBounded = false

  /// Connects. Only the look-up of a host's name may take longer than the deadline.
  ///
  /// - Throws: ``ConnectionLost`` with libpq's reason.
  convenience init(_ address: PostgresAddress, until deadline: Deadline) throws {
    let bounds = TransactionSettings.bounds.map { " -c \($0.0)=\($0.1)" }.joined()
    do {
      try self.init(address, options: address.options + bounds, until: deadline)
      isBounded = try hasBounds(until: deadline)
    } catch let error as ConnectionLost where error.reason.contains("startup parameter") {
      try self.init(address, options: address.options, until: deadline)
    }
  }

  private init(_ address: PostgresAddress, options: String, until deadline: Deadline) throws {
    let names = ["dbname", "fallback_application_name", "client_encoding", "options"]
    let values = [address.url, "imagine-server", "UTF8", options]
    let started = Self.withTexts(names) { names in
      // A database's name that is a URL is read as one.
      Self.withTexts(values) { PQconnectStartParams(names, $0, 1) }
    }
    guard let started else { throw ConnectionLost(reason: "libpq has no memory") }
    handle = started
    self.address = address
    try finishConnecting(until: deadline)
  }

  deinit { PQfinish(handle) }

  private func finishConnecting(until deadline: Deadline) throws {
    guard PQstatus(handle) != CONNECTION_BAD else { throw lost() }
    var state = PGRES_POLLING_WRITING
    while state != PGRES_POLLING_OK {
      guard state == PGRES_POLLING_READING || state == PGRES_POLLING_WRITING else { throw lost() }
      try wait(for: state == PGRES_POLLING_READING ? POLLIN : POLLOUT, until: deadline)
      state = PQconnectPoll(handle)
    }
    guard PQsetnonblocking(handle, 1) == 0, PQenterPipelineMode(handle) == 1 else { throw lost() }
    PQsetNoticeReceiver(handle, { _, _ in }, nil)
  }

  private func hasBounds(until deadline: Deadline) throws -> Bool {
    let settings = TransactionSettings.bounds.map { "current_setting('\($0.0)') AS \($0.0)" }
    let row = try transaction(
      [PostgresStatement("SELECT \(settings.joined(separator: ", "))")], until: deadline
    ).first
    return try TransactionSettings.bounds.allSatisfy { try row?.text($0.0) == $0.1 }
  }

  /// Whether an idle connection can be used: the server has not closed it.
  var isUsable: Bool {
    var descriptor = pollfd(fd: PQsocket(handle), events: Int16(POLLIN), revents: 0)
    guard poll(&descriptor, 1, 0) == 0 || PQconsumeInput(handle) == 1 else { return false }
    return PQstatus(handle) == CONNECTION_OK && descriptor.revents & Int16(POLLHUP) == 0
  }

  /// Executes statements as one transaction with its settings, in one round trip.
  ///
  /// - Returns: the rows of the last statement.
  /// - Throws: ``PostgresError`` if the transaction was rolled back, else ``ConnectionLost``.
  func transaction(
    _ statements: [PostgresStatement], _ settings: TransactionSettings, until deadline: Deadline
  ) throws -> [PostgresRow] {
    let set = settings.statement(inBoundedSession: isBounded)
    return try transaction((set.map { [$0] } ?? []) + statements, until: deadline)
  }

  /// Executes statements as one transaction, in one round trip.
  ///
  /// The transaction is what a pipeline is up to its synchronization point, so it needs neither
  /// `BEGIN` nor `COMMIT`, and an error of any statement rolls all back.
  ///
  /// - Returns: the rows of the last statement.
  /// - Throws: ``PostgresError`` if the transaction was rolled back, else ``ConnectionLost``.
  func transaction(
    _ statements: [PostgresStatement], until deadline: Deadline
  ) throws -> [PostgresRow] {
    for statement in statements { try send(statement) }
    guard PQpipelineSync(handle) == 1 else { throw lost() }
    var rows: [PostgresRow] = []
    var failure: PostgresError?
    while true {
      guard let result = try nextResult(until: deadline) else { continue }
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_PIPELINE_SYNC:
        if let failure { throw failure }
        return rows
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK: rows = PostgresRow.all(of: result)
      case PGRES_PIPELINE_ABORTED: break
      default: failure = failure ?? PostgresError(result: result)
      }
      if PQstatus(handle) == CONNECTION_BAD { throw lost(failure?.message) }
    }
  }

  /// Executes a script of several statements without parameters. A script that begins a transaction
  /// may leave it to the next one.
  ///
  /// - Returns: the rows of the last statement.
  func script(_ sql: String, until deadline: Deadline) throws -> [PostgresRow] {
    guard PQexitPipelineMode(handle) == 1, PQsendQuery(handle, sql) == 1 else { throw lost() }
    var rows: [PostgresRow] = []
    var failure: PostgresError?
    while let result = try nextResult(until: deadline) {
      defer { PQclear(result) }
      switch PQresultStatus(result) {
      case PGRES_TUPLES_OK, PGRES_COMMAND_OK: rows = PostgresRow.all(of: result)
      default: failure = failure ?? PostgresError(result: result)
      }
    }
    guard PQstatus(handle) == CONNECTION_OK, PQenterPipelineMode(handle) == 1 else {
      throw lost(failure?.message)
    }
    if let failure { throw failure }
    return rows
  }

  /// Waits for notifications, and returns the names of their channels; none if the time is over.
  func notifications(until deadline: Deadline) throws -> [String] {
    var channels: [String] = []
    while true {
      while let notification = PQnotifies(handle) {
        channels.append(String(cString: notification.pointee.relname))
        PQfreemem(notification)
      }
      guard channels.isEmpty, deadline > .now else { return channels }
      do {
        try wait(for: POLLIN, until: deadline)
      } catch is ConnectionLost where deadline <= .now {
        return []
      }
      guard PQconsumeInput(handle) == 1 else { throw lost() }
    }
  }

  private func send(_ statement: PostgresStatement) throws {
    let isSent = Self.withTexts(statement.parameters) { values in
      PQsendQueryParams(
        handle, statement.sql, Int32(statement.parameters.count), nil, values, nil, nil, 0)
    }
    guard isSent == 1 else { throw lost() }
  }

  /// The next result; nil after the last one of a statement.
  private func nextResult(until deadline: Deadline) throws -> OpaquePointer? {
    while true {
      let unsent = PQflush(handle)
      guard unsent >= 0 else { throw lost() }
      guard PQisBusy(handle) == 1 else { break }
      try wait(for: unsent == 1 ? POLLIN | POLLOUT : POLLIN, until: deadline)
      guard PQconsumeInput(handle) == 1 else { throw lost() }
    }
    let result = PQgetResult(handle)
    if result == nil, PQstatus(handle) == CONNECTION_BAD { throw lost() }
    return result
  }

  private func wait(for events: Int32, until deadline: Deadline) throws {
    while true {
      let left = deadline - .now
      guard left > .zero else { throw ConnectionLost(reason: "no answer in time") }
      let milliseconds = left / .milliseconds(1)
      var descriptor = pollfd(fd: PQsocket(handle), events: Int16(events), revents: 0)
      let count = poll(&descriptor, 1, Int32(milliseconds.rounded(.up)))
      if count > 0 { return }
      guard count == 0 || errno == EINTR else {
        throw ConnectionLost(reason: String(cString: strerror(errno)))
      }
    }
  }

  /// - Parameter reason: nil for what libpq says.
  private func lost(_ reason: String? = nil) -> ConnectionLost {
    let text = reason ?? String(cString: PQerrorMessage(handle))
    let line = text.split(separator: "\n").joined(separator: "; ")
    return ConnectionLost(reason: address.redacted(line.isEmpty ? "the connection was lost" : line))
  }

  /// Calls a C function with texts that end with a zero byte.
  private static func withTexts<Result>(
    _ texts: [String?], _ body: (UnsafePointer<UnsafePointer<CChar>?>?) -> Result
  ) -> Result {
    var bytes: [UInt8] = []
    let offsets = texts.map { text -> Int? in
      guard let text else { return nil }
      defer {
        bytes += text.utf8
        bytes.append(0)
      }
      return bytes.count
    }
    return bytes.withUnsafeBytes { buffer in
      var pointers = offsets.map { offset in
        offset.flatMap { buffer.baseAddress?.advanced(by: $0).assumingMemoryBound(to: CChar.self) }
      }
      pointers.append(nil)
      return pointers.withUnsafeBufferPointer { body($0.baseAddress) }
    }
  }
}
