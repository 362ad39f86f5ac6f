import Foundation
import GRDB

extension SQLiteServiceStore {
  public func begin(
    _ key: IdempotencyKey, _ call: IdempotentCall, by attempt: String, for seconds: Double,
    retention: Double
  ) async throws -> IdempotencyState {
    let (lease, time) = (Lease(seconds: seconds, on: clock), now())
    return try await writing { database in
      var arguments: StatementArguments = [
        "account": key.account, "route": key.route, "key": key.key,
      ]
      try database.execute(
        sql: "DELETE FROM idempotency WHERE \(Self.isKey) AND forget_at < :now",
        arguments: arguments + ["now": time])
      let row = try Row.fetchOne(
        database, sql: "SELECT * FROM idempotency WHERE \(Self.isKey)", arguments: arguments)
      arguments += ["attempt": attempt, "boot": lease.boot, "until": lease.until]
      guard let row else {
        try database.execute(
          sql: """
            INSERT INTO idempotency (account, route, key, fingerprint, id, seed, engine, attempt,
              boot, until, forget_at)
            VALUES (:account, :route, :key, :fingerprint, :id, :seed, :engine, :attempt, :boot,
              :until, :forget_at)
            """,
          arguments: arguments + [
            "fingerprint": call.fingerprint, "id": call.id, "seed": call.seed,
            "engine": call.engine, "forget_at": time + retention,
          ])
        return .begun(call)
      }
      let known = IdempotentCall(
        fingerprint: row["fingerprint"], id: row["id"], seed: row["seed"], engine: row["engine"])
      guard known.fingerprint == call.fingerprint else { return .otherRequest }
      if let answer: String = row["answer"] {
        return .answered(
          known, try JSONDecoder().decode(RecordedAnswer.self, from: Data(answer.utf8)))
      }
      let (holder, wasSent): (String, Bool) = (row["attempt"], row["was_sent"])
      guard holder == attempt || lease.follows(boot: row["boot"], until: row["until"])
      else { return .running }
      var recipient: String?
      if wasSent {
        guard let sentTo: String = row["sent_to"], let until: Double = row["sent_until"],
          until >= time
        else { return .uncertain }
        recipient = sentTo
      }
      try database.execute(
        sql: """
          UPDATE idempotency SET attempt = :attempt, boot = :boot, until = :until
          WHERE \(Self.isKey)
          """, arguments: arguments)
      return recipient.map { .sent(known, to: $0) } ?? .begun(known)
    }
  }

  private static let isKey = "account = :account AND route = :route AND key = :key"

  /// The condition that an attempt does the call.
  private static let isMine = "\(isKey) AND attempt = :attempt AND answer IS NULL"

  public func renew(
    _ key: IdempotencyKey, by attempt: String, for seconds: Double
  ) async throws -> Bool {
    let lease = Lease(seconds: seconds, on: clock)
    return try await writingUnsynced { database in
      try database.execute(
        sql: "UPDATE idempotency SET boot = :boot, until = :until WHERE \(Self.isMine)",
        arguments: Self.arguments(key, attempt) + ["boot": lease.boot, "until": lease.until])
      return database.changesCount == 1
    }
  }

  public func recordSend(
    _ key: IdempotencyKey, by attempt: String, promise: KeyPromise?
  ) async throws -> Bool {
    let until = promise.map { now() + $0.seconds }
    return try await writing { database in
      try database.execute(
        sql: """
          UPDATE idempotency SET was_sent = 1,
            sent_to = CASE WHEN NOT was_sent OR sent_to = :recipient THEN :recipient END,
            sent_until = CASE WHEN was_sent THEN min(sent_until, :promised) ELSE :promised END
          WHERE \(Self.isMine)
          """,
        arguments: Self.arguments(key, attempt)
          + ["recipient": promise?.recipient, "promised": until])
      return database.changesCount == 1
    }
  }

  public func record(
    _ answer: RecordedAnswer, of key: IdempotencyKey, by attempt: String
  ) async throws -> Bool {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let text = String(decoding: try encoder.encode(answer), as: UTF8.self)
    return try await writing { database in
      try database.execute(
        sql: """
          UPDATE idempotency SET answer = :answer
          WHERE \(Self.isKey) AND attempt = :attempt AND (answer IS NULL OR answer = :answer)
          """, arguments: Self.arguments(key, attempt) + ["answer": text])
      return database.changesCount == 1
    }
  }

  public func free(_ key: IdempotencyKey, by attempt: String) async throws {
    try await writing { database in
      try database.execute(
        sql: "DELETE FROM idempotency WHERE \(Self.isMine)",
        arguments: Self.arguments(key, attempt))
    }
  }

  private static func arguments(
    _ key: IdempotencyKey, _ attempt: String
  ) -> StatementArguments {
    ["account": key.account, "route": key.route, "key": key.key, "attempt": attempt]
  }
}

extension Lease {
  /// Whether a lease that was given earlier is over.
  fileprivate func follows(boot: String, until: Double) -> Bool {
    boot != self.boot || until < start || until > latest
  }
}

extension Database {
  func forgetIdempotency(at time: Double, limit: Int) throws -> Int {
    try execute(
      sql: """
        DELETE FROM idempotency WHERE (account, route, key) IN (
          SELECT account, route, key FROM idempotency WHERE forget_at < ? LIMIT ?)
        """, arguments: [time, limit])
    return changesCount
  }
}
