import ArgumentParser
import ImagineServer

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// `imagine-server check`: reads a settings file and asks its upstreams.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Checks a settings file, and whether its upstreams and its bucket answer.",
    discussion: """
      Reads the file and all files that it names, and asks each upstream what costs nothing: which \
      models it has, else about a job that does not exist. In the bucket of [objects] it stores a \
      small object, reads and removes it. Exits with 1 if anything is wrong.
      """)

  @Argument(help: ArgumentHelp("The TOML file of settings.", valueName: "server.toml"))
  var file: String

  func run() async throws {
    let findings = await ServerCheck(
      file: file, environment: ProcessInfo.processInfo.environment
    ).findings()
    for finding in findings { print(finding) }
    if findings.contains(where: \.isProblem) { throw ExitCode(1) }
  }
}
