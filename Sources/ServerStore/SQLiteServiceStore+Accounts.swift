import GRDB

extension SQLiteServiceStore: AccountStore {
  public func open(grants: [String: Int64]) async throws {
    try await writing { database in
      for (account, granted) in grants.sorted(by: { $0.key < $1.key }) {
        try database.execute(
          sql: """
            INSERT INTO account (id, granted, balance) VALUES (:id, :granted, :granted)
            ON CONFLICT (id) DO UPDATE
            SET balance = max(0, balance + excluded.granted - granted), granted = excluded.granted
            """,
          arguments: ["id": account, "granted": granted])
      }
    }
  }

  public func balance(of account: String) async throws -> Int64? {
    try await reading { database in
      try Int64.fetchOne(
        database, sql: "SELECT balance FROM account WHERE id = ?", arguments: [account])
    }
  }

  public func charge(
    _ amount: Int64, to account: String, for purpose: String
  ) async throws -> Bool {
    let time = now()
    return try await writing { database in
      let isTaken = try Bool.fetchOne(
        database, sql: "SELECT EXISTS (SELECT 1 FROM charge WHERE purpose = ? AND account = ?)",
        arguments: [purpose, account])
      if isTaken == true { return true }
      return try database.take(amount, from: account, for: purpose, at: time)
    }
  }
}

extension Database {
  /// Takes tokens from an account. An account without a balance pays nothing.
  func take(
    _ amount: Int64, from account: String, for purpose: String, at time: Double
  ) throws -> Bool {
    guard amount > 0 else { return true }
    guard
      let balance = try Int64.fetchOne(
        self, sql: "SELECT balance FROM account WHERE id = ?", arguments: [account])
    else { return true }
    guard balance >= amount else { return false }
    try move(-amount, on: account, for: purpose, at: time)
    return true
  }

  func refund(_ job: StoredJob, at time: Double) throws {
    guard job.price > 0 else { return }
    try move(job.price, on: job.owner, for: "refund \(job.id)", at: time)
  }

  /// Changes a balance and records why. Does nothing if the account has no balance.
  private func move(
    _ amount: Int64, on account: String, for purpose: String, at time: Double
  ) throws {
    try execute(
      sql: "UPDATE account SET balance = balance + ? WHERE id = ?", arguments: [amount, account])
    guard changesCount == 1 else { return }
    try execute(
      sql: "INSERT INTO charge (account, amount, purpose, charged_at) VALUES (?, ?, ?, ?)",
      arguments: [account, -amount, purpose, time])
  }
}
