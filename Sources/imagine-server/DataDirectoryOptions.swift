import ArgumentParser
import Foundation
import ImagineAPI
import ImagineServer
import ImagineSystem
import ServerStore

/// The data directory of a command that works beside the servers on it.
struct DataDirectoryOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The folder of jobs, videos and balances (default: IMAGINE_HOME, else the XDG data folder).",
      valueName: "folder"))
  var home: String?

  @Option(
    help: ArgumentHelp(
      "The TOML file of a server's settings, which may name the folder.", valueName: "file"))
  var settings: String?

  /// Opens the store; servers may use it at the same time.
  func store() throws -> any ServiceStore {
    umask(0o077)
    let path =
      try home ?? settings.flatMap { try ServerSettings(file: $0).home }
      ?? DataFolder.path(environment: ProcessInfo.processInfo.environment)
    return try SQLiteServiceStore(path: try DataDirectory(path).database)
  }
}

/// Says on standard error what is wrong, and ends with status 1.
struct CommandFailure: Error, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
