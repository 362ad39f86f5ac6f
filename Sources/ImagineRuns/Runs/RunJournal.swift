import ImagineAPI
import ImagineSystem
import Synchronization

/// The current run of this process: finds calls by their keys and returns the answers that earlier
/// attempts left in the journal.
///
/// Nothing is opened or written before the first call, so a script without calls never opens the
/// journal.
public final class RunJournal: Sendable {
  /// What happens to a call that an earlier attempt sent and that has no answer.
  public enum OnUncertain: String, Sendable, CaseIterable {
    /// The call throws an error of kind `uncertain`.
    case fail
    /// The call is retried, and may be billed twice.
    case retry
  }

  /// Which earlier run to resume.
  public enum Resumption: Sendable, Hashable {
    /// None: begin a new run.
    case none
    /// The last unfinished run of the same script; a new run if there is none.
    case lastUnfinished
    /// The last run of the same script, finished or not; a new run if there is none.
    case last
    /// The last unfinished run of the same script; a new run, also if the script then makes no call.
    /// An error if a run of the script is finished.
    case once
    /// The run with this id, or with this prefix of its id.
    case run(String)

    /// Runs of the same script that must not exist when a new one begins.
    fileprivate var excluded: RunExclusion {
      switch self {
      case .none, .run: .none
      case .lastUnfinished: .unfinished
      case .last, .once: .any
      }
    }
  }

  fileprivate struct State {
    var activeRun: (any ActiveRun)?
    var seed: RandomSeed
    /// The id of the recorded run that is replayed.
    var replayedID: String?
    /// Whether the run to resume was searched for.
    var hasSearched = false
    var earlier: [CallKey: JournaledCall] = [:]
    var occurrences: [String: Int] = [:]
    /// What stands for derived images, by recipe.
    var derived: [String: DerivedInput] = [:]
    var jobs: [SubmittedJob.Key: CallEntry] = [:]
    var isEnded = false
    var answeredByJournal = 0
    var answeredByCache = 0
  }

  /// Nil if no journal is kept.
  private let journal: (any Journal)?
  private let script: Script
  private let resumption: Resumption
  private let onUncertain: OnUncertain
  private let answersFromCache: Bool
  private let notice: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - journal: nil to keep no journal.
  ///   - seed: the seed of a new run.
  ///   - answersFromCache: false to get every answer from its provider.
  ///   - notice: receives messages for the user about earlier runs.
  public init(
    journal: (any Journal)?, script: Script = Script(), resumption: Resumption = .none,
    seed: RandomSeed = .random(), onUncertain: OnUncertain = .fail,
    answersFromCache: Bool = true,
    notice: @escaping @Sendable (String) -> Void = { _ in }
  ) {
    self.journal = journal
    self.script = script
    self.resumption = resumption
    self.onUncertain = onUncertain
    self.answersFromCache = answersFromCache
    self.notice = notice
    state = Mutex(State(seed: seed))
  }

  /// Resumes the run that ``Resumption`` names, before the first call; does nothing when called
  /// again.
  ///
  /// - Returns: the calls of earlier attempts.
  /// - Throws: ``ImagineError`` if the run is alive, unknown, or has no script to find it by.
  func resume() throws -> [JournaledCall] {
    let resumed = try state.withLock { state -> (any ActiveRun)? in
      guard !state.hasSearched, resumption != .none else { return nil }
      let activeRun = try findRun(seed: state.seed)
      state.hasSearched = true
      guard let activeRun else { return nil }
      state.activeRun = activeRun
      state.seed = activeRun.run.seed
      for call in activeRun.earlierCalls {
        state.earlier[call.key] = call
        for input in call.derived { state.derived[input.recipe] = input }
      }
      return activeRun
    }
    guard let activeRun = resumed else { return [] }
    let calls = activeRun.earlierCalls
    guard activeRun.run.attempt > 1 else { return [] }
    let kept = "\(calls.count { $0.isAnswered }) of \(calls.count) answers are kept"
    let id = activeRun.run.id
    notice(
      activeRun.wasFinished
        ? "taking up the finished run \(id): \(kept); `imagine runs delete \(id)` allows a new one"
        : "resuming run \(id): \(kept)")
    return calls
  }

  private func findRun(seed: RandomSeed) throws -> (any ActiveRun)? {
    guard let journal else {
      throw ImagineError(.validation, "a run cannot be resumed without a journal")
    }
    switch resumption {
    case .none: return nil
    case .run(let id): return try journal.resume(id: id)
    case .lastUnfinished, .last, .once: break
    }
    guard script.path != nil else {
      throw ImagineError(
        .validation, "a run without a script file cannot be resumed")
    }
    if let unfinished = try journal.resume(script) { return unfinished }
    switch resumption {
    case .last: return try journal.finished(script).map { try journal.resume(id: $0.run.id) }
    case .once: return try journal.begin(script, seed: seed, unless: .any)
    default: return nil
    }
  }

  /// The seed of `math.random` and of images without an explicit seed.
  public var seed: RandomSeed { state.withLock { $0.seed } }

  /// Uses the seed and the id of a recorded run, so that images get the same metadata; call before
  /// the script begins.
  public func replay(id: String?, seed: RandomSeed?) {
    state.withLock { state in
      state.replayedID = id
      state.seed = seed ?? state.seed
    }
  }

  /// The run's id; nil before the first call.
  public var id: String? { state.withLock { $0.activeRun?.run.id ?? $0.replayedID } }

  // MARK: Calls

  /// The keys of a new call: counts it among equal calls.
  ///
  /// - Parameter hash: hashes an `extra` field that is redacted.
  func keys(
    for request: RequestDescription, provider: String, count: Int?,
    hash: (Value) -> String
  ) -> CallKeys {
    let redacted = request.redacted
    let hidden = request.extra.filter { redacted.extra[$0.key] == nil }.mapValues(hash)
    let key = CallKey(
      provider: provider, request: redacted, hidden: hidden, count: count, occurrence: 0)
    let oldKey = CallKey(
      provider: provider, request: request.redactedByVersion1, count: count,
      occurrence: 0)
    return state.withLock { state in
      var keys = CallKeys(key: key, keyOfVersion1: oldKey)
      keys.key.occurrence = state.count(key.request)
      keys.keyOfVersion1.occurrence =
        key == oldKey ? keys.key.occurrence : state.count("version 1 \(oldKey.request)")
      return keys
    }
  }

  /// What stands for a derived image in this run: what an earlier call of the run had for the same
  /// recipe, else this.
  func derivedInput(_ input: DerivedInput) -> DerivedInput {
    state.withLock { state in
      if let known = state.derived[input.recipe] { return known }
      state.derived[input.recipe] = input
      return input
    }
  }

  /// What earlier attempts left of the calls that make a list of images: the best of them.
  func standing(of keys: CallKeys, count: Int) -> JournaledCall.Standing {
    state.withLock { state in
      (0..<count).compactMap { part in
        let keys = keys.part(part)
        let hasOldKeys = state.activeRun?.hasKeysOfVersion1 == true
        return (state.earlier[keys.key] ?? (hasOldKeys ? state.earlier[keys.keyOfVersion1] : nil))?
          .standing
      }.min() ?? .unsent
    }
  }

  /// Opens the journal entry of a call, with what earlier attempts left.
  ///
  /// - Throws: ``ImagineError`` of kind `uncertain` if the call may already be paid for, or if
  ///   three attempts crashed in it; of kind `io` if the journal cannot be written.
  func open(
    _ keys: CallKeys, provider: ProviderProfile, request: RequestDescription, price: Price?,
    budgets: CallBudgets, derived: [DerivedInput], events: EventSource
  ) throws -> CallEntry {
    let activeRun = try beginIfNeeded()
    let earlier = state.withLock { state in
      state.earlier.removeValue(forKey: keys.key)
        ?? (activeRun?.hasKeysOfVersion1 == true
          ? state.earlier.removeValue(forKey: keys.keyOfVersion1) : nil)
    }
    guard var call = earlier else {
      var call = JournaledCall(
        run: activeRun?.run.id ?? "", key: keys.key, provider: provider.name, request: request,
        price: price, beganAt: WallClock.now, attempt: activeRun?.run.attempt ?? 1)
      call.derived = derived
      return CallEntry(
        call, isNew: true, in: activeRun, budgets: budgets, events: events,
        takesTickets: provider.takesTickets)
    }
    if call.derived.isEmpty { call.derived = derived }
    if call.isAnswered || call.state == .accepted {
      state.withLock { $0.answeredByJournal += 1 }
    }
    if !call.isAnswered, onUncertain == .fail {
      try throwIfUncertain(
        call, canAsk: provider.takesTickets && call.job != nil || call.isPromised)
    }
    budgets.count(call)
    let entry = CallEntry(
      call, isNew: false, in: activeRun, budgets: budgets, events: events,
      takesTickets: provider.takesTickets)
    entry.beginAttempt(activeRun?.run.attempt ?? 1, resetsCrashCount: onUncertain == .retry)
    if call.job != nil { register(entry) }
    return entry
  }

  /// Whether a call that may already be paid for is retried.
  var retriesUncertain: Bool { onUncertain == .retry }

  /// - Parameter canAsk: whether the provider can be asked about the call by its ticket, or does it
  ///   once if it is sent again.
  private func throwIfUncertain(_ call: JournaledCall, canAsk: Bool) throws(ImagineError) {
    let advice = "`--on-uncertain retry` retries it"
    let endpoint = MediaOperation.named(call.request.operation)?.endpoint
    if call.isUncertain, !canAsk {
      state.withLock { $0.earlier[call.key] = call }
      let reason =
        call.charged == .yes
        ? "was paid for in an earlier attempt, but its answer could not be stored; \(advice) and"
          + " pays again"
        : "was sent in an earlier attempt and may have been paid for; \(advice) and may pay twice"
      throw ImagineError(
        .uncertain, "the \(call.request.operation) call \(reason)", charged: call.charged,
        endpoint: endpoint)
    }
    if call.crashCount >= Self.maxCrashCount {
      state.withLock { $0.earlier[call.key] = call }
      throw ImagineError(
        .uncertain,
        "the \(call.request.operation) call is parked: \(call.crashCount) attempts in a row crashed"
          + " in it; \(advice)", charged: call.charged, endpoint: endpoint, job: call.job)
    }
  }

  /// How many attempts may crash in a call before it is parked.
  static let maxCrashCount = 3

  /// Makes a call findable by its job.
  func register(_ call: CallEntry) {
    let record = call.record
    guard let job = record.job else { return }
    state.withLock { $0.jobs[SubmittedJob.Key(provider: record.provider, id: job)] = call }
  }

  /// The call of this run that submitted a job.
  func call(
    ofJob job: SubmittedJob.Key, budgets: CallBudgets, events: EventSource
  ) -> CallEntry? {
    let (known, earlier, activeRun) = state.withLock { state in
      let earlier = state.earlier.values.first { $0.job == job.id && $0.provider == job.provider }
      return (state.jobs[job], earlier, state.activeRun)
    }
    if let known { return known }
    guard let earlier else { return nil }
    let call = CallEntry(
      earlier, isNew: false, in: activeRun, budgets: budgets, events: events)
    call.beginAttempt(activeRun?.run.attempt ?? 1, resetsCrashCount: false)
    register(call)
    return call
  }

  /// The calls of a run, or of all runs.
  package func journaledCalls(of run: String?) throws -> [JournaledCall] {
    guard let journal else { return [] }
    return try journal.calls(of: run.map { try journal.run($0).run.id }, limit: nil)
  }

  // MARK: The cache

  func cached(_ key: String) throws -> [StoredResult]? {
    answersFromCache ? try journal?.cached(key) : nil
  }

  /// Counts an answer from the cache.
  func countCached() {
    state.withLock { $0.answeredByCache += 1 }
  }

  /// How many calls were answered without a send.
  public var answered: (byJournal: Int, byCache: Int) {
    state.withLock { ($0.answeredByJournal, $0.answeredByCache) }
  }

  func cache(_ results: [StoredResult], as key: String) throws {
    try journal?.cache(results, as: key)
  }

  // MARK: Beginning and ending

  /// The locked run; begins a new one before the first call. Nil without a journal.
  private func beginIfNeeded() throws -> (any ActiveRun)? {
    guard let journal else { return nil }
    let (activeRun, older) = try state.withLock { state -> (any ActiveRun, RunSummary?) in
      if let activeRun = state.activeRun { return (activeRun, nil) }
      let older = try journal.unfinished(script) ?? journal.finished(script)
      let activeRun = try journal.begin(
        script, seed: state.seed, unless: resumption.excluded)
      state.activeRun = activeRun
      return (activeRun, older)
    }
    if let older { noticeOfOlderRun(older) }
    return activeRun
  }

  private func noticeOfOlderRun(_ older: RunSummary) {
    if older.run.state == .finished {
      guard older.uncertain > 0 else { return }
      notice(
        "run \(older.run.id) of this script finished with \(older.uncertainText);"
          + " this is a new run, `imagine runs resume \(older.run.id)` resumes that one")
    } else if older.hasPaidCalls {
      notice(
        "run \(older.run.id) of this script is unfinished, with \(older.keptText);"
          + " this is a new run, --resume resumes that one")
    }
  }

  /// Ends the run; does nothing when called again.
  ///
  /// - Parameter succeeded: whether the script ended normally.
  /// - Throws: ``ImagineError`` of kind `io` if the journal could not be written.
  public func end(succeeded: Bool) throws {
    let activeRun = state.withLock { state -> (any ActiveRun)? in
      defer { state.isEnded = true }
      return state.isEnded ? nil : state.activeRun
    }
    guard let activeRun else { return }
    defer { noticeOfEnd(activeRun.run.id, succeeded) }
    try activeRun.end(succeeded ? .finished : .failed, isKept: resumption == .once)
  }

  /// Tells the user what can be resumed.
  private func noticeOfEnd(_ id: String, _ succeeded: Bool) {
    guard let journal, let summary = try? journal.run(id) else { return }
    if !succeeded, script.path != nil, summary.hasPaidCalls {
      notice("run \(id) is unfinished, with \(summary.keptText); --resume resumes it")
    } else if succeeded, summary.uncertain > 0 {
      let calls = (try? journal.calls(of: id, limit: nil)) ?? []
      let names = calls.filter(\.isUncertain).map(\.name)
      let advice =
        script.path == nil
        ? "" : "; `imagine runs resume \(id) --on-uncertain retry` retries them"
      notice(
        "run \(id) finished with \(summary.uncertainText):"
          + " \(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", …" : "")\(advice)")
    }
  }
}

extension RunJournal.State {
  /// Counts a request and returns its number among equal requests.
  fileprivate mutating func count(_ request: String) -> Int {
    occurrences[request, default: 0] += 1
    return occurrences[request, default: 1]
  }
}
