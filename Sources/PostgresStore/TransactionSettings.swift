/// What is set for one transaction, in its own round trip: a connection that is pooled elsewhere keeps
/// nothing.
struct TransactionSettings: Sendable {
  /// Whether the transaction is on the disk when it has ended. If not, a crash of the database may
  /// lose it, as if it had never been.
  var isSynced = true
  /// For tests: the time in seconds since 1970; nil for the database's clock.
  var time: Double?

  /// How long the database may work on a statement, wait for a lock, and wait for a client within a
  /// transaction. Less than a pool waits, so that a transaction mostly ends before its caller gives up.
  static let bounds = [
    ("statement_timeout", "4s"), ("lock_timeout", "2s"),
    ("idle_in_transaction_session_timeout", "10s"),
  ]

  /// - Parameter isBounded: whether the session has the bounds already.
  /// - Returns: nil if there is nothing to set.
  func statement(inBoundedSession isBounded: Bool) -> PostgresStatement? {
    var settings = isBounded ? [] : Self.bounds.map { "set_config('\($0.0)', '\($0.1)', true)" }
    if !isSynced { settings.append("set_config('synchronous_commit', 'off', true)") }
    if time != nil { settings.append("set_config('imagine.time', $1, true)") }
    guard !settings.isEmpty else { return nil }
    return PostgresStatement("SELECT \(settings.joined(separator: ", "))", time.map { [$0] } ?? [])
  }
}
