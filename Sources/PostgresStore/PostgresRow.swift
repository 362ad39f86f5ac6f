import CPostgres
import ServerStore

/// A row of a result. A value that is missing or cannot be read is an error of this program's version.
struct PostgresRow: Sendable {
  private let columns: [String: Int]
  private let values: [String?]

  /// All rows of a result.
  static func all(of result: OpaquePointer) -> [PostgresRow] {
    let width = PQnfields(result)
    var columns: [String: Int] = [:]
    for column in 0..<width {
      columns[String(cString: PQfname(result, column))] = Int(column)
    }
    return (0..<PQntuples(result)).map { row in
      PostgresRow(
        columns: columns,
        values: (0..<width).map { column in
          PQgetisnull(result, row, column) == 1
            ? nil : String(cString: PQgetvalue(result, row, column))
        })
    }
  }

  /// The text of a column; nil for null.
  func optional(_ column: String) throws -> String? {
    guard let index = columns[column] else { throw unreadable(column) }
    return values[index]
  }

  func text(_ column: String) throws -> String {
    guard let value = try optional(column) else { throw unreadable(column) }
    return value
  }

  func value<Value: LosslessStringConvertible>(
    _ column: String, as type: Value.Type = Value.self
  ) throws -> Value {
    guard let value = Value(try text(column)) else { throw unreadable(column) }
    return value
  }

  func optionalValue<Value: LosslessStringConvertible>(
    _ column: String, as type: Value.Type = Value.self
  ) throws -> Value? {
    try optional(column) == nil ? nil : try value(column, as: type)
  }

  func bool(_ column: String) throws -> Bool { try text(column) == "t" }

  /// The bytes of what `encode(column, 'hex')` returned: how a `bytea` itself looks depends on a setting
  /// of the database.
  func bytes(_ column: String) throws -> [UInt8] {
    let digits = try text(column).utf8.map { digit in
      digit < 0x3A ? digit &- 0x30 : digit &- 0x57
    }
    guard digits.count.isMultiple(of: 2), digits.allSatisfy({ $0 < 16 }) else {
      throw unreadable(column)
    }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }

  private func unreadable(_ column: String) -> StoreUnreachable {
    StoreUnreachable("a result of the database has no readable '\(column)'")
  }
}
