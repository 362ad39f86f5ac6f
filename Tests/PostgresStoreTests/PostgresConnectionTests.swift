import ImagineTestSupport
import Testing

@testable import PostgresStore

@Suite("A connection to PostgreSQL")
struct PostgresConnectionTests {
  private let connection: PostgresConnection

  init() throws {
    let server = try PostgresServer.shared.get()
    connection = try PostgresConnection(
      PostgresAddress(server.url(of: "postgres")), until: .now + .seconds(5))
  }

  private func run(_ statements: String...) throws -> [PostgresRow] {
    try connection.transaction(statements.map { PostgresStatement($0) }, until: .now + .seconds(5))
  }

  @Test("executes statements as one transaction, which an error rolls back")
  func transactions() throws {
    #expect(throws: PostgresError.self) {
      try run("CREATE TEMP TABLE one (x int)", "INSERT INTO one VALUES (1)", "SELECT 1 / 0")
    }
    #expect(throws: PostgresError.self) { try run("SELECT * FROM one") }
    let rows = try run(
      "CREATE TEMP TABLE two (x int)", "INSERT INTO two VALUES (1), (NULL)",
      "SELECT x FROM two ORDER BY x")
    #expect(try rows.map { try $0.optional("x") } == ["1", nil])
    #expect(connection.isUsable)
  }

  @Test("carries parameters of every type there and back")
  func values() throws {
    let bytes = (0...255).map(UInt8.init)
    let row = try connection.transaction(
      [
        PostgresStatement(
          """
          SELECT $1::text AS text, $2::bigint AS number, $3::float8 AS real, $4::bool AS flag,
            encode($5::bytea, 'hex') AS bytes, $6::text AS missing, ($7::text[])[2] AS second
          """,
          [
            "ä \\ \" '", Int64.min, 0.1 + 0.2, true, bytes, nil as String?,
            PostgresArray(["a", "\"b\\,{}", nil]),
          ])
      ], until: .now + .seconds(5)
    ).first
    let found = try #require(row)
    #expect(try found.text("text") == "ä \\ \" '")
    #expect(try found.value("number") == Int64.min)
    #expect(try found.value("real") == 0.1 + 0.2)
    #expect(try found.bool("flag"))
    #expect(try found.bytes("bytes") == bytes)
    #expect(try found.optional("missing") == nil)
    #expect(try found.text("second") == "\"b\\,{}")
  }

  @Test("is lost when the deadline passes, and not before")
  func deadline() throws {
    let start = ContinuousClock.now
    #expect(throws: ConnectionLost.self) {
      try connection.transaction(
        [PostgresStatement("SELECT pg_sleep(60)")], until: start + .milliseconds(300))
    }
    let time = ContinuousClock.now - start
    #expect(time >= .milliseconds(300) && time < .seconds(10))
  }

  @Test("has bounds of time in every transaction, whether its session has them or not")
  func bounds() throws {
    let inSession = TransactionSettings(isSynced: false, time: 5).statement(inBoundedSession: true)
    let perTransaction = TransactionSettings().statement(inBoundedSession: false)
    #expect(TransactionSettings().statement(inBoundedSession: true) == nil)
    for settings in [inSession, perTransaction] {
      let rows = try connection.transaction(
        [
          try #require(settings),
          PostgresStatement(
            """
            SELECT current_setting('statement_timeout') || current_setting('lock_timeout')
              || current_setting('idle_in_transaction_session_timeout') AS bounds
            """),
        ], until: .now + .seconds(5))
      #expect(try rows.first?.text("bounds") == "4s2s10s")
    }
    #expect(try run("SELECT current_setting('synchronous_commit') AS x").first?.text("x") == "on")
  }

  @Test("is lost when the server terminates it")
  func termination() throws {
    #expect(throws: ConnectionLost.self) {
      try run("SELECT pg_terminate_backend(pg_backend_pid())")
    }
    #expect(!connection.isUsable)
  }
}
