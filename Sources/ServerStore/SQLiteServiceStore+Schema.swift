import GRDB

extension SQLiteServiceStore {
  /// The versions of the database. A released one is never changed.
  static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("jobs") { database in
      try database.execute(
        sql: """
          CREATE TABLE job (
            number INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            owner TEXT NOT NULL,
            work TEXT NOT NULL,
            price INTEGER NOT NULL,
            state TEXT NOT NULL,
            created_at REAL NOT NULL,
            progress REAL NOT NULL DEFAULT 0,
            attempts INTEGER NOT NULL DEFAULT 0,
            failure TEXT,
            film TEXT,
            worker TEXT,
            lease_until REAL
          );
          CREATE INDEX job_unfinished ON job(number) WHERE state IN ('queued', 'processing');
          CREATE TABLE account (
            id TEXT PRIMARY KEY,
            granted INTEGER NOT NULL,
            balance INTEGER NOT NULL CHECK (balance >= 0)
          ) WITHOUT ROWID;
          CREATE TABLE charge (
            number INTEGER PRIMARY KEY,
            account TEXT NOT NULL,
            amount INTEGER NOT NULL,
            purpose TEXT NOT NULL,
            charged_at REAL NOT NULL
          );
          """)
    }
    migrator.registerMigration("job-endings") { database in
      try database.execute(
        sql: """
          ALTER TABLE job ADD COLUMN faults INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE job ADD COLUMN deaths INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE job ADD COLUMN lacks INTEGER NOT NULL DEFAULT 0;
          ALTER TABLE job ADD COLUMN lease_boot TEXT;
          ALTER TABLE job ADD COLUMN ended_at REAL;
          CREATE INDEX job_ended ON job(ended_at) WHERE state IN ('finished', 'failed');
          UPDATE job SET ended_at = created_at WHERE state IN ('finished', 'failed');
          CREATE INDEX charge_purpose ON charge(purpose);
          """)
    }
    migrator.registerMigration("turns", migrate: addTurns)
    migrator.registerMigration("holds", migrate: addHolds)
    migrator.registerMigration("tokens", migrate: addTokens)
    migrator.registerMigration("idempotency", migrate: addIdempotency)
    migrator.registerMigration("media", migrate: addMedia)
    migrator.registerMigration("recipients", migrate: addRecipients)
    return migrator
  }

  /// Fair turns, tickets of upstreams, and leases in a table of their own: it is narrow, because a
  /// renewal writes it every few seconds.
  private static func addTurns(_ database: Database) throws {
    try database.execute(
      sql: """
        DROP INDEX job_unfinished;
        ALTER TABLE job RENAME COLUMN worker TO lease;
        ALTER TABLE job ADD COLUMN turn INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE job ADD COLUMN upstream TEXT;
        ALTER TABLE job ADD COLUMN ticket TEXT;
        UPDATE job SET turn = 8 * (deaths + lacks) + (
          SELECT count(*) FROM job AS older
          WHERE older.owner = job.owner AND older.number <= job.number
            AND older.state IN ('queued', 'processing'))
        WHERE state IN ('queued', 'processing');
        CREATE INDEX job_queued ON job(turn, number) WHERE state = 'queued';
        CREATE INDEX job_owner ON job(owner, number);
        CREATE INDEX job_of_owner ON job(owner, turn) WHERE state IN ('queued', 'processing');
        CREATE TABLE lease (
          id TEXT PRIMARY KEY,
          job INTEGER NOT NULL UNIQUE,
          boot TEXT,
          until REAL,
          progress REAL NOT NULL
        ) WITHOUT ROWID;
        -- Servers of the old version cannot renew: their leases run out.
        INSERT INTO lease (id, job, boot, until, progress)
        SELECT coalesce(lease, '') || ' ' || number, number, lease_boot, lease_until, progress
        FROM job WHERE state = 'processing';
        UPDATE job SET lease = coalesce(lease, '') || ' ' || number WHERE state = 'processing';
        ALTER TABLE job DROP COLUMN lease_boot;
        ALTER TABLE job DROP COLUMN lease_until;
        """)
  }

  /// Holds, and charges whose key makes them unique. The books must be right from the first day, so
  /// whatever an older version lost is one more charge.
  private static func addHolds(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE account RENAME TO old_account;
        CREATE TABLE account (
          id TEXT PRIMARY KEY,
          granted INTEGER NOT NULL,
          balance INTEGER NOT NULL,
          held INTEGER NOT NULL DEFAULT 0 CHECK (held >= 0)
        ) WITHOUT ROWID;
        INSERT INTO account (id, granted, balance) SELECT id, granted, balance FROM old_account;
        DROP TABLE old_account;
        ALTER TABLE charge RENAME TO old_charge;
        CREATE TABLE charge (
          key TEXT PRIMARY KEY,
          account TEXT NOT NULL,
          amount INTEGER NOT NULL,
          purpose TEXT NOT NULL,
          charged_at REAL NOT NULL
        ) WITHOUT ROWID;
        INSERT INTO charge (key, account, amount, purpose, charged_at)
        SELECT 'old ' || number, account, amount, purpose, charged_at FROM old_charge;
        DROP TABLE old_charge;
        CREATE INDEX charge_charged_at ON charge(charged_at) WHERE charged_at > 0;
        CREATE INDEX charge_of_account ON charge(account, charged_at);
        INSERT INTO charge (key, account, amount, purpose, charged_at)
        SELECT 'earlier ' || id, id, missing, 'earlier charges', 0
        FROM (
          SELECT id, granted - balance - (
            SELECT coalesce(sum(amount), 0) FROM charge WHERE charge.account = account.id
          ) AS missing FROM account)
        WHERE missing != 0;
        CREATE TABLE hold (
          key TEXT PRIMARY KEY,
          account TEXT NOT NULL,
          amount INTEGER NOT NULL CHECK (amount > 0),
          until REAL NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX hold_of_account ON hold(account, until);
        CREATE INDEX hold_until ON hold(until);
        """)
  }

  private static func addTokens(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE token (
          digest TEXT PRIMARY KEY,
          name TEXT NOT NULL UNIQUE,
          created_at REAL NOT NULL,
          expires_at REAL,
          rate INTEGER,
          revoked_at REAL
        ) WITHOUT ROWID;
        """)
  }

  private static func addIdempotency(_ database: Database) throws {
    try database.execute(
      sql: """
        CREATE TABLE idempotency (
          account TEXT NOT NULL,
          route TEXT NOT NULL,
          key TEXT NOT NULL,
          fingerprint TEXT NOT NULL,
          id TEXT NOT NULL,
          seed INTEGER NOT NULL,
          engine TEXT NOT NULL,
          attempt TEXT NOT NULL,
          boot TEXT NOT NULL,
          until REAL NOT NULL,
          was_sent INTEGER NOT NULL DEFAULT 0,
          answer TEXT,
          forget_at REAL NOT NULL,
          PRIMARY KEY (account, route, key)
        ) WITHOUT ROWID;
        CREATE INDEX idempotency_forget_at ON idempotency(forget_at);
        """)
  }

  /// Whom a call was sent to, and until when that one does it once; null if it did not promise so.
  private static func addRecipients(_ database: Database) throws {
    try database.execute(
      sql: """
        ALTER TABLE idempotency ADD COLUMN sent_to TEXT;
        ALTER TABLE idempotency ADD COLUMN sent_until REAL;
        """)
  }

  /// Queues of both kinds, keys of addresses, media to remove, leaders, the store's id.
  private static func addMedia(_ database: Database) throws {
    try database.execute(
      sql: """
        DROP INDEX job_queued;
        CREATE INDEX job_queued ON job(turn, number)
          WHERE state = 'queued' AND upstream IS NULL;
        CREATE INDEX job_queued_at_upstream ON job(turn, number)
          WHERE state = 'queued' AND upstream IS NOT NULL;
        CREATE INDEX job_queued_at ON job(created_at) WHERE state = 'queued';
        CREATE TABLE link_key (
          id TEXT PRIMARY KEY,
          bytes BLOB NOT NULL,
          created_at REAL NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE removal (
          prefix TEXT PRIMARY KEY,
          due REAL NOT NULL
        ) WITHOUT ROWID;
        CREATE INDEX removal_due ON removal(due);
        CREATE TABLE leader (
          task TEXT PRIMARY KEY,
          server TEXT NOT NULL,
          boot TEXT NOT NULL,
          until REAL NOT NULL
        ) WITHOUT ROWID;
        CREATE TABLE identity (
          number INTEGER PRIMARY KEY CHECK (number = 1),
          id TEXT NOT NULL
        );
        """)
  }
}
