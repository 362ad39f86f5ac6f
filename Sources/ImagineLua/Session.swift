public import ImagineCore
import Synchronization

/// What the functions of `imagine` stand on while a program runs: providers, the asset store, the
/// converter, and what has been drawn so far.
///
/// It knows nothing of Lua. Its functions throw ``ImagineError``; those that wait for a disk or a
/// network are `async` and leave the thread of Lua at once.
public final class Session: Sendable {
  /// Gives providers to scripts.
  public protocol ProviderSource: Sendable {
    /// The provider with a name; nil asks for the one that options, environment and configuration
    /// name.
    func provider(named name: String?) throws -> any Provider

    /// A provider that a script describes: `kind`, `base_url`, `token` or `token_env`, `prices`,
    /// and at an OpenAI-style service `model` and `sizes`.
    func provider(describedBy settings: Settings) throws -> any Provider

    /// Fetches a file from an https address, or from an http address of this machine; no key goes
    /// along.
    ///
    /// - Throws: ``ImagineError`` of kind `io`, `connection` or `timeout`.
    func fetch(_ address: String, into store: any AssetStore) async throws -> Asset

    /// Changes how many calls may be in flight at once, and begun in a minute; nil leaves one as it
    /// is.
    func limitCalls(concurrency: Int?, rate: Int?)

    /// What a provider's answers depend on beside the request: the version of the built-in engine.
    func version(of provider: any Provider) async throws -> String
  }

  let assets: any AssetStore
  let ledger: any JobLedger
  let converter: any PictureConverter
  /// Knows which calls were answered before.
  public let run: CurrentRun
  /// What the run may spend, and has spent.
  public let budget: Budget
  let providers: any ProviderSource
  /// Shows how far a job is; nil where nobody looks.
  let progress: (any JobProgress)?
  /// Tells the user what no script can be told any more.
  let notice: @Sendable (String) -> Void

  /// What calls use where they say nothing themselves.
  struct Defaults: Sendable {
    var provider: String?
    var options = CallOptions()
    var usesCache = false
    /// Whether a call without a known price may be made under a budget.
    var allowsUnpriced = false
  }
  let defaults: Mutex<Defaults>

  struct Tally {
    /// Which provider issued a job's id, in this run.
    var issuers: [SubmittedJob.Key: any Provider] = [:]
    var picturesDrawnByEngine = 0
    var videosFilmedByEngine = 0
  }
  let tally = Mutex(Tally())

  public init(
    assets: any AssetStore, ledger: any JobLedger, converter: any PictureConverter,
    providers: any ProviderSource, run: CurrentRun, limit: Budget.Limit = Budget.Limit(),
    usesCache: Bool = false, allowsUnpriced: Bool = false, progress: (any JobProgress)? = nil,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.assets = assets
    self.ledger = ledger
    self.converter = converter
    self.providers = providers
    self.run = run
    budget = Budget(of: "the run", limit: limit)
    defaults = Mutex(Defaults(usesCache: usesCache, allowsUnpriced: allowsUnpriced))
    self.progress = progress
    self.notice = notice
  }

  /// Resumes an earlier run, where one is to be resumed; once. What it spent counts.
  func takeUpRun() throws {
    for call in try run.takeUp() {
      for send in call.sends { budget.count(send.price) }
    }
  }

  /// How many pictures and videos were made by the built-in engine rather than by a model.
  public var madeByEngine: (pictures: Int, videos: Int) {
    tally.withLock { ($0.picturesDrawnByEngine, $0.videosFilmedByEngine) }
  }

  /// - Parameter name: nil for the provider in use.
  func provider(_ name: String?) throws -> any Provider {
    try providers.provider(named: name ?? defaults.withLock { $0.provider })
  }

  func fetch(_ address: String) async throws -> Asset {
    try await providers.fetch(address, into: assets)
  }

  func limitCalls(concurrency: Int?, rate: Int?) {
    providers.limitCalls(concurrency: concurrency, rate: rate)
  }

  func provider(describedBy settings: Settings) throws -> any Provider {
    try providers.provider(describedBy: settings)
  }
}

/// Shows how far jobs are, to whoever watches. Called from any thread.
public protocol JobProgress: Sendable {
  /// Somebody waits for a job.
  ///
  /// - Parameter instant: when the wait began. One that calls back to the script in between ends and
  ///   begins here several times, and is one wait all the same.
  func began(_ job: String, at instant: ContinuousClock.Instant)
  func moved(_ job: String, _ status: JobStatus)
  func ended(_ job: String)
}
