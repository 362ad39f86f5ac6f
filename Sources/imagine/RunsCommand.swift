import ArgumentParser
import Foundation
import ImagineScripting
import Lua

/// `imagine runs`: what scripts asked for, and what came of it.
struct RunsCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine runs", abstract: "Lists, shows, resumes and deletes runs.",
    subcommands: [List.self, Show.self, Resume.self, Delete.self, Prune.self],
    defaultSubcommand: List.self)

  struct List: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Lists the runs on this home, the newest first.")
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
    @ArgumentParser.Argument(help: "The run's id, or the beginning of it.") var id: String
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
          call.price.map(\.description) ?? "unknown price", call.durationText,
          host.files(of: call).first ?? call.job ?? call.error ?? "-",
          call.request.prompt ?? "")
      }
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Runs the script of a run again, in its folder, with the answers that are kept.",
      discussion: """
        Calls that have an answer are not sent again. Those that may have been paid for and have \
        none are errors of kind 'uncertain', unless --on-uncertain retry sends them again. That \
        goes for a run that came to its end too.
        """)
    @ArgumentParser.Argument(help: "The run's id, or the beginning of it.") var id: String
    @ArgumentParser.Argument(
      parsing: .captureForPassthrough, help: "Options of imagine, such as --on-uncertain retry.")
    var options: [String] = []

    func run() async throws {
      let run = try Program.makeHost().run(id: id).run
      guard let path = run.script.path else {
        throw ImagineError(
          .validation, "the run \(run.id) had no script file, so it cannot be run again")
      }
      let folder = run.script.folder.bytesOfName.map { CChar(bitPattern: $0) } + [0]
      guard chdir(folder) == 0 else {
        throw ImagineError(.io, "the run's folder \(run.script.folder) is gone")
      }
      let line =
        ([CommandLine.arguments[0]] + options).map { LuaString($0) }
        + ([path] + run.script.arguments).map { LuaString($0.bytesOfName) }
      Foundation.exit(ScriptCommand.run(arguments: line, resuming: run.id))
    }
  }

  struct Delete: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Deletes a run from the journal. Running its script again is billed again.")
    @ArgumentParser.Argument(help: "The run's id, or the beginning of it.") var id: String

    func run() async throws {
      try Program.makeHost().deleteRun(id: id)
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forgets finished runs that are older than is kept (runs.keep_days, runs.keep_gb).")
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let pruned = try Program.makeHost().pruneRuns()
      if json { return try JSONOutput.print(pruned) }
      try Output.line("\(pruned.runs) runs, \(pruned.files) files, \(pruned.bytes) bytes")
    }
  }
}

/// `imagine cache`: answers that later runs may take.
struct CacheCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine cache", abstract: "Tells the size of the cache, and prunes it.",
    subcommands: [Size.self, Prune.self], defaultSubcommand: Size.self)

  struct Size: AsyncParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Tells what the cache holds.")
    @Flag(help: "Print JSON.") var json = false

    func run() async throws {
      let size = try Program.makeHost().cacheSize()
      if json { return try JSONOutput.print(size) }
      try Output.line("\(size.answers) answers, \(size.bytes) bytes")
    }
  }

  struct Prune: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Forgets answers that were not asked for lately.")
    @Option(help: "How long an answer may lie unused, in days.") var days = 30.0
    @Flag(help: "Print JSON.") var json = false

    func validate() throws {
      guard days >= 0 else { throw ValidationError("--days is a number of days from 0") }
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
  /// The path and the arguments.
  var text: String {
    ([path ?? "(no file)"] + arguments).joined(separator: " ")
  }
}

extension JournaledCall {
  fileprivate var durationText: String {
    duration.map { String(format: "%.1f s", $0) } ?? "-"
  }
}
