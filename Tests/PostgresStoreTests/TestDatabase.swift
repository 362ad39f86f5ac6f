import ImagineTestSupport

@testable import PostgresStore

/// A database of its own for a suite, on the server that all tests share.
struct TestDatabase {
  private let server: PostgresServer
  let name: String

  init() throws {
    server = try PostgresServer.shared.get()
    name = try server.makeDatabase()
  }

  var url: String { server.url(of: name) }

  func open() async throws -> PostgresServiceStore {
    try await PostgresServiceStore(url: url, connections: 3)
  }

  func connect() throws -> PostgresConnection {
    try PostgresConnection(PostgresAddress(url), until: .now + .seconds(5))
  }

  /// What `psql` prints for a statement.
  @discardableResult func sql(_ statement: String) -> String {
    server.sql(statement, in: name)
  }
}
