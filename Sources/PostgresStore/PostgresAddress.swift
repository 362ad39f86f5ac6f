import CPostgres
import ServerStore

/// The URL of a database, as libpq takes it, such as
/// `postgresql://imagine:secret@db.example:5432/imagine?sslmode=verify-full`.
///
/// Only libpq reads the URL. No message and no log has the password.
struct PostgresAddress: Sendable, CustomStringConvertible {
  let url: String
  /// User, host, port and database.
  let description: String
  /// What the URL itself has as options of the session.
  let options: String
  private let secrets: [String]

  /// - Throws: ``StoreUnreachable`` if libpq cannot read the URL.
  init(_ url: String) throws {
    var message: UnsafeMutablePointer<CChar>?
    guard let options = PQconninfoParse(url, &message) else {
      // libpq's own message may quote the password.
      PQfreemem(message)
      throw StoreUnreachable("the address of the database is not a PostgreSQL URL")
    }
    defer { PQconninfoFree(options) }
    var values: [String: String] = [:]
    var option = options
    while let keyword = option.pointee.keyword {
      if let value = option.pointee.val {
        values[String(cString: keyword)] = String(cString: value)
      }
      option += 1
    }
    self.url = url
    self.options = values["options"] ?? ""
    secrets = ["password", "sslpassword"].compactMap { values[$0] }.filter { !$0.isEmpty }
    let user = values["user"].map { "\($0)@" } ?? ""
    let port = values["port"].map { ":\($0)" } ?? ""
    let name = values["host"] ?? ""
    let host = name.contains(":") ? "[\(name)]" : name
    description = "postgresql://\(user)\(host)\(port)/\(values["dbname"] ?? "")"
  }

  /// A text of libpq, without passwords.
  func redacted(_ text: String) -> String {
    secrets.reduce(text) { $0.replacing($1, with: "…") }
  }
}
