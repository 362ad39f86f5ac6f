public import ServerStore

extension PostgresServiceStore: TurnStore {
  public var turns: (any TurnStore)? { self }

  public func enter(_ ticket: TurnTicket, limits: TurnLimits) async throws -> TurnState {
    let row = try await query(
      "SELECT * FROM enter_turn($1, $2, $3, $4, $5, $6, $7)",
      [
        ticket.id, ticket.pool, ticket.account, ticket.server, limits.capacity,
        limits.waitingPerAccount, limits.waiting,
      ], isSynced: false
    ).first
    guard let row else { throw StoreUnreachable("the database did not answer") }
    if try row.bool("has_granted") { notices.notify(.grantedTurns) }
    switch try row.text("state") {
    case "granted": return .granted
    case "waiting": return .waiting
    default: return .refused
    }
  }

  public func leave(_ ticket: TurnTicket, limits: TurnLimits) async throws {
    let hasGranted = try await answer(
      "leave_turn($1, $2, $3)", [ticket.id, ticket.pool, limits.capacity], isSynced: false)
    if hasGranted { notices.notify(.grantedTurns) }
  }

  public func keepTurns(of server: String, for seconds: Double) async throws {
    try await query("SELECT keep_turns($1, $2)", [server, seconds], isSynced: false)
  }

  public func grantedTurns() -> AsyncStream<Void>? { notices.stream(of: .grantedTurns) }
}
