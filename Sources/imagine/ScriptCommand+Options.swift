import ImagineRuns
import ImagineScripting
import LuaCommand
import Synchronization

/// The options of `imagine` itself.
extension ScriptCommand {
  /// An option of the host's own.
  struct HostOption: Sendable {
    let name: String
    let valueName: String?
    let summary: String

    var takesValue: Bool { valueName != nil }
    /// Name and placeholder, for the help.
    var title: String { valueName.map { "\(name) \($0)" } ?? name }
  }

  /// All of them, with those of `LuaCommand`.
  static let allOptions: [HostOption] = {
    guard let settings = try? Settings(resuming: nil, plans: false) else { return [] }
    let all = LuaCommand.standardOptions + options(LazyHost(settings))
    return all.map { HostOption(name: $0.name, valueName: $0.valueName, summary: $0.help) }
  }()

  /// Those that verbs take too.
  static let verbOptions = allOptions.filter { $0.name != "--plain" }

  /// The host's own options by name; true for those that take a value.
  static let hostOptions = Dictionary(allOptions.map { ($0.name, $0.takesValue) }) { $1 }

  /// The host's own options, which precede a script.
  static func options(_ shared: LazyHost) -> [LuaCommand.Option] {
    typealias Option = LuaCommand.Option
    func set(_ change: @escaping (inout Settings) throws -> Void) throws {
      try shared.settings.withLock { try change(&$0) }
    }
    return [
      Option("--provider", valueName: "NAME", help: "use this provider") { name, _ in
        try set { $0.provider = name }
      },
      Option("--record", valueName: "FILE", help: "record every answer in this file") { path, _ in
        try set { $0.record = path }
      },
      Option(
        "--replay", valueName: "FILE", help: "take every answer from a recording; send nothing"
      ) { path, _ in
        try set { $0.replay = path }
      },
      Option("--plain", help: "read lines without editing and colours at a terminal") { _, _ in
        try set { $0.isPlain = true }
      },
      Option("--quiet", help: "write no notices and no progress on stderr; errors only") { _, _ in
        try set { $0.isQuiet = true }
      },
      Option("--verbose", help: "log each request on stderr") { _, _ in
        try set { $0.isVerbose = true }
      },
      Option("--resume", help: "resume the script's last unfinished run, if there is one") {
        _, _ in
        try set { settings in
          settings.isResumedByOption = true
          if settings.run.resumption == .none { settings.run.resumption = .lastUnfinished }
        }
      },
      Option(
        "--once",
        help: "like --resume; do nothing where the script has finished with these arguments"
      ) { _, _ in
        try set { settings in
          settings.isResumedByOption = true
          settings.run.resumption = .once
        }
      },
      Option(
        "--on-uncertain", valueName: "fail|retry",
        help: "what to do with calls that an earlier attempt may have paid for"
      ) { name, _ in
        guard let choice = RunJournal.OnUncertain(rawValue: name) else {
          throw LuaCommand.OptionError("'\(name)' is neither 'fail' nor 'retry'")
        }
        try set { $0.run.onUncertain = choice }
      },
      Option("--no-journal", help: "keep no journal, so that nothing can be resumed") { _, _ in
        try set { $0.run.keepsJournal = false }
      },
      Option("--budget", valueName: "AMOUNT", help: "spend at most 200 (tokens), 2.5USD, …") {
        amount, _ in
        try set {
          $0.run.budget.price = try Budget.Limit(amount: amount, field: "--budget").price
        }
      },
      Option("--max-calls", valueName: "N", help: "make at most N calls") { text, _ in
        guard let count = Int(text), count >= 0 else {
          throw LuaCommand.OptionError("'\(text)' is not a number of calls")
        }
        try set { $0.run.budget.calls = count }
      },
      Option("--allow-unpriced", help: "allow calls without a known price under a budget") {
        _, _ in
        try set { $0.run.allowsUnpriced = true }
      },
      Option("--cache", help: "use answers of earlier runs for equal requests with a seed") {
        _, _ in
        try set { $0.run.usesCache = true }
      },
    ]
  }
}

extension VerbInvocation {
  /// Applies the options of the host.
  func apply(to command: inout LuaCommand) throws {
    for (name, value) in hostOptions {
      guard let option = command.options.first(where: { $0.name == name }) else { continue }
      do {
        try option.apply(value, &command)
      } catch {
        throw Failure(description: "\(name): \(error)")
      }
    }
  }
}
