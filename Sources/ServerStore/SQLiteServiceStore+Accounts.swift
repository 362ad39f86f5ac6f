import GRDB

extension SQLiteServiceStore {
  public func open(grants: [String: Int64]) async throws {
    try await writing { database in
      for (account, granted) in grants.sorted(by: { $0.key < $1.key }) {
        try database.grant(granted, to: account)
      }
    }
  }

  public func balance(of account: String) async throws -> Int64? {
    try await reading { database in
      try Int64.fetchOne(
        database, sql: "SELECT max(0, balance) FROM account WHERE id = ?", arguments: [account])
    }
  }

  public func statement(of account: String) async throws -> AccountStatement? {
    try await reading { database in
      try Row.fetchOne(
        database,
        sql: """
          SELECT granted, balance, held,
            (SELECT coalesce(sum(amount), 0) FROM charge WHERE account = :account) AS charged,
            (SELECT coalesce(sum(amount), 0) FROM hold WHERE account = :account) AS on_hold
          FROM account WHERE id = :account
          """, arguments: ["account": account]
      ).map {
        AccountStatement(
          granted: $0["granted"], balance: $0["balance"], held: $0["held"],
          charged: $0["charged"], onHold: $0["on_hold"])
      }
    }
  }

  public func hold(_ hold: Hold, for seconds: Double) async throws -> HoldResult {
    let time = now()
    return try await writingUnsynced { database in
      guard try !database.isCharged(hold.key) else { return .settled }
      guard let left = try database.available(to: hold.account, at: time) else { return .held }
      let isHeld = try Bool.fetchOne(
        database.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM hold WHERE key = ?)"),
        arguments: [hold.key])
      if isHeld == true { return .held }
      guard left >= hold.amount else { return .balanceTooLow }
      try database.cachedStatement(
        sql: "INSERT INTO hold (key, account, amount, until) VALUES (?, ?, ?, ?)"
      ).execute(arguments: [hold.key, hold.account, hold.amount, time + seconds])
      try database.cachedStatement(sql: "UPDATE account SET held = held + ? WHERE id = ?")
        .execute(arguments: [hold.amount, hold.account])
      return .held
    }
  }

  public func settle(_ hold: Hold, for purpose: String) async throws -> Bool {
    let time = now()
    return try await writing { database in
      guard try !database.isCharged(hold.key) else { return true }
      let wasHeld = try database.removeHold(hold.key)
      if !wasHeld, let left = try database.available(to: hold.account, at: time),
        left < hold.amount
      {
        return false
      }
      try database.move(
        hold.amount, from: hold.account, key: hold.key, for: purpose, at: time)
      return true
    }
  }

  public func release(_ hold: Hold) async throws {
    try await writingUnsynced { database in _ = try database.removeHold(hold.key) }
  }

  public func holdCount() async throws -> Int {
    try await reading { try Int.fetchOne($0, sql: "SELECT count(*) FROM hold") ?? 0 }
  }
}

extension Database {
  /// Opens an account with a grant, or changes the grant.
  func grant(_ amount: Int64, to account: String) throws {
    try execute(
      sql: """
        INSERT INTO account (id, granted, balance) VALUES (:id, :granted, :granted)
        ON CONFLICT (id) DO UPDATE
        SET balance = balance + excluded.granted - granted, granted = excluded.granted
        """,
      arguments: ["id": account, "granted": amount])
  }

  /// Takes tokens from an account, unless its balance is too low. An account without a balance pays
  /// nothing.
  func take(
    _ amount: Int64, from account: String, key: String, for purpose: String, at time: Double
  ) throws -> Bool {
    guard amount > 0, try !isCharged(key), let left = try available(to: account, at: time)
    else { return true }
    guard left >= amount else { return false }
    try move(amount, from: account, key: key, for: purpose, at: time)
    return true
  }

  func refund(_ job: StoredJob, at time: Double) throws {
    guard job.price > 0, try !isCharged("refund \(job.id)") else { return }
    try move(
      -job.price, from: job.owner, key: "refund \(job.id)", for: "refund \(job.id)", at: time)
  }

  fileprivate func isCharged(_ key: String) throws -> Bool {
    try Bool.fetchOne(
      cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM charge WHERE key = ?)"),
      arguments: [key]) ?? false
  }

  /// What an account may spend: its balance less its holds. Those that have expired are removed
  /// first. Nil for an account without a balance.
  fileprivate func available(to account: String, at time: Double) throws -> Int64? {
    let expired = try String.fetchAll(
      cachedStatement(sql: "SELECT key FROM hold WHERE account = ? AND until < ?"),
      arguments: [account, time])
    for key in expired { _ = try removeHold(key) }
    return try Int64.fetchOne(
      cachedStatement(sql: "SELECT balance - held FROM account WHERE id = ?"),
      arguments: [account])
  }

  /// - Returns: whether there was one.
  fileprivate func removeHold(_ key: String) throws -> Bool {
    let removed = try Row.fetchOne(
      cachedStatement(sql: "SELECT account, amount FROM hold WHERE key = ?"), arguments: [key])
    guard let removed else { return false }
    try cachedStatement(sql: "DELETE FROM hold WHERE key = ?").execute(arguments: [key])
    let (account, amount): (String, Int64) = (removed["account"], removed["amount"])
    try cachedStatement(sql: "UPDATE account SET held = held - ? WHERE id = ?")
      .execute(arguments: [amount, account])
    return true
  }

  func removeExpiredHolds(at time: Double, limit: Int) throws -> Int {
    let keys = try String.fetchAll(
      self, sql: "SELECT key FROM hold WHERE until < ? LIMIT ?", arguments: [time, limit])
    for key in keys { _ = try removeHold(key) }
    return keys.count
  }

  /// Replaces old charges by their sum for each account.
  func addUpCharges(before time: Double, limit: Int) throws -> Int {
    let keys = try Row.fetchAll(
      self,
      sql: """
        SELECT key, account, amount FROM charge WHERE charged_at < ? AND charged_at > 0 LIMIT ?
        """, arguments: [time, limit])
    for row in keys {
      let (key, account, amount): (String, String, Int64) = (
        row["key"], row["account"], row["amount"]
      )
      try execute(sql: "DELETE FROM charge WHERE key = ?", arguments: [key])
      try execute(
        sql: """
          INSERT INTO charge (key, account, amount, purpose, charged_at)
          VALUES (?, ?, ?, 'earlier charges', 0)
          ON CONFLICT (key) DO UPDATE SET amount = amount + excluded.amount
          """, arguments: ["earlier \(account)", account, amount])
    }
    return keys.count
  }

  /// Changes a balance and records why. Does nothing if the account has no balance.
  fileprivate func move(
    _ amount: Int64, from account: String, key: String, for purpose: String, at time: Double
  ) throws {
    try cachedStatement(sql: "UPDATE account SET balance = balance - ? WHERE id = ?")
      .execute(arguments: [amount, account])
    guard changesCount == 1 else { return }
    try cachedStatement(
      sql: """
        INSERT INTO charge (key, account, amount, purpose, charged_at) VALUES (?, ?, ?, ?, ?)
        """
    ).execute(arguments: [key, account, amount, purpose, time])
  }
}
