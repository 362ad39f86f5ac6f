import HostStore
public import ImagineAPI
import ImagineLua
import ImagineProviders
public import ImagineRuns
import ImagineSystem
public import Logging
public import Lua
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
/// It installs no signal handlers and writes nothing to standard output. It starts, opens and reads
/// nothing before a script's first call.
public final class ScriptHost: Sendable {
  /// Where requests go unless a script names a provider.
  public enum Service: Sendable {
    /// Chosen by the environment and `config.toml`. The path is that of `imagine-server`, for local
    /// work.
    case environment(serverProgram: String)
    /// The built-in engine. The path is that of `imagine-server`.
    case program(String)
    /// An Imagine API at an address that ends in `/v2`, with its token. Without a server program
    /// images cannot be converted.
    case address(String, token: String, serverProgram: String? = nil)
  }

  /// What a host needs to know. Only `service` has no default.
  public struct Configuration: Sendable {
    public var service: Service
    /// The environment variables that select providers and folders.
    public var environment: [String: String]
    /// The folder of the journal and the assets; nil for the one that the environment names.
    public var home: String?
    /// Providers of the program's own, by the names in their profiles. Their calls are limited,
    /// retried and journaled like those of any other.
    public var providers: [any Provider] = []
    /// The default provider; takes precedence over environment and `config.toml`.
    public var provider: String?
    /// The file to record every answer of every provider in. It appears, complete, at
    /// ``ScriptHost/finishRecording(succeeded:)``.
    public var record: String?
    /// The recording that gives every answer, without network, key or server.
    public var replay: String?
    /// Memory that a script may use in Lua, in bytes; nil for no limit.
    public var memoryLimit: Int?
    /// Logs each request at level `debug`.
    public var logger: Logger
    /// Receives messages for the user, such as which provider is used and why.
    public var notice: @Sendable (String) -> Void
    /// Displays the progress of jobs; nil to display nothing.
    public var progress: (any JobProgress)?
    /// Shows images of `image:show()`; without it the facts go to `notice`.
    public var display: (any ImageDisplay)?
    /// Decides about calls that cost more than a person has allowed; nil if all may be made.
    public var approval: (any SpendingApproval)?
    /// How the run begins, resumes, and what it may spend.
    public var run = RunOptions()
    /// Whether scripts are only planned: they send nothing, write nothing and wait for nothing.
    public var plans = false
    /// Whether the process belongs to the script alone, as in the program `imagine`: then SIGPIPE
    /// keeps its disposition, which the HTTP library would otherwise ignore. Set false if other
    /// code of the process uses SwiftNIO, which relies on that.
    public var ownsProcess = false
    /// Called with each change of a call after it is in the journal; for tests that kill the
    /// process at a given point.
    public var journalObserver: (@Sendable (JournaledCall) -> Void)?

    /// - Parameter environment: variables that select providers and folders; empty by default.
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
  let core: Workflow
  let recorder: RecordingWriter?
  let recordingSource: RecordingSource?
  let replay: ReplayedSource?
  let journal: SQLiteJournal
  /// Nil unless scripts are planned.
  private let plannedFiles: PlannedAssetStore?
  /// Whether ``openRecording()`` has succeeded.
  let isRecordingOpen = Mutex(false)
  /// Whether a script of ``run(_:name:)``, or a rerun, failed.
  let hasFailed = Mutex(false)

  /// Creates a host. It opens no file and starts no process; that happens at a script's first call.
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
    let source: any WorkflowDependencies.Source =
      if let recordingSource { recordingSource } else { registry }
    var dependencies = WorkflowDependencies(
      assets: files, ledger: SQLiteJobLedger(database: database),
      source: source, journal: run.keepsJournal ? journal : nil)
    if let replay { dependencies.replay(replay) }
    if let plannedFiles { dependencies.plan(in: plannedFiles, with: registry, journal) }
    // Suppress run notices in plan mode.
    let plans = configuration.plans
    let events = EventSource()
    let show = configuration.notice
    let notice: @Sendable (String) -> Void = { message in
      guard !plans else { return }
      events.send(.notice(message))
      show(message)
    }
    core = Workflow(
      assets: dependencies.assets, ledger: dependencies.ledger, converter: dependencies.source,
      providers: dependencies.source,
      run: RunJournal(
        journal: dependencies.journal, script: run.script,
        resumption: plans ? (run.script.path == nil ? .none : .lastUnfinished) : run.resumption,
        seed: run.seed ?? .random(), onUncertain: plans ? .retry : run.onUncertain,
        // Answers from the cache would be missing in a recording.
        answersFromCache: recorder == nil, notice: notice),
      limit: run.budget, usesCache: run.usesCache, allowsUnpriced: run.allowsUnpriced,
      progress: configuration.progress,
      display: configuration.display, approval: configuration.approval, events: events,
      notice: configuration.notice)
  }

  /// The workflow of this host: makes calls without a script, as part of the same run. Resumes a run
  /// if ``RunOptions/resumption`` says so.
  ///
  /// - Throws: ``ImagineError`` if that run is alive or unknown, or if a recording cannot be
  ///   written or read.
  public func workflow() throws -> Workflow {
    try openRecording()
    try core.resumeRun()
    record(seed: core.run.seed)
    return core
  }

  /// Installs the module `imagine` in a state, and resumes a run if ``RunOptions/resumption`` says
  /// so.
  ///
  /// - Throws: ``ImagineError`` if that run is alive or unknown, or if a recording cannot be
  ///   written or read.
  public func install(in state: LuaState) throws {
    try ImagineModule(workflow: workflow()).install(in: state)
    if let plannedFiles { try PlannedLibrary(files: plannedFiles).install(in: state) }
  }

  /// Runs a script in a new state, and waits for the answers that it has paid for.
  ///
  /// - Parameter name: the script's name in messages; `@` marks the name of a file.
  /// - Returns: the script's results.
  /// - Throws: `LuaError`; its `underlying` is the ``ImagineError`` if that is the cause.
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

  /// The plan of all scripts so far; nil unless scripts are planned.
  public var planned: ScriptPlan.Summary? {
    let answered = core.run.answered
    return plannedFiles?.plan.summary(
      answeredByJournal: answered.byJournal, answeredByCache: answered.byCache)
  }

  /// Tells the user, through `notice`, how many images the built-in engine made.
  public func reportEngineUse() {
    let made = core.madeByEngine
    guard !configuration.plans, made.images + made.videos > 0, replay == nil else { return }
    var parts: [String] = []
    if made.images > 0 {
      parts.append(made.images == 1 ? "1 image" : "\(made.images) images")
    }
    if made.videos > 0 { parts.append(made.videos == 1 ? "1 video" : "\(made.videos) videos") }
    configuration.notice(
      "\(parts.joined(separator: " and ")) made by the built-in engine, not by a model")
  }

  /// Stops the private server and ends the run: as failed if a script failed, else as finished.
  /// Discards a recording that is not finished. Call nothing afterwards.
  public func close() {
    do {
      try close(succeeded: true)
    } catch {
      configuration.notice("\(error)")
    }
  }

  /// Does the same, but throws errors in place of reporting them.
  ///
  /// - Parameter succeeded: whether the script ended normally. A run that did not can be resumed.
  /// - Throws: ``ImagineError`` of kind `io` if the journal could not be written.
  public func close(succeeded: Bool) throws {
    recorder?.discard()
    let succeeded = succeeded && !hasFailed.withLock { $0 }
    if succeeded { pruneIfDue() }
    registry.close()
    core.eventSource.finish()
    // Last: if the process is killed before this, the run can be resumed. A plan has no run.
    if !configuration.plans { try core.run.end(succeeded: succeeded) }
  }

  /// Prunes old runs once a day.
  private func pruneIfDue() {
    guard !configuration.plans else { return }
    do {
      if try journal.isPruningDue() { _ = try pruneRuns() }
    } catch {
      configuration.notice("\(error)")
    }
  }
}
