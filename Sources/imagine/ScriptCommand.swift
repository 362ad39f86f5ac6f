import ImagineREPL
import ImagineScripting
import Lua
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Scripts, `-e` and the REPL: the command `lua` with `imagine.*` in it.
enum ScriptCommand {
  /// - Parameters:
  ///   - id: of a run that is to be gone on with, before all else that says so.
  ///   - plan: prints what the script would ask for, in place of a run; nil for a run.
  /// - Returns: the exit code.
  static func run(
    arguments: [LuaString], resuming id: String? = nil, planning plan: PlanCommand? = nil
  ) -> Int32 {
    let shared: Shared
    do {
      shared = Shared(try Settings(resuming: id, plans: plan != nil))
    } catch {
      Notice.write("\(error)")
      return 1
    }
    var command = LuaCommand()
    command.options += options(shared)
    if let plan { command.options.append(plan.option) }
    switch arguments.dropFirst().first {
    case "--help", "-h":
      return Subcommand.writing(
        plan == nil ? command.usage("imagine") + commands : command.usage("imagine plan"))
    case "--version": return Subcommand.writing(version)
    default: break
    }
    let names = command.options.map(\.name)
    command.willRun = { invocation in
      tellOfMisplacedOptions(invocation, names)
      shared.settings.withLock { $0.run.script = script(invocation) }
    }
    // The options have been read when the first state is prepared.
    command.prepare = { state in try shared.host.install(in: state) }
    command.atEnd = { interpreter, succeeded in
      tellOfBackgroundWork(interpreter)
      interpreter.waitForBackgroundWorkBlocking()
      guard let host = shared.hostIfMade else { return }
      host.tellWhatWasDrawn()
      if let summary = host.planned { plan?.show(summary) }
      finishRecording(host)
      host.endRun(succeeded: succeeded)
      host.close()
    }
    command.whenAbandoned = { interpreter in
      interpreter.abandonBackgroundWork()
      shared.hostIfMade?.endRun(succeeded: false)
      shared.hostIfMade?.close()
    }
    return command.run(arguments: arguments)
  }

  /// The host's own options, by their names; true for those that a value follows.
  static let hostOptions: [String: Bool] = {
    guard let settings = try? Settings(resuming: nil, plans: false) else { return [:] }
    let all = LuaCommand.standardOptions + options(Shared(settings))
    return Dictionary(all.map { ($0.name, $0.valueName != nil) }) { $1 }
  }()

  /// What stands behind the script's name is the script's, whatever it looks like.
  private static func tellOfMisplacedOptions(
    _ invocation: LuaCommand.Invocation, _ names: [String]
  ) {
    guard let script = invocation.script else { return }
    let words = invocation.arguments.prefix { $0 != "--" }
      .map { String($0.text.prefix { $0 != "=" }) }
    guard let name = words.first(where: names.contains) else { return }
    Notice.write(
      "'\(name)' stands behind the script and is left to it; an option of imagine's own stands"
        + " before: imagine \(name) … \(script)")
  }

  static let version = "imagine 0.1.0"

  private static let commands = """

    Commands, as the first word (each tells more with --help):
      run, repl     as without a command
      plan          print the calls, price and files of a script, and send nothing
      runs          list, show, resume, delete and prune runs
      cache         tell the cache's size, and prune it
      jobs          list, show, wait for and delete jobs
      show, rerun   what made a picture; make it again
      doctor        which provider is used and why, and what is wrong
      serve         the built-in engine behind the HTTP API
    """

  /// What is run, by names that mean the same wherever it is started again.
  private static func script(_ invocation: LuaCommand.Invocation) -> Script {
    let path = invocation.script.flatMap { name in
      realpath(name.bytes.map { CChar(bitPattern: $0) } + [0], nil)
    }
    defer { free(path) }
    let folder = getcwd(nil, 0)
    defer { free(folder) }
    return Script(
      path: path.map { LuaString(cString: $0).name },
      arguments: invocation.arguments.map(\.name),
      folder: folder.map { LuaString(cString: $0).name } ?? ".")
  }

  private static func options(_ shared: Shared) -> [LuaCommand.Option] {
    typealias Option = LuaCommand.Option
    func set(_ change: @escaping (inout Settings) throws -> Void) throws {
      try shared.settings.withLock { try change(&$0) }
    }
    return [
      Option("--provider", valueName: "NAME", help: "draw with this provider") { name, _ in
        try set { $0.provider = name }
      },
      Option("--record", valueName: "FILE", help: "record every answer in this file") { path, _ in
        try set { $0.record = path }
      },
      Option(
        "--replay", valueName: "FILE", help: "take every answer from a recording, and send nothing"
      ) { path, _ in
        try set { $0.replay = path }
      },
      Option("--verbose", help: "log each request on stderr") { _, _ in
        try set { $0.isVerbose = true }
      },
      Option("--resume", help: "go on with the script's last unfinished run, if there is one") {
        _, _ in
        try set { $0.run.resumption = .lastUnfinished }
      },
      Option(
        "--on-uncertain", valueName: "fail|retry",
        help: "what becomes of calls that may have been paid for in an earlier attempt"
      ) { name, _ in
        guard let choice = CurrentRun.OnUncertain(rawValue: name) else {
          throw LuaCommand.OptionError("'\(name)' is neither 'fail' nor 'retry'")
        }
        try set { $0.run.onUncertain = choice }
      },
      Option("--no-journal", help: "keep no call, so that nothing can be resumed") { _, _ in
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
          throw LuaCommand.OptionError("'\(text)' is no number of calls")
        }
        try set { $0.run.budget.calls = count }
      },
      Option("--allow-unpriced", help: "let calls without a known price through a budget") {
        _, _ in
        try set { $0.run.allowsUnpriced = true }
      },
      Option("--cache", help: "take answers of earlier runs to equal requests with a seed") {
        _, _ in
        try set { $0.run.usesCache = true }
      },
    ]
  }

  private static func finishRecording(_ host: ScriptHost) {
    do { try host.finishRecording() } catch { Notice.write("\(error)") }
  }

  private static func tellOfBackgroundWork(_ interpreter: LuaInterpreter) {
    let count = interpreter.backgroundWorkCount
    guard count > 0 else { return }
    let answers = count == 1 ? "1 answer that is" : "\(count) answers that are"
    Notice.write("waiting for \(answers) paid for; Ctrl-C abandons them")
  }
}

/// What the host's own options and the environment said.
private struct Settings: Sendable {
  var provider: String?
  var isVerbose = false
  var record: String?
  var replay: String?
  var run: RunOptions
  let plans: Bool

  /// - Throws: ``ImagineError`` for a variable that means nothing.
  init(resuming id: String?, plans: Bool) throws(ImagineError) {
    self.plans = plans
    run = try RunOptions(environment: Program.environment)
    if let id { run.resumption = .run(id) }
  }
}

/// The settings, and the host that is made of them when the first state is prepared.
private final class Shared: Sendable {
  let settings: Mutex<Settings>
  private let made = Mutex<ScriptHost?>(nil)

  init(_ settings: Settings) {
    self.settings = Mutex(settings)
  }

  var host: ScriptHost {
    made.withLock { made in
      if let made { return made }
      let settings = settings.withLock { $0 }
      let host = Program.makeHost(
        provider: settings.provider, isVerbose: settings.isVerbose, run: settings.run,
        record: settings.record, replay: settings.replay, plans: settings.plans)
      made = host
      return host
    }
  }

  var hostIfMade: ScriptHost? { made.withLock { $0 } }
}

extension LuaString {
  /// The text; bytes that are not UTF-8 are spelt out, so that two names never become one.
  fileprivate var name: String { validText ?? FilePath(bytes: bytes).description }
}
