import Foundation
public import ServerStore

extension PostgresServiceStore {
  public func begin(
    _ key: IdempotencyKey, _ call: IdempotentCall, by attempt: String, for seconds: Double,
    retention: Double
  ) async throws -> IdempotencyState {
    let row = try await query(
      "SELECT * FROM begin_or_resume_call($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      [
        key.account, key.route, key.key, call.fingerprint, call.id, call.seed, call.engine, attempt,
        seconds, retention,
      ]
    ).first
    guard let row else { throw StoreUnreachable("the database did not answer") }
    let known = IdempotentCall(
      fingerprint: try row.text("fingerprint"), id: try row.text("id"), seed: try row.value("seed"),
      engine: try row.text("engine"))
    switch try row.text("state") {
    case "begun": return .begun(known)
    case "sent": return .sent(known, to: try row.text("sent_to"))
    case "running": return .running
    case "uncertain": return .uncertain
    case "otherRequest": return .otherRequest
    default:
      let answer = Data(try row.text("answer").utf8)
      return .answered(known, try JSONDecoder().decode(RecordedAnswer.self, from: answer))
    }
  }

  /// The condition that an attempt, the fourth parameter, does the call.
  private static let isMine = """
    account = $1 AND route = $2 AND key = $3 AND attempt = $4 AND answer IS NULL
    """

  public func renew(
    _ key: IdempotencyKey, by attempt: String, for seconds: Double
  ) async throws -> Bool {
    try await change(
      "UPDATE idempotency SET until = store_time() + $5 WHERE \(Self.isMine)", key, attempt,
      [seconds], isSynced: false)
  }

  public func recordSend(
    _ key: IdempotencyKey, by attempt: String, promise: KeyPromise?
  ) async throws -> Bool {
    try await change(
      """
      UPDATE idempotency SET was_sent = true,
        sent_to = CASE WHEN NOT was_sent OR sent_to = $5::text THEN $5::text END,
        sent_until = CASE WHEN was_sent THEN least(sent_until, store_time() + $6::float8)
          ELSE store_time() + $6::float8 END
      WHERE \(Self.isMine)
      """, key, attempt, [promise?.recipient, promise?.seconds])
  }

  public func record(
    _ answer: RecordedAnswer, of key: IdempotencyKey, by attempt: String
  ) async throws -> Bool {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(answer), as: UTF8.self)
    return try await change(
      """
      UPDATE idempotency SET answer = $5 WHERE account = $1 AND route = $2 AND key = $3
        AND attempt = $4 AND (answer IS NULL OR answer = $5)
      """, key, attempt, [text])
  }

  public func free(_ key: IdempotencyKey, by attempt: String) async throws {
    _ = try await change("DELETE FROM idempotency WHERE \(Self.isMine)", key, attempt)
  }

  /// - Returns: whether there was a row to change.
  private func change(
    _ sql: String, _ key: IdempotencyKey, _ attempt: String, _ more: [any PostgresValue] = [],
    isSynced: Bool = true
  ) async throws -> Bool {
    try await !query(
      "\(sql) RETURNING true AS is_changed", [key.account, key.route, key.key, attempt] + more,
      isSynced: isSynced
    ).isEmpty
  }
}
