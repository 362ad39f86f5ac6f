public import ServerStore

extension PostgresServiceStore {
  public func addToken(_ token: StoredToken) async throws -> Bool {
    try await answer(
      "add_token($1, $2, $3, $4, $5, $6, $7)",
      [
        token.digest, token.name, token.granted, token.createdAt, token.expires,
        token.callsPerMinute, token.revokedAt,
      ])
  }

  private static let selectTokens = """
    SELECT token.*, account.granted FROM token LEFT JOIN account ON account.id = token.digest
    """

  public func token(digest: String) async throws -> StoredToken? {
    try await query("\(Self.selectTokens) WHERE token.digest = $1", [digest])
      .first.map(StoredToken.init(row:))
  }

  public func tokens() async throws -> [StoredToken] {
    // By bytes, as SQLite orders: the database's own order depends on its locale.
    try await query("\(Self.selectTokens) ORDER BY name COLLATE \"C\"").map(StoredToken.init(row:))
  }

  public func grant(_ amount: Int64, toToken name: String) async throws -> Bool {
    try await !query(
      "SELECT grant_tokens(digest, $2) FROM token WHERE name = $1", [name, amount]
    ).isEmpty
  }

  public func revokeToken(_ name: String) async throws -> Bool {
    try await !query(
      """
      UPDATE token SET revoked_at = coalesce(revoked_at, store_time()) WHERE name = $1
      RETURNING digest
      """, [name]
    ).isEmpty
  }
}

extension StoredToken {
  fileprivate init(row: PostgresRow) throws {
    self.init(
      digest: try row.text("digest"), name: try row.text("name"),
      granted: try row.optionalValue("granted"), createdAt: try row.value("created_at"),
      expires: try row.optionalValue("expires_at"), callsPerMinute: try row.optionalValue("rate"),
      revokedAt: try row.optionalValue("revoked_at"))
  }
}
