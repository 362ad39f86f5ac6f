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
  var to: String

  @Option(
    help: ArgumentHelp(
      "The folder of jobs, videos and balances (default: IMAGINE_HOME, else the XDG data folder).",
      valueName: "folder"))
  var home: String?

  enum Source: String, CaseIterable, ExpressibleByArgument { case sqlite }

  func validate() throws { try DatabaseOption.check(to, from: "--to") }

  func run() async throws {
    umask(0o077)
    let path = try DataDirectory(home ?? DataFolder.path(environment: environment)).database
    let store = try FrozenStore(path: path)
    let counts: [String: Int]?
    do {
      counts = try await PostgresServiceStore.move(store, to: to)
    } catch {
      // If the answer of the commit was lost, the data may be there: then it must stay frozen.
      let isMoved = try? await PostgresServiceStore.hasMove(store.id, at: to)
      if isMoved == false { try store.thaw() }
      throw CommandFailure(
        "\(error)\n"
          + (isMoved == false
            ? "Nothing was moved; \(path) is in service as before."
            : "It is unknown whether the data was moved: run the command again."))
    }
    try store.retire()
    for (table, count) in (counts ?? [:]).sorted(by: { $0.key < $1.key }) {
      print("\(table)\t\(count)")
    }
  }
}
