import Foundation
import ImagineAPI

/// A statement with its parameters, which PostgreSQL reads as text.
struct PostgresStatement: Sendable {
  let sql: String
  let parameters: [String?]

  init(_ sql: String, _ parameters: [any PostgresValue] = []) {
    self.sql = sql
    self.parameters = parameters.map(\.postgresText)
  }
}

/// A value as text that PostgreSQL reads; nil for null.
protocol PostgresValue: Sendable {
  var postgresText: String? { get }
}

extension String: PostgresValue {
  /// PostgreSQL has no text with a zero byte.
  var postgresText: String? { utf8.contains(0) ? replacing("\0", with: "\u{FFFD}") : self }
}

extension Int: PostgresValue {
  var postgresText: String? { description }
}

extension Int64: PostgresValue {
  var postgresText: String? { description }
}

extension Double: PostgresValue {
  var postgresText: String? { description }
}

extension Bool: PostgresValue {
  var postgresText: String? { self ? "t" : "f" }
}

extension Optional: PostgresValue where Wrapped: PostgresValue {
  var postgresText: String? { self?.postgresText }
}

extension [UInt8]: PostgresValue {
  /// The hexadecimal format of `bytea`.
  var postgresText: String? { "\\x\(hexadecimal)" }
}

/// A list as PostgreSQL's array.
struct PostgresArray: PostgresValue {
  let postgresText: String?

  init<Element: PostgresValue>(_ elements: some Sequence<Element>) {
    var bytes = [UInt8(ascii: "{")]
    for element in elements {
      if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
      guard let text = element.postgresText else {
        bytes += "NULL".utf8
        continue
      }
      bytes.append(UInt8(ascii: "\""))
      for byte in text.utf8 {
        if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
          bytes.append(UInt8(ascii: "\\"))
        }
        bytes.append(byte)
      }
      bytes.append(UInt8(ascii: "\""))
    }
    bytes.append(UInt8(ascii: "}"))
    postgresText = String(decoding: bytes, as: UTF8.self)
  }
}
