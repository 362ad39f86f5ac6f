import ArgumentParser
import ImagineServer

/// `imagine-server check`: reads a settings file and asks its upstreams.
struct CheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "check",
    abstract: "Checks a settings file, and whether its database, upstreams and bucket answer.",
    discussion: """
      Reads the file and all files that it names, and asks each upstream what costs nothing: which \
      models it has, else about a job that does not exist. In the bucket of [objects] it stores a \
      small object, reads and removes it. Of a PostgreSQL database it reads the version of the schema, \
      and changes nothing. Exits with 1 if anything is wrong.
      """)

  @Argument(help: ArgumentHelp("The TOML file of settings.", valueName: "server.toml"))
  var file: String

  @OptionGroup var database: DatabaseOption

  func run() async throws {
    var findings = await ServerCheck(file: file, environment: environment).findings()
    // The first finding says if it cannot be read.
    if let settings = try? ServerSettings(file: file) {
      findings += await database.finding(settings).map { [$0] } ?? []
    }
    for finding in findings { print(finding) }
    if findings.contains(where: \.isProblem) { throw ExitCode(1) }
  }
}
