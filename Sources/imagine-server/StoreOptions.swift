import ArgumentParser
import Foundation
import ImagineAPI
import ImagineServer
import ImagineSystem
import PostgresStore
import ServerStore

/// The store of a command that works beside the servers on it.
struct StoreOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of jobs, videos and balances (default: IMAGINE_HOME, else the XDG data folder).",
      valueName: "folder"))
  var home: String?

  @Option(
    help: ArgumentHelp(
      "The settings file of the servers, which names the folder or the database.",
      valueName: "server.toml"))
  var settings: String?

  @OptionGroup var database: DatabaseOption

  /// Opens the store; servers may use it at the same time.
  func store() async throws -> any ServiceStore {
    umask(0o077)
    let settings = try settings.map { try ServerSettings(file: $0) } ?? ServerSettings()
    return try await database.store(
      settings,
      in: DataDirectory(home ?? settings.home ?? DataFolder.path(environment: environment)))
  }
}

/// Which database a command uses, if it is not the one in the data folder.
struct DatabaseOption: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      A PostgreSQL database for servers on several machines, such as \
      postgres://imagine@db.example/imagine?sslmode=verify-full, as libpq takes it. A password is \
      better kept in IMAGINE_DATABASE, in the file of the setting 'database_file', or in \
      PGPASSFILE, where no list of processes shows it (default: a file in the data folder).
      """, valueName: "url"))
  var database: String?

  func validate() throws {
    if let database { try Self.check(database, from: "--database") }
  }

  /// The address by the option, the settings file or the environment; nil for the data folder's own.
  func address(_ settings: ServerSettings) throws -> String? {
    if let database { return database }
    let variable = "IMAGINE_DATABASE"
    let text = settings.database ?? environment[variable].flatMap { $0.isEmpty ? nil : $0 }
    if let text {
      try Self.check(text, from: settings.database == nil ? variable : "the settings' database")
    }
    return text
  }

  /// - Parameter patience: seconds to wait for a database that does not answer yet.
  func store(
    _ settings: ServerSettings, in directory: DataDirectory, patience: Double = 0
  ) async throws -> any ServiceStore {
    guard let address = try address(settings) else {
      return try SQLiteServiceStore(path: directory.database)
    }
    return try await PostgresServiceStore(url: address, patience: patience)
  }

  /// Whether the database answers; nil if the store is in the data folder.
  func finding(_ settings: ServerSettings) async -> ServerCheck.Finding? {
    do {
      guard let address = try address(settings) else { return nil }
      let version = try await PostgresServiceStore.schemaVersion(at: address)
      return ServerCheck.Finding(
        subject: "database", isProblem: false,
        detail: version.map { "it answers, and has schema \($0)" }
          ?? "it answers, and is empty: the first server makes its tables")
    } catch {
      return ServerCheck.Finding(subject: "database", isProblem: true, detail: "\(error)")
    }
  }

  /// No message has the address: it may have a password.
  static func check(_ address: String, from source: String) throws {
    guard address.hasPrefix("postgres://") || address.hasPrefix("postgresql://") else {
      throw ValidationError("\(source) must begin with postgres:// or postgresql://")
    }
  }
}

var environment: [String: String] { ProcessInfo.processInfo.environment }

/// Says on standard error what is wrong, and ends with status 1.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
