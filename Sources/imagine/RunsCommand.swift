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
      var listing = Listing("RUN", "STATE", "STARTED", "ANSWERED", "SPENT", "SCRIPT")
      for summary in runs {
        listing.add(
          .text(summary.run.id), .text(summary.stateText), .time(summary.run.startedAt),
          .number("\(summary.answered)/\(summary.calls)"), .number(summary.spentText),
          .text(summary.run.script.text))
      }
      try listing.print()
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
      let isForTerminal = Listing.isForTerminal
      let date = Date(timeIntervalSince1970: summary.run.startedAt).formatted(.iso8601)
      let age = isForTerminal ? ", \(RelativeTime.text(summary.run.startedAt))" : ""
      try Listing.print(facts: [
        ("run", summary.run.id), ("script", summary.run.script.text),
        ("state", "\(summary.stateText), attempt \(summary.run.attempt)"),
        ("started", date + age),
        (
          "calls",
          "\(summary.calls), \(summary.answered) answered, \(summary.accepted) accepted, "
            + "\(summary.uncertain) uncertain"
        ), ("spent", summary.spentText),
      ])
      var listing = Listing(
        "STATE", "PROVIDER", "OPERATION", "PRICE", "TIME", "RESULT", "PROMPT")
      for call in calls {
        listing.add(
          .text(call.isUncertain ? "\(call.state.rawValue), uncertain" : call.state.rawValue),
          .text(call.provider), .text(call.request.operation),
          .number(call.cost.map(\.description) ?? "unknown price"), .number(call.durationText),
          .text(try host.files(of: call).first ?? call.job ?? call.error ?? "-"),
          .text(call.request.prompt ?? ""))
      }
      if isForTerminal {
        if calls.isEmpty { return }
        try Output.line("")
      }
      try listing.print()
      guard isForTerminal else { return }
      let usage = calls.flatMap(\.sends).compactMap(\.usage).reduce(into: [:]) {
        $0.merge($1, uniquingKeysWith: &+)
      }
      guard !usage.isEmpty else { return }
      try Output.line("")
      try Listing.print(
        facts: usage.sorted { $0.key < $1.key }.map { ("counted \($0.key)", "\($0.value)") })
    }
  }

  struct Resume: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Resumes a run: runs its script again, in its folder, with the stored answers.",
      discussion: """
        Calls that have an answer are not sent again. Calls that may have been paid for and have \
        no answer are errors of kind 'uncertain'; --on-uncertain retry sends them again. \
        Finished runs can be resumed too. Of a command such as batch, options that say how the \
        work is done, such as --rate, are not kept: give them again.
        """)
    @ArgumentParser.Argument(help: "The run's id, or a prefix of it.") var id: String
    @ArgumentParser.Argument(
      parsing: .captureForPassthrough, help: "Options of imagine, such as --on-uncertain retry.")
    var options: [String] = []

    func run() async throws {
      let run = try Program.makeHost().run(id: id).run
      if let verb = VerbInvocation.verb(of: run.script) {
        try RunsCommand.enterFolder(of: run)
        let words = (options + run.script.arguments).map { LuaString($0.fileNameBytes) }
        Foundation.exit(VerbCommand.run(verb, words, resuming: run.id))
      }
      guard let path = run.script.path else {
        throw ImagineError(
          .validation, "the run \(run.id) has no script file, so it cannot be resumed")
      }
      try RunsCommand.enterFolder(of: run)
      let line =
        ([CommandLine.arguments[0]] + options).map { LuaString($0) }
        + ([path] + run.script.arguments).map { LuaString($0.fileNameBytes) }
      Foundation.exit(ScriptCommand.run(arguments: line, resuming: run.id))
    }
  }

  private static func enterFolder(of run: Run) throws {
    let folder = run.script.folder.fileNameBytes.map { CChar(bitPattern: $0) } + [0]
    guard chdir(folder) == 0 else {
      throw ImagineError(.io, "the run's folder \(run.script.folder) does not exist")
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
      let bytes = Listing.isForTerminal ? Listing.bytes(pruned.bytes) : "\(pruned.bytes) bytes"
      try Output.line("\(pruned.runs) runs, \(pruned.files) files, \(bytes)")
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
      let bytes = Listing.isForTerminal ? Listing.bytes(size.bytes) : "\(size.bytes) bytes"
      try Output.line("\(size.answers) answers, \(bytes)")
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
