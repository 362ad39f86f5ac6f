import ArgumentParser
import Foundation
import ImagineAPI
import ImagineRuns
import ImagineScripting
import Lua

/// `imagine runs`: lists and manages the runs in the journal.
struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine runs", abstract: "Lists, shows, resumes and deletes runs.",
    subcommands: [List.self, Show.self, Resume.self, Delete.self, Prune.self],
    defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the runs on this home, newest first.")
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let runs = try Program.makeHost().runs()
      if json { return try JSONOutput.print(runs) }
      for summary in runs {
        let date = Date(timeIntervalSince1970: summary.run.startedAt).formatted(.iso8601)
        try Listing.print(
          summary.run.id, summary.stateText, date, "\(summary.answered)/\(summary.calls)",
          summary.spentText, summary.run.script.text)
      }
    }
  }

  struct Show: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Prints each call of a run with its state, price, duration and file.")
    @ArgumentParser.Argument(help: "The run's id, or a prefix of it.") var id: String
    @Flag(help: "Print JSON.") var json = false

    struct Page: Encodable {
      var summary: RunSummary
      var calls: [JournaledCall]
    }

    func run() async throws {
      let host = Program.makeHost()
      let summary = try host.run(id: id)
      let calls = try host.calls(ofRun: summary.run.id)
      if json { return try JSONOutput.print(Page(summary: summary, calls: calls)) }
      let date = Date(timeIntervalSince1970: summary.run.startedAt).formatted(.iso8601)
      try Output.line(
        """
        run\t\(summary.run.id)
        script\t\(summary.run.script.text.inOneLine)
        state\t\(summary.stateText), attempt \(summary.run.attempt)
        started\t\(date)
        calls\t\(summary.calls), \(summary.answered) answered, \(summary.accepted) accepted, \
        \(summary.uncertain) uncertain
        spent\t\(summary.spentText)
        """)
      for call in calls {
        try Listing.print(
          call.isUncertain ? "\(call.state.rawValue), uncertain" : call.state.rawValue,
          call.provider, call.request.operation,
          call.cost.map(\.description) ?? "unknown price", call.durationText,
          host.files(of: call).first ?? call.job ?? call.error ?? "-",
          call.request.prompt ?? "")
      }
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Resumes a run: runs its script again, in its folder, with the stored answers.",
      discussion: """
        Calls that have an answer are not sent again. Calls that may have been paid for and have \
        no answer are errors of kind 'uncertain'; --on-uncertain retry sends them again. \
        Finished runs can be resumed too.
        """)
    @ArgumentParser.Argument(help: "The run's id, or a prefix of it.") var id: String
    @ArgumentParser.Argument(
      parsing: .captureForPassthrough, help: "Options of imagine, such as --on-uncertain retry.")
    var options: [String] = []

    func run() async throws {
      let run = try Program.makeHost().run(id: id).run
      guard let path = run.script.path else {
        throw ImagineError(
          .validation, "the run \(run.id) has no script file, so it cannot be resumed")
      }
      let folder = run.script.folder.fileNameBytes.map { CChar(bitPattern: $0) } + [0]
      guard chdir(folder) == 0 else {
        throw ImagineError(.io, "the run's folder \(run.script.folder) does not exist")
      }
      let line =
        ([CommandLine.arguments[0]] + options).map { LuaString($0) }
        + ([path] + run.script.arguments).map { LuaString($0.fileNameBytes) }
      Foundation.exit(ScriptCommand.run(arguments: line, resuming: run.id))
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deletes a run from the journal. Re-running the script will be billed again.")
    @ArgumentParser.Argument(help: "The run's id, or a prefix of it.") var id: String

    func run() async throws {
      try Program.makeHost().deleteRun(id: id)
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract:
        "Deletes finished runs beyond the limits runs.keep_days and runs.keep_gb of config.toml.")
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let pruned = try Program.makeHost().pruneRuns()
      if json { return try JSONOutput.print(pruned) }
      try Output.line("\(pruned.runs) runs, \(pruned.files) files, \(pruned.bytes) bytes")
    }
  }
}

/// `imagine cache`: manages cached answers.
struct CacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine cache", abstract: "Shows the size of the cache, and prunes it.",
    subcommands: [Size.self, Prune.self], defaultSubcommand: Size.self)

  struct Size: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Shows how many answers the cache holds, and their size.")
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let size = try Program.makeHost().cacheSize()
      if json { return try JSONOutput.print(size) }
      try Output.line("\(size.answers) answers, \(size.bytes) bytes")
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deletes cached answers that were not used for some time.")
    @Option(help: "Delete answers that were not used for this many days.") var days = 30.0
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard days >= 0 else { throw ValidationError("--days must be a number of days from 0") }
    }

    func run() async throws {
      let count = try Program.makeHost().pruneCache(unusedDays: days)
      if json { return try JSONOutput.print(["answers": count]) }
      try Output.line("\(count) answers")
    }
  }
}

extension RunSummary {
  fileprivate var stateText: String {
    let state =
      switch run.state {
      case .running: isAlive ? "running" : "died"
      case .finished: "finished"
      case .failed: "failed"
      }
    return uncertain == 0 ? state : "\(state), \(uncertain) uncertain"
  }

  fileprivate var spentText: String {
    spent.isEmpty ? "0" : Listing.amounts(spent).joined(separator: " + ")
  }
}

extension Script {
  /// The path and the arguments of the script.
  var text: String {
    ([path ?? "(no file)"] + arguments).joined(separator: " ")
  }
}

extension JournaledCall {
  fileprivate var durationText: String {
    duration.map { String(format: "%.1f s", $0) } ?? "-"
  }
}
