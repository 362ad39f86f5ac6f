import Dispatch
import HostStore
import ImagineAPI
import ImagineLua
import ImagineProviders
public import ImagineRuns
import ImagineSystem
public import Lua
import Synchronization

/// Runs workflows: Lua scripts that call `imagine.*`.
///
/// For example:
///
/// ```swift
/// import ImagineScripting
///
/// let configuration = ScriptHost.Configuration(service: .program("/usr/local/bin/imagine-server"))
/// let width = try await ScriptHost.withHost(configuration) { host in
///   try await host.run(
///     """
///     local image = imagine.generate{ prompt = "a cat in a spacesuit", seed = 7 }
///     image:save("cat.png")
///     return image.width
///     """, reading: Int.self)
/// }
/// ```
///
/// It installs no signal handlers and writes nothing to standard output. It starts, opens and reads
/// nothing before a script's first call.
public final class ScriptHost: Sendable {
  /// The version of the program, as `User-Agent` has it too.
  public static let version = "0.1.0"

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
  /// What is known of the providers of this machine, for completion; read once.
  let profiles = Mutex<[ProviderProfile]?>(nil)
  /// Whether ``openRecording()`` has succeeded.
  let isRecordingOpen = Mutex(false)
  /// Whether a script of ``run(_:name:arguments:timeLimit:)``, or a rerun, failed.
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
        resumption: plans ? run.plannedResumption : run.resumption,
        seed: run.seed ?? .random(), onUncertain: plans ? .retry : run.onUncertain,
        // Answers from the cache would be missing in a recording.
        answersFromCache: recorder == nil, notice: notice),
      limit: run.budget, usesCache: run.usesCache, allowsUnpriced: run.allowsUnpriced,
      progress: configuration.progress,
      display: configuration.display, approval: configuration.approval,
      web: plans ? PlannedWeb(web: registry.web) : registry.web, events: events,
      notice: configuration.notice)
  }

  /// The workflow of this host: makes calls without a script, as part of the same run. Resumes a run
  /// if ``RunOptions/resumption`` says so.
  ///
  /// - Throws: `ImagineError` if that run is alive or unknown, or if a recording cannot be
  ///   written or read.
  public func workflow() throws -> Workflow {
    try openRecording()
    try core.resumeRun()
    record(seed: core.run.seed)
    return core
  }

  /// Installs the module `imagine` and the modules of the configuration in a state, and resumes a
  /// run if ``RunOptions/resumption`` says so.
  ///
  /// - Throws: `ImagineError` if that run is alive or unknown, or if a recording cannot be
  ///   written or read.
  public func install(in state: LuaState) throws {
    try ImagineModule(workflow: workflow()).install(
      in: state, runsPrograms: !configuration.plans)
    if let plannedFiles { try PlannedLibrary(files: plannedFiles).install(in: state) }
    for (name, make) in configuration.modules { try state.preload(name, make) }
    try configuration.prepare?(state)
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
  ///
  /// It blocks the calling thread. It is for commands; other programs use
  /// ``withHost(_:isolation:_:)`` or ``shutdown(succeeded:)``.
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
  /// - Throws: `ImagineError` of kind `io` if the journal could not be written.
  public func close(succeeded: Bool) throws {
    recorder?.discard()
    let succeeded = succeeded && !hasFailed.withLock { $0 }
    if succeeded { pruneIfDue() }
    registry.close()
    core.eventSource.finish()
    // Last: if the process is killed before this, the run can be resumed. A plan has no run.
    if !configuration.plans { try core.run.end(succeeded: succeeded) }
  }

  /// Does what ``close(succeeded:)`` does, without blocking a thread of Swift concurrency.
  public func shutdown(succeeded: Bool = true) async throws {
    try await withCheckedThrowingContinuation { continuation in
      DispatchQueue.global().async { [self] in
        continuation.resume(with: Result { try close(succeeded: succeeded) })
      }
    }
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
