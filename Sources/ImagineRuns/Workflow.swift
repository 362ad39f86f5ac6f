public import ImagineAPI
package import Synchronization

/// Runs calls: checks their budgets, writes them to the journal and sends them to their providers.
///
/// One workflow belongs to one run. It knows nothing of Lua: `imagine.*` converts Lua values and
/// calls it. Its functions throw ``ImagineError``. Functions that wait for the network are `async`;
/// the first call opens the journal, and `prepare` hashes input files, on the caller's thread.
public final class Workflow: Sendable {
  /// Files of input images and answers.
  package let assets: any AssetStore
  let ledger: any JobLedger
  let converter: any ImageConverter
  /// Answers calls that an earlier attempt has paid for.
  public let run: RunJournal
  /// The run's limit and what it has spent.
  public let budget: Budget
  let providers: any ProviderSource
  /// Displays the progress of jobs; nil if nobody watches.
  let progress: (any JobProgress)?
  /// Shows images of scripts; nil if nobody looks.
  package let display: (any ImageDisplay)?
  /// Decides about calls that cost more than a person has allowed; nil if all may be made.
  let approval: (any SpendingApproval)?
  /// Sends requests of scripts to the web; nil if the program has no network for them.
  package let web: (any WebClient)?
  /// Shows the user a message that can no longer reach the script.
  package let notice: @Sendable (String) -> Void
  package let eventSource: EventSource
  let sentCalls = SentCalls()
  /// Distinguishes the calls of this process from those of others where no journal does.
  let processKey = UInt64.random(in: .min ... .max)

  /// Values for calls that do not set their own.
  package struct Defaults: Sendable {
    package var provider: String?
    package var options = CallOptions()
    /// Fields of calls that do not set them and can have them.
    package var fields: [String: Value] = [:]
    package var usesCache = false
    /// Whether a call without a known price may be made under a budget.
    package var allowsUnpriced = false
  }
  package let defaults: Mutex<Defaults>

  struct Tally {
    /// The provider that issued each job id in this run.
    var issuers: [SubmittedJob.Key: any Provider] = [:]
    var imagesMadeByEngine = 0
    var videosMadeByEngine = 0
  }
  let tally = Mutex(Tally())

  /// - Parameters:
  ///   - converter: converts images to other formats and sizes.
  ///   - limit: the run's budget; no limit by default.
  ///   - display: shows images of scripts.
  ///   - approval: decides about what calls cost.
  ///   - web: sends requests of scripts that are no calls.
  ///   - events: sends the workflow's events.
  ///   - notice: receives messages for the user.
  public init(
    assets: any AssetStore, ledger: any JobLedger, converter: any ImageConverter,
    providers: any ProviderSource, run: RunJournal, limit: Budget.Limit = Budget.Limit(),
    usesCache: Bool = false, allowsUnpriced: Bool = false, progress: (any JobProgress)? = nil,
    display: (any ImageDisplay)? = nil, approval: (any SpendingApproval)? = nil,
    web: (any WebClient)? = nil, events: EventSource = EventSource(),
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
    self.display = display
    self.approval = approval
    self.web = web
    eventSource = events
    self.notice = { message in
      events.send(.notice(message))
      notice(message)
    }
  }

  /// What happens from now on: changes of calls, states of jobs, notices. A listener that is slow
  /// loses the oldest events, and never slows a call.
  public func events() -> AsyncStream<WorkflowEvent> { eventSource.events() }

  /// Waits for the calls whose callers were cancelled.
  ///
  /// - Returns: how many calls are still being made after `seconds`.
  @discardableResult
  public func finish(within seconds: Double) async -> Int {
    await sentCalls.finish(within: seconds)
  }

  /// Resumes an earlier run if one was asked for; does nothing when called again. Adds what that
  /// run has spent to the budget.
  package func resumeRun() throws {
    for call in try run.resume() {
      for send in call.sends { budget.count(send.price) }
    }
  }

  /// How many images and videos the built-in engine made, and not a model.
  public var madeByEngine: (images: Int, videos: Int) {
    tally.withLock { ($0.imagesMadeByEngine, $0.videosMadeByEngine) }
  }

  /// - Parameter name: nil for the default provider.
  /// - Throws: ``ImagineError`` of kind `validation` for an unknown name or a configuration that is
  ///   not valid.
  public func provider(_ name: String?) throws -> any Provider {
    try providers.provider(named: name ?? defaults.withLock { $0.provider })
  }

  func fetch(_ address: String) async throws -> Asset {
    try await providers.fetch(address, into: assets)
  }

  package func limitCalls(concurrency: Int?, rate: Int?) {
    providers.limitCalls(concurrency: concurrency, rate: rate)
  }

  package func provider(describedBy settings: ConfigTable) throws -> any Provider {
    try providers.provider(describedBy: settings)
  }
}
