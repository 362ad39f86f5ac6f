import ArgumentParser
import ImagineREPL
import ImagineRuns
import ImagineScripting
import ImagineSystem
import Lua
import LuaCommand
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Scripts, `-e` and the REPL: the command `lua` with the module `imagine`.
enum ScriptCommand {
  /// - Parameters:
  ///   - id: the run to resume; takes precedence over options and environment.
  ///   - plan: prints a plan instead of running the script; nil to run it.
  ///   - verb: what runs in place of a script.
  /// - Returns: the exit code.
  static func run(
    arguments: [LuaString], resuming id: String? = nil, planning plan: PlanCommand? = nil,
    verb: VerbInvocation? = nil
  ) -> Int32 {
    let shared: LazyHost
    do {
      shared = LazyHost(try Settings(resuming: id, plans: plan != nil))
    } catch {
      Notice.write("\(error)")
      return 1
    }
    var command = LuaCommand()
    command.options += options(shared)
    if let plan { command.options.append(plan.option) }
    if let verb {
      do {
        try verb.apply(to: &command)
      } catch {
        Notice.write("\(verb.verb.name): \(error)")
        return ExitCode.validationFailure.rawValue
      }
      command.body = { state in
        try verb.run(
          in: state, isPlan: plan != nil, isQuiet: shared.settings.withLock { $0.isQuiet })
      }
    }
    switch arguments.dropFirst().first {
    case "--help", "-h":
      return Subcommand.writing(
        plan == nil ? command.usage("imagine") + commands : command.usage("imagine plan"))
    case "--version": return Subcommand.writing(version)
    default: break
    }
    let names = command.options.map(\.name)
    command.willRun = { invocation in
      if !shared.settings.withLock({ $0.isQuiet }) { noticeOfMisplacedOptions(invocation, names) }
      shared.settings.withLock { settings in
        settings.apply(
          verb?.script ?? script(invocation), resumesLastRun: verb?.verb.resumesLastRun ?? false)
      }
      endIfDone(shared)
    }
    // The options are read before the first state is prepared.
    let stops = ScriptStops(shared, isPlan: plan != nil)
    command.willPrepare = stops.noteInterpreter
    command.prepare = { state in
      try shared.host.install(in: state)
      if case .table(let module) = try state.globals.get("imagine") {
        try stops.points.install(in: state, module)
      }
      if plan == nil, !shared.settings.withLock({ $0.isQuiet }) {
        Program.progress?.watch(shared.host, in: state)
      }
    }
    command.interaction = { interpreter, timeLimit in
      guard plan == nil, !shared.settings.withLock({ $0.isPlain }) else { return nil }
      let host = PromptHost(
        host: { shared.host }, isQuiet: shared.settings.withLock { $0.isQuiet })
      guard
        var prompt = InteractivePrompt(
          interpreter: interpreter, host: host, environment: Program.environment)
      else { return nil }
      prompt.timeLimit = timeLimit
      prompt.stops = stops.points
      if let amount = shared.host.sessionSettings.askAbove {
        let questions = PromptQuestions()
        prompt.questions = questions
        shared.approval.begin(
          AskingApproval(above: amount) { text in
            Program.progress?.pause()
            defer { Program.progress?.goOn() }
            return await questions.ask(text)
          })
      }
      Program.display.promptBegins(style: host.previewStyle)
      return { [prompt] in
        switch prompt.run() {
        case .left: .left
        case .signal(let number): .signal(number)
        case .stuck: .stuck
        }
      }
    }
    command.atEnd = { interpreter, succeeded in
      if !shared.settings.withLock({ $0.isQuiet }) { noticeOfBackgroundWork(interpreter) }
      interpreter.waitForBackgroundWorkBlocking()
      guard let host = shared.hostIfMade else { return }
      host.reportEngineUse()
      if let summary = host.planned { plan?.show(summary) }
      finish(host, succeeded: succeeded)
    }
    command.whenAbandoned = { interpreter in
      interpreter.abandonBackgroundWork()
      do { try shared.hostIfMade?.close(succeeded: false) } catch { Notice.write("\(error)") }
    }
    return command.run(arguments: arguments)
  }

  /// Under `--once`: ends the program if the script has a finished run.
  private static func endIfDone(_ shared: LazyHost) {
    let settings = shared.settings.withLock { $0 }
    guard settings.run.resumption == .once, !settings.plans, settings.run.script.path != nil,
      settings.run.keepsJournal
    else { return }
    do {
      guard let done = try shared.host.finishedRun(of: settings.run.script) else { return }
      if !settings.isQuiet {
        let age = done.run.endedAt.map { ", \(RelativeTime.text($0))" } ?? ""
        Notice.write(
          "done before: run \(done.run.id)\(age); `imagine runs delete \(done.run.id)` allows it again"
        )
      }
      exit(EXIT_SUCCESS)
    } catch {
      Notice.write("\(error)")
      exit(EXIT_FAILURE)
    }
  }

  /// Arguments after the script's name belong to the script, even if they look like options.
  private static func noticeOfMisplacedOptions(
    _ invocation: LuaCommand.Invocation, _ names: [String]
  ) {
    guard let script = invocation.script else { return }
    let words = invocation.arguments.prefix { $0 != "--" }
      .map { String($0.text.prefix { $0 != "=" }) }
    guard let name = words.first(where: names.contains) else { return }
    Notice.write(
      "'\(name)' after the script is passed to the script; an option of imagine precedes it:"
        + " imagine \(name) … \(script)")
  }

  static let version = "imagine \(ScriptHost.version)"

  /// The first line of a session.
  static var greeting: String {
    let lua = LuaInterpreter.copyright.split(separator: " ").prefix(2).joined(separator: " ")
    return "\(version), \(lua); help() explains, Ctrl-D leaves"
  }

  /// Shows the prompt of a session at once, unless it reads plain lines, or a script precedes it.
  static func openPrompt() {
    let isPlain = getenv("IMAGINE_PLAIN").map { strcmp($0, "1") == 0 } ?? false
    guard !isPlain, getenv("LUA_INIT") == nil, getenv("LUA_INIT_5_4") == nil else { return }
    OpeningPrompt.show(greeting: greeting)
  }

  private static let verbs = Verb.all.map { verb in
    "  \(verb.name)\(String(repeating: " ", count: 14 - verb.name.count))\(verb.summary)"
  }.joined(separator: "\n")

  /// The list of commands in the help.
  static let commands = """

    Commands, as the first word (each explains more with --help):
      run, repl     the same as without a command
    \(verbs)
      init          make a project: an example, types for editors, a test
      plan          print the calls, price and files of a script; send nothing
      runs          list, show, resume, delete and prune runs
      cache         show the cache's size, and prune it
      jobs          list, show, wait for and delete jobs
      spent         print what calls have cost
      show, rerun   print the request that made an image; send it again
      doctor        check the provider in use and what else a run needs
      models        list the models and other names that providers have
      comfy         print how to configure a workflow of ComfyUI
      serve         serve the built-in engine over HTTP
      help          explain an operation, a function of scripts, or a command
      describe      write the reference page, the editor types, the manual page, or JSON

    imagine --generate-completion-script bash|zsh|fish prints completion for a shell.
    """

  /// The script with absolute paths, so that it can be resumed from another folder.
  private static func script(_ invocation: LuaCommand.Invocation) -> Script {
    Script(
      path: invocation.script.flatMap { FilePath(bytes: $0.bytes).resolved }
        .map { String(fileNameBytes: $0.bytes) },
      arguments: invocation.arguments.map { String(fileNameBytes: $0.bytes) },
      folder: Program.folder)
  }

  /// Ends recording, server and run, in this order: if the process is killed in between, the run
  /// can be resumed.
  private static func finish(_ host: ScriptHost, succeeded: Bool) {
    var isKept = true
    for step in [host.finishRecording(succeeded:), host.close(succeeded:)] {
      do {
        // Flush the script's output before its run counts as finished.
        fflush(nil)
        try step(succeeded)
      } catch {
        Notice.write("\(error)")
        isKept = false
      }
    }
    if succeeded, !isKept { failAtExit() }
  }

  /// Makes the program exit with 1, even if the script calls `os.exit(0)`, because the journal or
  /// the recording is incomplete.
  private static func failAtExit() {
    atexit {
      fflush(nil)
      _exit(1)
    }
  }

  private static func noticeOfBackgroundWork(_ interpreter: LuaInterpreter) {
    let count = interpreter.backgroundWorkCount
    guard count > 0 else { return }
    Notice.write(
      count == 1
        ? "waiting for 1 answer to a call that was sent; Ctrl-C abandons it"
        : "waiting for \(count) answers to calls that were sent; Ctrl-C abandons them")
  }
}

/// Gives a script that calls `imagine.repl()` a prompt, where somebody can type.
private final class ScriptStops: Sendable {
  private let interpreter = Mutex<LuaInterpreter?>(nil)
  private let shared: LazyHost
  private let isPlan: Bool

  init(_ shared: LazyHost, isPlan: Bool) {
    (self.shared, self.isPlan) = (shared, isPlan)
  }

  @Sendable func noteInterpreter(_ new: LuaInterpreter) { interpreter.withLock { $0 = new } }

  var points: StopPoints {
    made.withLock { made in
      if let made { return made }
      let points = StopPoints(
        begin: { [weak self] in self?.begin($0) ?? false },
        notice: { [shared] text in
          if !shared.settings.withLock({ $0.isQuiet }) { Notice.write(text) }
        })
      made = points
      return points
    }
  }
  private let made = Mutex<StopPoints?>(nil)

  private func begin(_ point: StopPoint) -> Bool {
    let isScripted = shared.settings.withLock { $0.replay != nil || $0.isPlain }
    let host = PromptHost(
      host: { [shared] in shared.host }, isQuiet: shared.settings.withLock { $0.isQuiet })
    guard !isPlan, !isScripted, let interpreter = interpreter.withLock({ $0 }),
      var prompt = InteractivePrompt(
        interpreter: interpreter, host: host, environment: Program.environment)
    else { return false }
    prompt.stops = points
    Program.display.promptBegins(style: host.previewStyle)
    return prompt.serve(point) { end in
      switch end {
      case .left: break
      case .signal(let number): kill(getpid(), number)
      case .stuck: exit(130)
      }
    }
  }
}
