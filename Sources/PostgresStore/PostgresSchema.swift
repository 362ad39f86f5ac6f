import ServerStore

/// The tables and functions of the database, with a version in the table `store_version`.
///
/// A minor version adds something that older servers can live with, so a server accepts a newer minor
/// version: it can be rolled back. A function whose meaning or parameters change gets a new name,
/// because servers of both versions run for a while. What older servers cannot live with is a new major
/// version.
enum PostgresSchema {
  struct Version: Comparable, CustomStringConvertible {
    let major: Int
    let minor: Int

    var description: String { "\(major).\(minor)" }

    static func < (left: Version, right: Version) -> Bool {
      (left.major, left.minor) < (right.major, right.minor)
    }
  }

  static let current = Version(major: 1, minor: 1)

  /// The scripts that lead to a version from the one before. A released one is never changed.
  static let migrations: [(version: Version, scripts: [String])] = [
    (
      Version(major: 1, minor: 0),
      [
        PackageResources.tables_sql, PackageResources.accounts_sql, PackageResources.jobs_sql,
        PackageResources.leases_sql, PackageResources.idempotency_sql, PackageResources.media_sql,
        PackageResources.turns_sql,
      ].map { String(decoding: $0, as: UTF8.self) }
    ),
    (
      Version(major: 1, minor: 1),
      [
        PackageResources.queue_sql, PackageResources.unbounded_turns_sql,
        PackageResources.recipients_sql,
      ].map { String(decoding: $0, as: UTF8.self) }
    ),
  ]

  /// Brings the database to the current version, unless it has it. Several servers may try at once.
  ///
  /// - Throws: ``StoreUnreachable`` if a newer version wrote the database or one of its ``settings`` is
  ///   another, else what the connection throws.
  static func migrate(
    _ connection: PostgresConnection, until deadline: PostgresConnection.Deadline
  ) throws {
    guard try !isCurrent(connection, deadline) else { return }
    // The lock ends with the transaction: nothing of the session is left to whoever comes after it.
    _ = try connection.script(
      """
      BEGIN;
      SET LOCAL client_min_messages = error;
      SET LOCAL statement_timeout = '60s';
      SET LOCAL lock_timeout = '60s';
      SELECT pg_advisory_xact_lock(hashtextextended('store_version', 0));
      """, until: deadline)
    if try !isCurrent(connection, deadline) {
      let version = try version(connection, deadline)
      for migration in migrations where version.map({ $0 < migration.version }) ?? true {
        for script in migration.scripts {
          _ = try connection.script(script, until: deadline)
        }
      }
      _ = try connection.script(
        """
        CREATE TABLE IF NOT EXISTS store_version (major int NOT NULL, minor int NOT NULL);
        DELETE FROM store_version;
        INSERT INTO store_version VALUES (\(current.major), \(current.minor));
        """, until: deadline)
    }
    _ = try connection.script("COMMIT", until: deadline)
  }

  private static func isCurrent(
    _ connection: PostgresConnection, _ deadline: PostgresConnection.Deadline
  ) throws -> Bool {
    try version(connection, deadline).map { $0 >= current } ?? false
  }

  /// Settings of a database or role on which the SQL depends, with the values that it needs. At
  /// `repeatable read`, what is counted after a lock is older than the lock; without `array_nulls`, a
  /// NULL in an array is a text.
  private static let settings = [
    ("default_transaction_isolation", "read committed"), ("array_nulls", "on"),
  ]

  /// Nil for an empty database.
  ///
  /// - Throws: as ``migrate(_:until:)``.
  static func version(
    _ connection: PostgresConnection, _ deadline: PostgresConnection.Deadline
  ) throws -> Version? {
    let values = settings.map { ", current_setting('\($0.0)') AS \($0.0)" }.joined()
    // Not `to_regclass`, which may not see yet what another server committed.
    let state = try connection.script(
      """
      SELECT EXISTS (SELECT FROM pg_tables WHERE tablename = 'store_version'
        AND schemaname = ANY (current_schemas(false))) AS known\(values)
      """, until: deadline
    ).first
    for (name, needed) in settings {
      let value = try state?.text(name) ?? ""
      guard value == needed else {
        throw StoreUnreachable(
          "the database has \(name) = '\(value)', which must be '\(needed)': reset it with ALTER "
            + "DATABASE or ALTER ROLE")
      }
    }
    guard try state?.bool("known") == true else { return nil }
    let rows = try connection.script("SELECT major, minor FROM store_version", until: deadline)
    guard let row = rows.first else { return nil }
    let version = Version(major: try row.value("major"), minor: try row.value("minor"))
    guard version.major <= current.major else {
      throw StoreUnreachable(
        "the database was written by a newer version of the server (schema \(version); this one "
          + "knows \(current.major).x): run that version, or choose another database")
    }
    return version
  }
}
