import GRDB

extension SQLiteServiceStore {
  public func addToken(_ token: StoredToken) async throws -> Bool {
    try await writing { database in
      let known = try String.fetchOne(
        database, sql: "SELECT digest FROM token WHERE name = ?", arguments: [token.name])
      guard known == nil else { return known == token.digest }
      try database.execute(
        sql: """
          INSERT INTO token (digest, name, created_at, expires_at, rate, revoked_at)
          VALUES (?, ?, ?, ?, ?, ?)
          """,
        arguments: [
          token.digest, token.name, token.createdAt, token.expires, token.callsPerMinute,
          token.revokedAt,
        ])
      if let granted = token.granted { try database.grant(granted, to: token.digest) }
      return true
    }
  }

  public func token(digest: String) async throws -> StoredToken? {
    try await reading { database in
      try Row.fetchOne(
        database.cachedStatement(sql: "\(Self.selectTokens) WHERE token.digest = ?"),
        arguments: [digest]
      ).map(StoredToken.init(row:))
    }
  }

  public func tokens() async throws -> [StoredToken] {
    try await reading { database in
      try Row.fetchAll(database, sql: "\(Self.selectTokens) ORDER BY name")
        .map(StoredToken.init(row:))
    }
  }

  private static let selectTokens = """
    SELECT token.*, account.granted FROM token LEFT JOIN account ON account.id = token.digest
    """

  public func grant(_ amount: Int64, toToken name: String) async throws -> Bool {
    try await writing { database in
      let digest = try String.fetchOne(
        database, sql: "SELECT digest FROM token WHERE name = ?", arguments: [name])
      guard let digest else { return false }
      try database.grant(amount, to: digest)
      return true
    }
  }

  public func revokeToken(_ name: String) async throws -> Bool {
    let time = now()
    return try await writing { database in
      try database.execute(
        sql: "UPDATE token SET revoked_at = coalesce(revoked_at, ?) WHERE name = ?",
        arguments: [time, name])
      return database.changesCount == 1
    }
  }
}

extension StoredToken {
  fileprivate init(row: Row) {
    self.init(
      digest: row["digest"], name: row["name"], granted: row["granted"],
      createdAt: row["created_at"], expires: row["expires_at"], callsPerMinute: row["rate"],
      revokedAt: row["revoked_at"])
  }
}
