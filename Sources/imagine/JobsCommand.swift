import ArgumentParser
import Foundation
import ImagineAPI
import ImagineScripting

/// `imagine jobs`: works with submitted jobs outside a script.
struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine jobs", abstract: "Lists, shows, waits for and deletes jobs.",
    subcommands: [List.self, Show.self, Wait.self, Delete.self], defaultSubcommand: List.self)

  struct HostOptions: ParsableArguments {
    @Option(help: "The job's provider; by default the one that issued the id.")
    var provider: String?

    @Flag(help: "Print JSON.")
    var json = false

    /// Runs `body` with a host, and closes it.
    func withHost(_ body: (ScriptHost) async throws -> Void) async throws {
      let host = Program.makeHost()
      defer { host.close() }
      try await body(host)
    }
  }

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the jobs that scripts on this home submitted, newest first.")
    @OptionGroup var options: HostOptions

    func run() async throws {
      try await options.withHost { host in
        let jobs = try host.submittedJobs()
        if options.json { return try JSONOutput.print(jobs) }
        var listing = Listing("JOB", "STATE", "PROVIDER", "SUBMITTED", "PROMPT")
        for job in jobs {
          listing.add(
            .text(job.id), .text(job.state), .text(job.provider), .time(job.submittedAt),
            .text(job.prompt))
        }
        try listing.print()
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Requests a job's status and prints it.")
    @OptionGroup var options: HostOptions
    @ArgumentParser.Argument(help: "The job's id.") var id: String

    func run() async throws {
      try await options.withHost { host in
        let status = try await host.status(ofJob: id, provider: options.provider)
        if options.json { return try JSONOutput.print(status) }
        let facts = [
          ("id", status.id), ("status", status.state.rawValue), ("progress", status.share),
          ("created", status.createdAt), ("failure", status.failure), ("url", status.videoAddress),
        ]
        try Listing.print(facts: facts.compactMap { name, fact in fact.map { (name, $0) } })
      }
    }
  }

  struct Wait: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Waits for a job's video and saves it.")
    @OptionGroup var options: HostOptions
    @ArgumentParser.Argument(help: "The job's id.") var id: String
    @Option(name: .shortAndLong, help: "Where to save the video; ID.mp4 by default.") var output:
      FilePath?
    @Option(help: "Timeout in seconds.") var timeout = StandardTimeout.wait

    func validate() throws {
      guard timeout > 0, timeout <= Field.maxSeconds else {
        throw ValidationError("--timeout must be a number of seconds above 0")
      }
    }

    func run() async throws {
      try await options.withHost { host in
        let path = output ?? FilePath("\(id).mp4")
        try await host.saveVideo(
          ofJob: id, to: path, timeout: timeout, provider: options.provider)
        if options.json {
          try JSONOutput.print(["id": id, "path": path.description])
        } else {
          try Output.line(path.description)
        }
      }
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Deletes a job and its video.")
    @OptionGroup var options: HostOptions
    @ArgumentParser.Argument(help: "The job's id.") var id: String

    func run() async throws {
      try await options.withHost { host in
        try await host.deleteJob(id, provider: options.provider)
        if options.json { try JSONOutput.print(["deleted": id]) }
      }
    }
  }
}
