import ArgumentParser
import Foundation
import ImagineAPI
import ImagineServer
import ImagineSystem
import PostgresStore
import ServerStore

/// `imagine-server move`: moves the data of an installation to another database.
struct MoveCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "move", abstract: "Moves jobs, balances, tokens and keys to PostgreSQL.",
    discussion: """
      Stop the servers first. One that still runs cannot write from then on: what it accepted is \
      moved, and a call that comes later fails. If the move fails, the data folder is in service \
      again; if it was interrupted, the same command goes on. Afterwards no server opens the old \
      database. Jobs in work are queued again.

      The media stay where they are: start the servers with the same folder or bucket.
      """)

  @Option(help: ArgumentHelp("Only sqlite: the database in the data folder."))
  var from = Source.sqlite

  @Option(
    help: ArgumentHelp(
      "The PostgreSQL database, which must be empty; see serve --database.", valueName: "url"))
  var to: String?

  @Flag(
    help: ArgumentHelp(
      """
      Put the data folder back into service after a move whose database was lost for good. Do not use \
      it if servers run on that database.
      """))
  var undo = false

  @Option(
    help: ArgumentHelp(
      "The folder of jobs, videos and balances (default: IMAGINE_HOME, else the XDG data folder).",
      valueName: "folder"))
  var home: String?

  enum Source: String, CaseIterable, ExpressibleByArgument { case sqlite }

  func validate() throws {
    guard (to == nil) == undo else { throw ValidationError("give --to URL, or --undo") }
    if let to { try DatabaseOption.check(to, from: "--to") }
  }

  func run() async throws {
    umask(0o077)
    let path = try DataDirectory(home ?? DataFolder.path(environment: environment)).database
    let store = try FrozenStore(path: path)
    guard let to else { return try store.thaw() }
    let counts: [String: Int]?
    do {
      counts = try await PostgresServiceStore.move(store, to: to)
    } catch let failure as MoveFailure {
      throw CommandFailure("\(failure)\n\(try await outcome(of: failure, store, path, at: to))")
    }
    try store.retire()
    for (table, count) in (counts ?? [:]).sorted(by: { $0.key < $1.key }) {
      print("\(table)\t\(count)")
    }
  }

  /// Puts the store back into service, unless the data may have been moved.
  private func outcome(
    of failure: MoveFailure, _ store: FrozenStore, _ path: String, at url: String
  ) async throws -> String {
    var mayBeMoved = failure.mayBeMoved || store.wasFrozen
    if mayBeMoved, let isMoved = try? await PostgresServiceStore.hasMove(store.id, at: url) {
      mayBeMoved = isMoved
    }
    guard mayBeMoved else {
      try store.thaw()
      return "Nothing was moved; \(path) is in service as before."
    }
    return """
      It is unknown whether the data was moved, so \(path) is out of service: run the command again, or \
      with --undo if the database is lost.
      """
  }
}
