import ImagineRuns
import ImagineScripting
import Synchronization

/// The settings from the host's own options and the environment.
struct Settings: Sendable {
  var provider: String?
  var isVerbose = false
  /// Whether notices and progress are turned off.
  var isQuiet = Program.isQuiet
  /// Whether the interactive session is the plain loop.
  var isPlain = Program.environment["IMAGINE_PLAIN"] == "1"
  var record: String?
  var replay: String?
  var run: RunOptions
  /// Whether the command line, and not the environment alone, asks to resume.
  var isResumedByOption = false
  let plans: Bool

  /// - Throws: ``ImagineError`` for an invalid variable.
  init(resuming id: String?, plans: Bool) throws(ImagineError) {
    self.plans = plans
    run = try RunOptions(environment: Program.environment)
    if let id { run.resumption = .run(id) }
  }

  /// `IMAGINE_RESUME` applies to everything that a user runs, so it is ignored without a script to
  /// find a run by, or without a journal. There the option `--resume` is an error.
  ///
  /// - Parameter resumesLastRun: whether the last run is resumed, finished or not, unless an option
  ///   says otherwise.
  mutating func apply(_ script: Script, resumesLastRun: Bool = false) {
    run.script = script
    let canResume = script.path != nil && run.keepsJournal && replay == nil && record == nil
    if run.resumption == .lastUnfinished, !isResumedByOption, !canResume { run.resumption = .none }
    let isUnset = run.resumption == .none || run.resumption == .lastUnfinished
    if resumesLastRun, canResume, isUnset { run.resumption = .last }
  }
}

/// The settings, and the host that is made from them when the first state is prepared.
final class LazyHost: Sendable {
  let settings: Mutex<Settings>
  private let made = Mutex<ScriptHost?>(nil)
  let approval = SessionApproval()

  init(_ settings: Settings) {
    self.settings = Mutex(settings)
  }

  var host: ScriptHost {
    made.withLock { made in
      if let made { return made }
      let settings = settings.withLock { $0 }
      let host = Program.makeHost(
        provider: settings.provider, isVerbose: settings.isVerbose,
        isQuiet: settings.isQuiet, run: settings.run,
        record: settings.record, replay: settings.replay, plans: settings.plans,
        approval: approval)
      made = host
      return host
    }
  }

  var hostIfMade: ScriptHost? { made.withLock { $0 } }
}
