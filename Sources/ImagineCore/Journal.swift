/// Keeps what every run on a home has asked for, so that nothing is paid for twice.
///
/// A call goes through ``JournaledCall/State``: *intent* → *sent* → *accepted* (a job's id, or the
/// addresses of pictures) →
/// *stored* → *done*, or *failed*. What a service may have billed is on the disk before it is sent:
/// a journal syncs *sent*, *accepted* and *stored* before it returns.
///
/// Functions throw ``ImagineError``, of kind `io` where a file fails.
public protocol Journal: Sendable {
  /// Begins a run and holds it: until it is released, or until this process dies.
  ///
  /// - Parameter isOnly: whether it is an error where another run of the script is under way or
  ///   unfinished; asked and begun in one step, so that of several processes one begins.
  func begin(_ script: Script, seed: RandomSeed, isOnly: Bool) throws -> any HeldRun

  /// Takes up the last unfinished run of a script; nil where there is none.
  ///
  /// - Throws: ``ImagineError`` that names the process where the run is alive.
  func resume(_ script: Script) throws -> (any HeldRun)?

  /// Takes up a run by its id, or by the beginning of its id.
  func resume(id: String) throws -> any HeldRun

  /// The last unfinished run of a script that no process holds.
  func unfinished(_ script: Script) throws -> RunSummary?

  /// The last run of a script that came to its end.
  func finished(_ script: Script) throws -> RunSummary?

  /// Every run, the newest first.
  func runs() throws -> [RunSummary]

  /// A run by its id, or by the beginning of its id.
  func run(_ id: String) throws -> RunSummary

  /// The calls of a run, or of all runs, in the order in which they began; at most `limit`, the
  /// newest.
  func calls(of run: String?, limit: Int?) throws -> [JournaledCall]

  /// Forgets a run and its calls.
  ///
  /// - Throws: ``ImagineError`` where the run is alive.
  func delete(run id: String) throws

  /// Finds the answer to an equal request of an earlier run.
  func cached(_ key: String) throws -> [StoredResult]?

  /// Keeps an answer for equal requests of later runs.
  func cache(_ results: [StoredResult], as key: String) throws
}

/// A run that this process holds. Released when it goes.
public protocol HeldRun: AnyObject, Sendable {
  var run: Run { get }

  /// The calls of its earlier attempts.
  var earlierCalls: [JournaledCall] { get }

  /// Whether an older program began it, whose keys left out what they do not leave out now.
  var hasKeysOfVersion1: Bool { get }

  /// Writes a call as it now is. What is *sent*, *accepted* or *stored* is on the disk when this
  /// returns; the rest follows with the next write.
  ///
  /// - Throws: ``ImagineError`` of kind `budget` where a call that is *sent* would exceed what may
  ///   be spent in a day; of kind `io` where it cannot be written, and for a call that is *sent* also
  ///   where an earlier write that nobody waited for has failed. Then it is not written.
  func record(_ call: JournaledCall) async throws

  /// Ends the run and releases it.
  ///
  /// - Throws: ``ImagineError`` of kind `io` where the end, or anything before it, could not be
  ///   written.
  func end(_ state: Run.State) throws
}

/// A run with what its calls came to.
public struct RunSummary: Sendable, Codable {
  public var run: Run
  public var calls: Int
  /// Calls whose result is at hand.
  public var answered: Int
  /// Calls that a service accepted, and whose result is not at hand: jobs that were not waited for,
  /// pictures that were not downloaded.
  public var accepted: Int
  /// Calls that were billed, or may have been, and have no result.
  public var uncertain: Int
  /// What was spent, by unit.
  public var spent: [String: Double]
  /// Whether a process holds it.
  public var isAlive: Bool

  public init(
    run: Run, calls: Int, answered: Int, accepted: Int, uncertain: Int, spent: [String: Double],
    isAlive: Bool
  ) {
    self.run = run
    self.calls = calls
    self.answered = answered
    self.accepted = accepted
    self.uncertain = uncertain
    self.spent = spent
    self.isAlive = isAlive
  }

  /// Whether going on with it spares anything that a new run would pay for.
  public var hasSomethingPaid: Bool { answered + accepted + uncertain > 0 }
}

/// Follows a call through its attempts to send it.
public protocol CallTrace: Sendable {
  /// It is about to be written to the network.
  func willSend() async throws
  /// The service drew it, and told where its pictures are for a while.
  func wasAnswered(at addresses: [String]) async throws
  /// An attempt ended with an error; another one may follow.
  ///
  /// - Parameter charged: what is known of that attempt alone; `no` where the service refused it, or
  ///   was not reached.
  func attemptFailed(_ charged: ImagineError.Charged) async
}
