import CPostgres

/// An error that PostgreSQL reports for a statement. It has no values of rows or parameters.
public struct PostgresError: Error, Sendable, CustomStringConvertible {
  /// PostgreSQL's five characters, such as `23505` for a violated unique constraint.
  public let code: String
  /// PostgreSQL's primary message.
  public let message: String

  public var description: String { "\(message) (\(code))" }

  /// - Parameter result: of a statement that failed.
  init(result: OpaquePointer) {
    func field(_ name: Character) -> String? {
      PQresultErrorField(result, Int32(name.asciiValue ?? 0)).map { String(cString: $0) }
    }
    code = field("C") ?? ""
    message = field("M") ?? "the connection was lost"
  }

  /// Whether the transaction was rolled back because of another one, and may be executed again.
  var isConflict: Bool { code == "40001" || code == "40P01" }

  /// Whether the statement itself is wrong: a repetition would fail too.
  ///
  /// Classes of codes: feature not supported, cardinality, data, integrity, transaction state other
  /// than timeouts, syntax or access, PL/pgSQL.
  var isOfStatement: Bool {
    ["0A", "21", "22", "23", "42", "P0"].contains(code.prefix(2))
  }
}

/// The connection was lost, or a deadline has passed: whether the transaction was committed is
/// unknown.
struct ConnectionLost: Error {
  let reason: String

  /// Whether it may be otherwise soon. libpq gives no code for a refused connection, only words.
  var mayPass: Bool {
    let lasting = [
      "authentication failed", "does not exist", "pg_hba.conf", "certificate", "invalid",
      "no password supplied", "could not translate host name",
    ]
    return !lasting.contains { reason.contains($0) }
  }
}
