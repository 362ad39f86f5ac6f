public import ServerStore

// Link keys, removals, identity, leadership.
extension PostgresServiceStore {
  public func linkKeys() async throws -> [LinkKey] {
    try await query(
      """
      SELECT id, encode(bytes, 'hex') AS digits, created_at FROM link_key
      ORDER BY created_at DESC, id COLLATE "C"
      """
    ).map { row in
      LinkKey(
        id: try row.text("id"), bytes: try row.bytes("digits"),
        createdAt: try row.value("created_at"))
    }
  }

  public func addLinkKey(id: String, bytes: [UInt8], onlyIfNone isFirst: Bool) async throws {
    try await query("SELECT add_link_key($1, $2, $3)", [id, bytes, isFirst])
  }

  public func removeLinkKey(id: String) async throws {
    try await query("DELETE FROM link_key WHERE id = $1", [id])
  }

  public func scheduleRemoval(of prefix: String, after seconds: Double) async throws {
    try await query("SELECT schedule_removal($1, $2)", [prefix, seconds])
  }

  public func dueRemovals(limit: Int) async throws -> [String] {
    try await query(
      """
      SELECT prefix FROM removal WHERE due <= (SELECT store_time())
      ORDER BY due, prefix COLLATE \"C\" LIMIT $1::bigint
      """, [limit]
    ).map { try $0.text("prefix") }
  }

  public func recordRemoval(of prefixes: [String]) async throws {
    // In the same order everywhere, so that two servers do not wait for each other in a circle.
    try await query(
      """
      DELETE FROM removal USING (
        SELECT prefix FROM removal
        WHERE prefix = ANY ($1::text[]) AND due <= (SELECT store_time())
        ORDER BY prefix FOR UPDATE
      ) AS removed WHERE removal.prefix = removed.prefix
      """, [PostgresArray(prefixes)])
  }

  public func identity(ifNone id: String) async throws -> String {
    let rows = try await query(
      """
      INSERT INTO identity (number, id) VALUES (1, $1)
      ON CONFLICT (number) DO UPDATE SET id = identity.id RETURNING id
      """, [id])
    return try rows.first?.text("id") ?? id
  }

  public func lead(_ task: String, by server: String, for seconds: Double) async throws -> Bool {
    try await answer("lead_task($1, $2, $3)", [task, server, seconds], isSynced: false)
  }
}
