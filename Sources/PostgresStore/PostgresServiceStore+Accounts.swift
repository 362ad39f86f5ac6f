public import ServerStore

/// A hold as it is settled.
struct SettledHold: Sendable {
  let hold: Hold
  let purpose: String
}

extension PostgresServiceStore {
  public func open(grants: [String: Int64]) async throws {
    // Always in the same order, so that two servers that start do not wait for each other.
    let sorted = grants.sorted { $0.key < $1.key }
    try await query(
      """
      SELECT grant_tokens(id, amount)
      FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS given (id, amount, place)
      ORDER BY place
      """, [PostgresArray(sorted.map(\.key)), PostgresArray(sorted.map(\.value))])
  }

  public func balance(of account: String) async throws -> Int64? {
    try await query(
      "SELECT greatest(0, balance) AS balance FROM account WHERE id = $1", [account]
    ).first?.value("balance")
  }

  public func statement(of account: String) async throws -> AccountStatement? {
    try await query(
      """
      SELECT granted, balance, held,
        (SELECT coalesce(sum(amount), 0) FROM charge WHERE account = $1) AS charged,
        (SELECT coalesce(sum(amount), 0) FROM hold WHERE account = $1) AS on_hold
      FROM account WHERE id = $1
      """, [account]
    ).first.map { row in
      AccountStatement(
        granted: try row.value("granted"), balance: try row.value("balance"),
        held: try row.value("held"), charged: try row.value("charged"),
        onHold: try row.value("on_hold"))
    }
  }

  public func hold(_ hold: Hold, for seconds: Double) async throws -> HoldResult {
    let answer = try await query(
      "SELECT hold_tokens($1, $2, $3, $4) AS answer",
      [hold.key, hold.account, hold.amount, seconds], isSynced: false
    ).first?.text("answer")
    switch answer {
    case "held": return .held
    case "settled": return .settled
    case "balanceTooLow": return .balanceTooLow
    default: throw StoreUnreachable("the database did not answer")
    }
  }

  public func settle(_ hold: Hold, for purpose: String) async throws -> Bool {
    try await settles.perform(SettledHold(hold: hold, purpose: purpose), of: hold.account) {
      account, settled in
      try await self.query(
        "SELECT settle_holds($1, $2, $3, $4) AS is_paid",
        [
          account, PostgresArray(settled.map(\.hold.key)),
          PostgresArray(settled.map(\.hold.amount)), PostgresArray(settled.map(\.purpose)),
        ]
      ).map { try $0.bool("is_paid") }
    }
  }

  public func release(_ hold: Hold) async throws {
    try await query("SELECT release_hold($1, $2)", [hold.key, hold.account], isSynced: false)
  }

  public func holdCount() async throws -> Int {
    try await query("SELECT count(*) FROM hold").first?.value("count") ?? 0
  }
}
