import Foundation
import ImagineTestSupport

/// PostgreSQL's own benchmark.
struct Pgbench {
  private let server: PostgresServer
  private let database: String

  init(_ server: PostgresServer) throws {
    self.server = server
    database = try server.makeDatabase()
    server.sql(
      "CREATE TABLE inserted (number bigserial PRIMARY KEY, text text NOT NULL)", in: database)
  }

  /// Transactions a second that insert a row each.
  func insertions(clients: Int, seconds: Double) throws -> Double {
    let folder = try TemporaryFolder()
    let script = folder.file("insert.sql")
    try FileSystem.write("INSERT INTO inserted (text) VALUES (repeat('x', 200));\n", to: script)
    let report = server.output(
      "pgbench",
      [
        "-n", "-f", script, "-c", "\(clients)", "-j", "2", "-T", "\(Int(seconds))", "-U", "test",
        "-h", server.folder, database,
      ])
    let line = report.split(separator: "\n").first { $0.hasPrefix("tps = ") }
    guard let rate = line?.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) }) else {
      throw PostgresServer.Failure("pgbench did not report its rate: \(report)")
    }
    return rate
  }
}
