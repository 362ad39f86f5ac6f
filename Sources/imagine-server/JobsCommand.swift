public import ArgumentParser
import Foundation
public import ImagineAPI
import ServerStore

/// The jobs in the store. Servers may work on them meanwhile.
struct JobsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "jobs", abstract: "Lists video jobs, queues them again, and cancels them.",
    subcommands: [List.self, Requeue.self, Cancel.self])

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists jobs, the oldest first.")

    @OptionGroup var options: StoreOptions

    @Option(
      help: ArgumentHelp(
        "Only jobs in this state: queued, processing, finished or failed; can be repeated."))
    var state: [JobState] = []

    @Option(parsing: .unconditional, help: "The number of newest jobs to list.")
    var limit = 100

    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard limit > 0 else { throw ValidationError("--limit must be 1 or more, not \(limit)") }
    }

    func run() async throws {
      let states = state.isEmpty ? Set(JobState.allCases) : Set(state)
      let jobs = try await options.store().jobs(of: nil, in: states, limit: limit)
      Listing(jobs.map(Self.row)).print(asJSON: json)
    }

    private static func row(_ job: StoredJob) -> Listing.Row {
      [
        ("id", Listing.text(job.id)), ("state", Listing.text(job.state.rawValue)),
        ("progress", .number((job.progress * 100).rounded() / 100)),
        ("attempts", Listing.number(Int64(job.attempts))), ("price", Listing.number(job.price)),
        ("created", Listing.time(job.createdAt)),
        ("owner", Listing.text(String(job.owner.prefix(8)))),
        ("operation", Listing.text(job.work.operation)),
        ("upstream", Listing.text(job.upstream)), ("failure", Listing.text(job.failure)),
      ]
    }
  }

  struct Requeue: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Queues a job again that failed or is being done. What failed was refunded: it "
        + "costs nothing then.")

    @OptionGroup var options: StoreOptions
    @Argument(help: "The job's id.") var id: String

    func run() async throws {
      guard try await options.store().requeue(id: id) else {
        throw CommandFailure("there is no unfinished or failed job '\(id)'")
      }
    }
  }

  struct Cancel: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Ends a job that is queued or being done, and refunds it.")

    @OptionGroup var options: StoreOptions
    @Argument(help: "The job's id.") var id: String

    func run() async throws {
      let reason = "cancelled by whoever runs the service"
      guard try await options.store().cancel(id: id, reason: reason) else {
        throw CommandFailure("there is no unfinished job '\(id)'")
      }
    }
  }
}

extension JobState: ExpressibleByArgument {}
