public import ImagineCore
import Synchronization

/// The run that this program makes: knows each call again by its key, and gives the answers that
/// earlier attempts left in the journal.
///
/// Nothing is opened or written before the first call, so a script that asks for no picture pays
/// nothing for the journal.
public final class CurrentRun: Sendable {
  /// What becomes of a call that was sent in an earlier attempt and has no answer.
  public enum OnUncertain: String, Sendable, CaseIterable {
    /// It is an error of kind `uncertain`.
    case fail
    /// It is sent again, and may be paid for twice.
    case retry
  }

  /// Whether the run goes on with an earlier one.
  public enum Resumption: Sendable, Hashable {
    /// It is a new one.
    case none
    /// With the last unfinished run of the same script, where there is one.
    case lastUnfinished
    /// With the run of this id.
    case run(String)
  }

  private struct State {
    var held: (any HeldRun)?
    var seed: RandomSeed
    /// Of the run that is replayed.
    var replayedID: String?
    var earlier: [CallKey: JournaledCall] = [:]
    var occurrences: [String: Int] = [:]
    var jobs: [String: OpenCall] = [:]
    var isEnded = false
    var answeredByJournal = 0
    var answeredByCache = 0
  }

  /// Nil where nothing is kept.
  private let journal: (any Journal)?
  private let script: Script
  private let resumption: Resumption
  private let onUncertain: OnUncertain
  private let answersFromCache: Bool
  private let notice: @Sendable (String) -> Void
  private let state: Mutex<State>

  /// - Parameters:
  ///   - journal: nil where nothing is to be kept.
  ///   - seed: of a new run.
  ///   - answersFromCache: false where every answer is wanted from its provider.
  ///   - notice: told what the user should know of earlier runs.
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

  /// Takes up the run that is to be gone on with, before the script begins.
  ///
  /// - Returns: the calls of its earlier attempts.
  /// - Throws: ``ImagineError`` where the run is alive, or unknown.
  func takeUp() throws -> [JournaledCall] {
    guard let journal else { return [] }
    let held: (any HeldRun)? =
      switch resumption {
      case .none: nil
      case .lastUnfinished: try journal.resume(script)
      case .run(let id): try journal.resume(id: id)
      }
    guard let held else { return [] }
    let calls = held.earlierCalls
    state.withLock { state in
      state.held = held
      state.seed = held.run.seed
      for call in calls { state.earlier[call.key] = call }
    }
    notice(
      "run \(held.run.id) goes on: \(calls.count { $0.isAnswered }) of \(calls.count) answers are"
        + " kept")
    return calls
  }

  /// What `math.random` and the seeds of pictures are drawn from.
  public var seed: RandomSeed { state.withLock { $0.seed } }

  /// Draws what a recorded run drew, and goes by its id, so that pictures tell the same of their
  /// making; before the script begins.
  public func replay(id: String?, seed: RandomSeed?) {
    state.withLock { state in
      state.replayedID = id
      state.seed = seed ?? state.seed
    }
  }

  /// The run's id, once it has one.
  public var id: String? { state.withLock { $0.held?.run.id ?? $0.replayedID } }

  // MARK: Calls

  /// The key of a call that a script makes now: one more among its equals.
  func key(for request: RequestDescription, provider: String, count: Int?) -> CallKey {
    var key = CallKey(provider: provider, request: request, count: count, occurrence: 0)
    state.withLock { state in
      state.occurrences[key.request, default: 0] += 1
      key.occurrence = state.occurrences[key.request, default: 0]
    }
    return key
  }

  /// What the journal knows of a call, and the call to go on with.
  ///
  /// - Throws: ``ImagineError`` of kind `uncertain` where it may have been paid for already, or
  ///   killed three attempts; of kind `io` where the journal cannot be written.
  func open(
    _ key: CallKey, provider: any Provider, request: RequestDescription, price: Price?
  ) throws -> OpenCall {
    let held = try held()
    let earlier = state.withLock { $0.earlier.removeValue(forKey: key) }
    guard var call = earlier else {
      let call = JournaledCall(
        run: held?.run.id ?? "", key: key, provider: provider.name, request: request,
        price: price, beganAt: WallClock.now, attempt: held?.run.attempt ?? 1)
      return OpenCall(call, in: held)
    }
    if call.isAnswered || call.state == .accepted {
      state.withLock { $0.answeredByJournal += 1 }
    }
    if !call.isAnswered, onUncertain == .fail { try refuse(call, key) }
    call.attempt = held?.run.attempt ?? 1
    if onUncertain == .retry { call.deaths = 0 }
    let open = OpenCall(call, in: held)
    if let job = call.job { register(open, job: job) }
    return open
  }

  /// Whether what was paid for and is lost is to be drawn again.
  var paysAgain: Bool { onUncertain == .retry }

  private func refuse(_ call: JournaledCall, _ key: CallKey) throws(ImagineError) {
    let advice = "`--on-uncertain retry` sends it again"
    let endpoint = Operation.named(call.request.operation)?.endpoint
    if call.isUncertain {
      state.withLock { $0.earlier[key] = call }
      let story =
        call.charged == .yes
        ? "was paid for in an earlier attempt, but its answer could not be kept; \(advice), and pays"
          + " again"
        : "was sent in an earlier attempt, and whether it was paid for is not known; \(advice), and"
          + " may pay twice"
      throw ImagineError(
        .uncertain, "the \(call.request.operation) call \(story)", charged: call.charged,
        endpoint: endpoint)
    }
    if call.deaths >= Self.deathsBeforeParking {
      state.withLock { $0.earlier[key] = call }
      throw ImagineError(
        .uncertain,
        "the \(call.request.operation) call is parked: \(call.deaths) attempts in a row died in"
          + " it; \(advice)", endpoint: endpoint, job: call.job)
    }
  }

  /// How many attempts may die in a call before it is left alone.
  static let deathsBeforeParking = 3

  func register(_ call: OpenCall, job: String) {
    state.withLock { $0.jobs[job] = call }
  }

  /// The call that a job came from, in this run.
  func call(ofJob id: String) -> OpenCall? {
    let found = state.withLock { state in
      state.jobs[id]
        ?? state.earlier.values.first { $0.job == id }
        .map { OpenCall($0, in: state.held) }
    }
    if let found { register(found, job: id) }
    return found
  }

  /// Calls that the journal has: of a run, or of all.
  func journaledCalls(of run: String?) throws -> [JournaledCall] {
    guard let journal else { return [] }
    return try journal.calls(of: run.map { try journal.run($0).run.id }, limit: nil)
  }

  // MARK: The cache

  func cached(_ key: String) throws -> [StoredResult]? {
    answersFromCache ? try journal?.cached(key) : nil
  }

  /// An answer of the cache was taken.
  func countCached() {
    state.withLock { $0.answeredByCache += 1 }
  }

  /// How many calls were answered without being sent.
  public var answered: (byJournal: Int, byCache: Int) {
    state.withLock { ($0.answeredByJournal, $0.answeredByCache) }
  }

  func cache(_ results: [StoredResult], as key: String) throws {
    try journal?.cache(results, as: key)
  }

  // MARK: Beginning and ending

  private func held() throws -> (any HeldRun)? {
    guard let journal else { return nil }
    let (held, older) = try state.withLock { state -> (any HeldRun, RunSummary?) in
      if let held = state.held { return (held, nil) }
      let older = try journal.unfinished(script)
      let held = try journal.begin(script, seed: state.seed)
      state.held = held
      return (held, older)
    }
    if let older, older.answered + older.uncertain > 0 {
      notice(
        "run \(older.run.id) of this script is unfinished, with \(older.answered) of"
          + " \(older.calls) answers kept; --resume goes on with it, this is a new one")
    }
    return held
  }

  /// Ends the run, once.
  ///
  /// - Parameter succeeded: whether the script came to its end.
  public func end(succeeded: Bool) throws {
    let held = state.withLock { state -> (any HeldRun)? in
      defer { state.isEnded = true }
      return state.isEnded ? nil : state.held
    }
    guard let held else { return }
    try held.end(succeeded ? .finished : .failed)
    guard !succeeded, script.path != nil, let journal else { return }
    let summary = try journal.run(held.run.id)
    guard summary.answered + summary.uncertain > 0 else { return }
    notice(
      "run \(held.run.id) is unfinished, with \(summary.answered) of \(summary.calls) answers"
        + " kept\(summary.uncertain > 0 ? " and \(summary.uncertain) uncertain" : "");"
        + " --resume goes on with it")
  }
}
