import Foundation
import GRDB
import ImagineSystem
import ImagineTestSupport
import ServerStore
import Testing

@Suite("A database of an older version")
struct MigrationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open() throws -> SQLiteServiceStore {
    try SQLiteServiceStore(path: "\(folder.path)/server.sqlite")
  }

  private func change(_ sql: String) async throws {
    let database = try DatabaseQueue(path: "\(folder.path)/server.sqlite")
    try await database.write { try $0.execute(sql: sql) }
    try database.close()
  }

  @Test("of the first version is migrated, and its running jobs are leased again")
  func older() async throws {
    try await change(
      """
      CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
      INSERT INTO grdb_migrations VALUES ('jobs');
      CREATE TABLE job (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
        work TEXT NOT NULL, price INTEGER NOT NULL, state TEXT NOT NULL, created_at REAL NOT NULL,
        progress REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, failure TEXT,
        film TEXT, worker TEXT, lease_until REAL);
      CREATE INDEX job_unfinished ON job(number) WHERE state IN ('queued', 'processing');
      CREATE TABLE account (
        id TEXT PRIMARY KEY, granted INTEGER NOT NULL,
        balance INTEGER NOT NULL CHECK (balance >= 0)) WITHOUT ROWID;
      CREATE TABLE charge (
        number INTEGER PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL,
        purpose TEXT NOT NULL, charged_at REAL NOT NULL);
      INSERT INTO job (id, owner, work, price, state, created_at, attempts, worker, lease_until)
      VALUES ('one', 'alice',
        '{"operation":"video","prompt":"waves","style":"fast-svd","seed":7}', 0, 'processing',
        1000000, 5, 'A', 2000000000);
      """)
    let taken = try await open().lease(by: "B", for: 10, maxCrashes: 5)
    #expect(taken?.id == "one")
    #expect(taken?.work.prompt == "waves")
  }

  @Test("with balances is migrated: they stay, its books are right, and its jobs are in fair order")
  func beforeHolds() async throws {
    try await change(
      """
      CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY);
      INSERT INTO grdb_migrations VALUES ('jobs'), ('job-endings');
      CREATE TABLE job (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, owner TEXT NOT NULL,
        work TEXT NOT NULL, price INTEGER NOT NULL, state TEXT NOT NULL, created_at REAL NOT NULL,
        progress REAL NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, failure TEXT,
        film TEXT, worker TEXT, lease_until REAL, faults INTEGER NOT NULL DEFAULT 0,
        deaths INTEGER NOT NULL DEFAULT 0, lacks INTEGER NOT NULL DEFAULT 0, lease_boot TEXT,
        ended_at REAL);
      CREATE INDEX job_unfinished ON job(number) WHERE state IN ('queued', 'processing');
      CREATE INDEX job_ended ON job(ended_at) WHERE state IN ('finished', 'failed');
      CREATE TABLE account (
        id TEXT PRIMARY KEY, granted INTEGER NOT NULL,
        balance INTEGER NOT NULL CHECK (balance >= 0)) WITHOUT ROWID;
      CREATE TABLE charge (
        number INTEGER PRIMARY KEY, account TEXT NOT NULL, amount INTEGER NOT NULL,
        purpose TEXT NOT NULL, charged_at REAL NOT NULL);
      CREATE INDEX charge_purpose ON charge(purpose);
      INSERT INTO account VALUES ('alice', 100, 40), ('bob', 10, 0), ('carol', 5, 5);
      INSERT INTO charge (account, amount, purpose, charged_at) VALUES
        ('alice', 30, 'video one', 1), ('alice', 30, 'video two', 2), ('bob', 4, 'image x', 3);
      INSERT INTO job (id, owner, work, price, state, created_at, film, worker) VALUES
        ('done', 'alice', '{"operation":"video","prompt":"a","style":"s","seed":1}', 30,
          'finished', 1, 'A', 'A'),
        ('one', 'alice', '{"operation":"video","prompt":"a","style":"s","seed":1}', 30,
          'queued', 2, NULL, NULL),
        ('two', 'alice', '{"operation":"video","prompt":"a","style":"s","seed":1}', 0,
          'queued', 3, NULL, NULL),
        ('three', 'bob', '{"operation":"video","prompt":"a","style":"s","seed":1}', 0,
          'queued', 4, NULL, NULL);
      """)
    let store = try open()
    for (account, balance) in [("alice", 40), ("bob", 0), ("carol", 5)] {
      let statement = try #require(try await store.statement(of: account))
      #expect(statement.balance == Int64(balance) && statement.isBalanced, "\(statement)")
    }
    #expect(try await store.videoFolder(of: "done") == "A")
    #expect(try await store.finish(id: "done", by: "A", as: .finished(videoFolder: "A")))
    var order: [String] = []
    while let job = try await store.lease(by: "\(order.count)", for: 10, maxCrashes: 5) {
      order.append(job.id)
    }
    #expect(order == ["one", "three", "two"])
    _ = try await store.delete(id: "one", owner: "alice")
    #expect(try await store.balance(of: "alice") == 70)
    #expect(try await store.statement(of: "alice")?.isBalanced == true)
  }

  @Test("that knows no recipients is migrated: a call that was sent is uncertain")
  func beforeRecipients() async throws {
    let key = IdempotencyKey(account: "alice", route: "POST /x", key: "1")
    let call = IdempotentCall(fingerprint: "f", id: "one", seed: 1, engine: "e")
    do {
      let store = try open()
      _ = try await store.begin(key, call, by: "A", for: -1, retention: 1000)
      #expect(try await store.recordSend(key, by: "A", promise: nil))
    }
    try await change(
      """
      DELETE FROM grdb_migrations WHERE identifier = 'recipients';
      ALTER TABLE idempotency DROP COLUMN sent_to;
      ALTER TABLE idempotency DROP COLUMN sent_until;
      """)
    let store = try open()
    #expect(try await store.begin(key, call, by: "B", for: 10, retention: 1000) == .uncertain)
    #expect(try await store.recordSend(key, by: "A", promise: .init(recipient: "a", seconds: 60)))
    #expect(try await store.begin(key, call, by: "B", for: 10, retention: 1000) == .uncertain)
  }
}
