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

  fileprivate struct State {
    var held: (any HeldRun)?
    var seed: RandomSeed
    /// Of the run that is replayed.
    var replayedID: String?
    /// Whether it was looked for a run to resume.
    var hasLooked = false
    var earlier: [CallKey: JournaledCall] = [:]
    var occurrences: [String: Int] = [:]
    var jobs: [SubmittedJob.Key: OpenCall] = [:]
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

  /// Resumes the run that is to be resumed, before the first call; does nothing when it is called
  /// again.
  ///
  /// - Returns: the calls of its earlier attempts.
  /// - Throws: ``ImagineError`` where the run is alive, or unknown, or cannot be found again by its
  ///   script.
  func takeUp() throws -> [JournaledCall] {
    let resumed = try state.withLock { state -> (any HeldRun)? in
      guard !state.hasLooked, resumption != .none else { return nil }
      let held = try findRun()
      state.hasLooked = true
      guard let held else { return nil }
      state.held = held
      state.seed = held.run.seed
      for call in held.earlierCalls { state.earlier[call.key] = call }
      return held
    }
    guard let held = resumed else { return [] }
    let calls = held.earlierCalls
    notice(
      "run \(held.run.id) goes on: \(calls.count { $0.isAnswered }) of \(calls.count) answers are"
        + " kept")
    return calls
  }

  private func findRun() throws -> (any HeldRun)? {
    guard let journal else {
      throw ImagineError(.validation, "without a journal no run can be resumed")
    }
    switch resumption {
    case .none: return nil
    case .lastUnfinished:
      guard script.path != nil else {
        throw ImagineError(
          .validation, "a run without a script file is not found again, so it cannot be resumed")
      }
      return try journal.resume(script)
    case .run(let id): return try journal.resume(id: id)
    }
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

  /// What a call of a script is known by.
  struct Name: Sendable {
    var key: CallKey
    /// Its key in the journal of an older program.
    var keyOfVersion1: CallKey

    /// The same for one of the calls that make one list of pictures.
    func part(_ part: Int) -> Name {
      var copy = self
      copy.key.part = part
      copy.keyOfVersion1.part = part
      return copy
    }
  }

  /// The name of a call that a script makes now: one more among its equals.
  ///
  /// - Parameter hash: of an `extra` field that is written down nowhere.
  func name(
    for request: RequestDescription, provider: String, count: Int?,
    hash: (RequestDescription.Scalar) -> String
  ) -> Name {
    let told = request.withoutPrivateExtras
    let hidden = request.extra.filter { told.extra[$0.key] == nil }.mapValues(hash)
    let key = CallKey(
      provider: provider, request: told, hidden: hidden, count: count, occurrence: 0)
    let oldKey = CallKey(
      provider: provider, request: request.withoutPrivateExtrasOfVersion1, count: count,
      occurrence: 0)
    return state.withLock { state in
      var name = Name(key: key, keyOfVersion1: oldKey)
      name.key.occurrence = state.count(key.request)
      name.keyOfVersion1.occurrence =
        key == oldKey ? name.key.occurrence : state.count("version 1 \(oldKey.request)")
      return name
    }
  }

  /// What the journal knows of a call, and the call to go on with.
  ///
  /// - Throws: ``ImagineError`` of kind `uncertain` where it may have been paid for already, or
  ///   killed three attempts; of kind `io` where the journal cannot be written.
  func open(
    _ name: Name, provider: any Provider, request: RequestDescription, price: Price?,
    spending: Spending
  ) throws -> OpenCall {
    let held = try held()
    let earlier = state.withLock { state in
      state.earlier.removeValue(forKey: name.key)
        ?? (held?.hasKeysOfVersion1 == true
          ? state.earlier.removeValue(forKey: name.keyOfVersion1) : nil)
    }
    guard let call = earlier else {
      let call = JournaledCall(
        run: held?.run.id ?? "", key: name.key, provider: provider.name, request: request,
        price: price, beganAt: WallClock.now, attempt: held?.run.attempt ?? 1)
      return OpenCall(call, isNew: true, in: held, spending: spending)
    }
    if call.isAnswered || call.state == .accepted {
      state.withLock { $0.answeredByJournal += 1 }
    }
    if !call.isAnswered, onUncertain == .fail { try refuse(call) }
    spending.count(call)
    let open = OpenCall(call, isNew: false, in: held, spending: spending)
    open.beginAttempt(held?.run.attempt ?? 1, forgetsDeaths: onUncertain == .retry)
    if call.job != nil { register(open) }
    return open
  }

  /// Whether what was paid for and is lost is to be drawn again.
  var paysAgain: Bool { onUncertain == .retry }

  private func refuse(_ call: JournaledCall) throws(ImagineError) {
    let advice = "`--on-uncertain retry` sends it again"
    let endpoint = Operation.named(call.request.operation)?.endpoint
    if call.isUncertain {
      state.withLock { $0.earlier[call.key] = call }
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
      state.withLock { $0.earlier[call.key] = call }
      throw ImagineError(
        .uncertain,
        "the \(call.request.operation) call is parked: \(call.deaths) attempts in a row died in"
          + " it; \(advice)", endpoint: endpoint, job: call.job)
    }
  }

  /// How many attempts may die in a call before it is left alone.
  static let deathsBeforeParking = 3

  /// Remembers a call that has a job.
  func register(_ call: OpenCall) {
    let record = call.record
    guard let job = record.job else { return }
    state.withLock { $0.jobs[SubmittedJob.Key(provider: record.provider, id: job)] = call }
  }

  /// The call that a job came from, in this run.
  func call(ofJob job: SubmittedJob.Key, spending: Spending) -> OpenCall? {
    let (known, earlier, held) = state.withLock { state in
      let earlier = state.earlier.values.first { $0.job == job.id && $0.provider == job.provider }
      return (state.jobs[job], earlier, state.held)
    }
    if let known { return known }
    guard let earlier else { return nil }
    let call = OpenCall(earlier, isNew: false, in: held, spending: spending)
    call.beginAttempt(held?.run.attempt ?? 1, forgetsDeaths: false)
    register(call)
    return call
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
      let older = try journal.unfinished(script) ?? journal.finished(script)
      let held = try journal.begin(
        script, seed: state.seed, isOnly: resumption == .lastUnfinished)
      state.held = held
      return (held, older)
    }
    if let older { tellOfOlder(older) }
    return held
  }

  private func tellOfOlder(_ older: RunSummary) {
    if older.run.state == .finished {
      guard older.uncertain > 0 else { return }
      notice(
        "run \(older.run.id) of this script came to its end and left \(older.openQuestions);"
          + " imagine runs resume \(older.run.id) asks for them again, this is a new run")
    } else if older.hasSomethingPaid {
      notice(
        "run \(older.run.id) of this script is unfinished, with \(older.kept);"
          + " --resume goes on with it, this is a new one")
    }
  }

  /// Ends the run, once.
  ///
  /// - Parameter succeeded: whether the script came to its end.
  /// - Throws: ``ImagineError`` of kind `io` where the journal could not be written.
  public func end(succeeded: Bool) throws {
    let held = state.withLock { state -> (any HeldRun)? in
      defer { state.isEnded = true }
      return state.isEnded ? nil : state.held
    }
    guard let held else { return }
    defer { tellOfEnd(held.run.id, succeeded) }
    try held.end(succeeded ? .finished : .failed)
  }

  /// Tells what is left to go on with.
  private func tellOfEnd(_ id: String, _ succeeded: Bool) {
    guard let journal, let summary = try? journal.run(id) else { return }
    if !succeeded, script.path != nil, summary.hasSomethingPaid {
      notice("run \(id) is unfinished, with \(summary.kept); --resume goes on with it")
    } else if succeeded, summary.uncertain > 0 {
      let calls = (try? journal.calls(of: id, limit: nil)) ?? []
      let names = calls.filter(\.isUncertain).map(\.name)
      let advice =
        script.path == nil
        ? "" : "; imagine runs resume \(id) --on-uncertain retry sends them again"
      notice(
        "run \(id) came to its end and left \(summary.openQuestions):"
          + " \(names.prefix(3).joined(separator: ", "))\(names.count > 3 ? ", …" : "")\(advice)")
    }
  }
}

extension CurrentRun.State {
  /// The number of one more request among its equals.
  fileprivate mutating func count(_ request: String) -> Int {
    occurrences[request, default: 0] += 1
    return occurrences[request, default: 1]
  }
}

extension RunSummary {
  /// What a resumed run does not pay for again, in words.
  fileprivate var kept: String {
    var parts = ["\(answered) of \(calls) answers kept"]
    if accepted > 0 { parts.append("\(accepted) accepted and not fetched") }
    if uncertain > 0 { parts.append("\(uncertain) uncertain") }
    return parts.joined(separator: ", ")
  }

  fileprivate var openQuestions: String {
    uncertain == 1
      ? "1 call that may have been paid for and has no answer"
      : "\(uncertain) calls that may have been paid for and have no answer"
  }
}

extension JournaledCall {
  /// The call in a few words, for messages: `generate "a red boat"`.
  fileprivate var name: String {
    guard let prompt = request.prompt else { return request.operation }
    return "\(request.operation) \"\(prompt.prefix(40))\(prompt.count > 40 ? "…" : "")\""
  }
}
