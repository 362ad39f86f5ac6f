import ImagineClient
@_exported public import ImagineCore
@_exported public import ImagineLua
import ImagineStore
public import Logging
@_exported public import Lua
import Synchronization

/// Runs workflows: Lua scripts that call `imagine.*`.
///
/// For example:
///
/// ```swift
/// import ImagineScripting
///
/// let host = ScriptHost(ScriptHost.Configuration(service: .program("/usr/local/bin/imagine-server")))
/// defer { host.close() }
/// let results = try await host.run(
///   """
///   local image = imagine.generate{ prompt = "a cat in a spacesuit", seed = 7 }
///   return image:save("cat.png"), image.width
///   """)
/// ```
///
/// It installs no signal handlers and writes nothing to the standard output. Nothing is started,
/// opened or read before a script's first call needs it.
public final class ScriptHost: Sendable {
  /// Who draws where nothing names a provider.
  public enum Service: Sendable {
    /// By the environment and `config.toml`; the path is that of `imagine-server`, for what is
    /// done locally.
    case environment(serverProgram: String)
    /// The built-in engine: the path of `imagine-server`.
    case program(String)
    /// An Imagine API at an address that ends in `/v2`, with its token. Pictures cannot be
    /// converted without a server program.
    case address(String, token: String, serverProgram: String? = nil)
  }

  public struct Configuration: Sendable {
    public var service: Service
    /// The variables that providers and folders are chosen by.
    public var environment: [String: String]
    /// Where assets and jobs are kept; nil for the one that the environment names.
    public var home: String?
    /// The provider to use, before all else that names one.
    public var provider: String?
    /// The file to record every answer of every provider in. It appears, whole, with
    /// ``ScriptHost/finishRecording()``.
    public var record: String?
    /// The recording to take every answer from: no network, no key and no server is used.
    public var replay: String?
    /// Bytes that a script may hold in Lua; nil for no limit.
    public var memoryLimit: Int?
    public var logger: Logger
    /// Told once which provider is used and why, and what the user should know.
    public var notice: @Sendable (String) -> Void
    public var progress: (any JobProgress)?
    /// How the run is begun, resumed and paid for.
    public var run = RunOptions()
    /// Whether scripts are only planned: nothing is sent, written or waited for.
    public var plans = false
    /// Whether the process belongs to the script alone, as in the program `imagine`: then SIGPIPE
    /// keeps its disposition, which the HTTP library would ignore. False where other code of the
    /// process uses SwiftNIO, which relies on that.
    public var ownsProcess = false
    /// Is told of each change of a call after the journal has it; for tests that end the process at
    /// a given point.
    public var journalObserver: (@Sendable (JournaledCall) -> Void)?

    public init(
      service: Service, environment: [String: String] = [:],
      logger: Logger = Logger(label: "imagine")
    ) {
      self.service = service
      self.environment = environment
      self.logger = logger
      notice = { _ in }
    }
  }

  let configuration: Configuration
  let home: String
  let registry: ProviderRegistry
  let session: Session
  let recorder: RecordingWriter?
  let recordingSource: RecordingSource?
  let replay: ReplayedSource?
  let journal: SQLiteJournal
  /// Nil where scripts are run, and not planned.
  private let plannedFiles: PlannedAssetStore?
  /// Whether a script of ``run(_:name:)``, or a picture that was to be drawn again, failed.
  let hasFailed = Mutex(false)

  public init(_ configuration: Configuration) {
    self.configuration = configuration
    home = configuration.home ?? DataFolder.path(environment: configuration.environment)
    let registry = ProviderRegistry(configuration, home: home)
    self.registry = registry
    recorder = configuration.record.map(RecordingWriter.init)
    recordingSource = recorder.map {
      RecordingSource(registry, writer: $0, environment: configuration.environment)
    }
    replay = configuration.replay.map {
      ReplayedSource(path: $0, selection: configuration.provider)
    }
    let database = JournalDatabase(path: "\(home)/journal.sqlite")
    journal = SQLiteJournal(
      database: database, locks: "\(home)/runs", dailyLimit: { try registry.dailyLimit() },
      observer: configuration.journalObserver)
    let run = configuration.run
    let files = FileAssetStore(root: "\(home)/assets")
    plannedFiles = configuration.plans ? PlannedAssetStore(files) : nil
    let source: any Backing.Source = if let recordingSource { recordingSource } else { registry }
    var backing = Backing(
      assets: files, ledger: SQLiteJobLedger(database: database),
      source: source, journal: run.keepsJournal ? journal : nil)
    if let replay { backing.replay(replay) }
    if let plannedFiles { backing.plan(in: plannedFiles, with: registry, journal) }
    // A plan is no run: notices of runs are suppressed.
    let silence: @Sendable (String) -> Void = { _ in }
    let plans = configuration.plans
    let notice = plans ? silence : configuration.notice
    session = Session(
      assets: backing.assets, ledger: backing.ledger, converter: backing.source,
      providers: backing.source,
      run: CurrentRun(
        journal: backing.journal, script: run.script,
        resumption: plans ? (run.script.path == nil ? .none : .lastUnfinished) : run.resumption,
        seed: run.seed ?? .random(), onUncertain: plans ? .retry : run.onUncertain,
        // What the cache answers would be missing in a recording.
        answersFromCache: recorder == nil, notice: notice),
      limit: run.budget, usesCache: run.usesCache, allowsUnpriced: run.allowsUnpriced,
      progress: configuration.progress, notice: configuration.notice)
  }

  /// Gives a state the module `imagine`, and takes up the run that is to be resumed.
  ///
  /// - Throws: ``ImagineError`` where that is alive, or unknown; where a recording cannot be written,
  ///   or read.
  public func install(in state: LuaState) throws {
    try openRecording()
    try ImagineModule(session: session).install(in: state)
    record(seed: session.run.seed)
    if let plannedFiles { try PlannedLibrary(files: plannedFiles).install(in: state) }
  }

  /// Runs a script in a state of its own, and waits for what it has paid for.
  ///
  /// - Parameter name: what messages call it; `@` before it makes it a file's name.
  /// - Returns: the script's results.
  /// - Throws: `LuaError`; its `underlying` is the ``ImagineError``, where that is the cause.
  @discardableResult
  public func run(_ source: String, name: String = "=script") async throws -> [LuaValue] {
    var lua = LuaConfiguration()
    lua.memoryLimit = configuration.memoryLimit
    let interpreter = try LuaInterpreter(configuration: lua)
    defer { interpreter.close() }
    do {
      let results = try await interpreter.run { [self] state in
        try install(in: state)
        return try state.run(source, name: name)
      }
      await interpreter.waitForBackgroundWork()
      return results
    } catch {
      hasFailed.withLock { $0 = true }
      await interpreter.waitForBackgroundWork()
      throw error
    }
  }

  /// What the scripts that were planned so far would ask for; nil where they were run.
  public var planned: ScriptPlan.Summary? {
    let answered = session.run.answered
    return plannedFiles?.plan.summary(
      answeredByJournal: answered.byJournal, answeredByCache: answered.byCache)
  }

  /// Tells what should be known at the end of a run, by the configuration's `notice`.
  public func tellWhatWasDrawn() {
    let made = session.madeByEngine
    guard !configuration.plans, made.pictures + made.videos > 0, replay == nil else { return }
    var parts: [String] = []
    if made.pictures > 0 {
      parts.append(made.pictures == 1 ? "1 picture" : "\(made.pictures) pictures")
    }
    if made.videos > 0 { parts.append(made.videos == 1 ? "1 video" : "\(made.videos) videos") }
    configuration.notice(
      "\(parts.joined(separator: " and ")) drawn by the built-in engine, not by a model")
  }

  /// Ends the private server, if it was started, and then the run: as one whose script failed where
  /// one did, else as finished. A recording that is not finished is given up. Nothing may be called
  /// afterwards.
  public func close() {
    do {
      try close(succeeded: true)
    } catch {
      configuration.notice("\(error)")
    }
  }

  /// Does what ``close()`` does.
  ///
  /// - Parameter succeeded: whether the script came to its end; a run that did not can be resumed.
  /// - Throws: ``ImagineError`` of kind `io` where the journal could not be written.
  public func close(succeeded: Bool) throws {
    recorder?.discard()
    let succeeded = succeeded && !hasFailed.withLock { $0 }
    if succeeded { pruneIfDue() }
    registry.close()
    // Last: a process that is killed before it leaves a run that can be resumed. A plan has none.
    if !configuration.plans { try session.run.end(succeeded: succeeded) }
  }

  /// Once a day, what is older than is kept is pruned.
  private func pruneIfDue() {
    guard !configuration.plans else { return }
    do {
      if try journal.isPruningDue() { _ = try pruneRuns() }
    } catch {
      configuration.notice("\(error)")
    }
  }
}
