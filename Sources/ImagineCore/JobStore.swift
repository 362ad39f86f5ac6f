/// A job as the server keeps it: what was asked, by whom, and what came of it.
public struct StoredJob: Sendable, Hashable {
  /// What a job was asked to do: all that its engine call needs, so that another server can do it.
  public struct Work: Sendable, Hashable, Codable {
    /// The operation's name, such as `video`.
    public var operation: String
    public var prompt: String
    public var style: String
    public var aspectRatio: String
    public var seed: Int64
    /// Name of the input picture within the job's folder, for operations that take one.
    public var picture: String?

    public init(
      operation: String, prompt: String, style: String, aspectRatio: String, seed: Int64,
      picture: String? = nil
    ) {
      self.operation = operation
      self.prompt = prompt
      self.style = style
      self.aspectRatio = aspectRatio
      self.seed = seed
      self.picture = picture
    }
  }

  public var id: String
  /// The account that made it, and the only one that it exists for.
  public var owner: String
  public var work: Work
  public var state: JobState
  /// Seconds since 1970.
  public var createdAt: Double
  /// The part done, 0 … 1.
  public var progress: Double
  /// How often a server began the work.
  public var attempts: Int
  /// Why the job failed.
  public var failure: String?

  public init(
    id: String, owner: String, work: Work, state: JobState, createdAt: Double,
    progress: Double = 0, attempts: Int = 0, failure: String? = nil
  ) {
    self.id = id
    self.owner = owner
    self.work = work
    self.state = state
    self.createdAt = createdAt
    self.progress = progress
    self.attempts = attempts
    self.failure = failure
  }
}

/// The jobs of all servers on one home.
///
/// A server that works on a job *leases* it: it alone may finish it, until the lease expires. A
/// lease is renewed while the work goes on and given up on an orderly exit; one that has expired
/// is anybody's. So what was accepted is finished though a server dies, and no live server's work
/// is taken from it. Every function is one transaction.
public protocol JobStore: Sendable {
  /// Records an accepted job. When this returns, the job outlives a power cut.
  func add(_ job: StoredJob) async throws

  /// The job with an id, if it belongs to `owner`.
  func job(id: String, owner: String) async throws -> StoredJob?

  /// How many jobs wait or are worked on.
  func unfinishedCount() async throws -> Int

  /// Leases the oldest job that waits or whose lease has expired; nil where there is none.
  func lease(by worker: String, for seconds: Double) async throws -> StoredJob?

  /// Extends a lease and records progress. False where the worker no longer holds it: the job was
  /// deleted or taken over, and the work must stop.
  func renew(
    id: String, by worker: String, for seconds: Double, progress: Double
  ) async throws -> Bool

  /// Gives a lease up, so that another server takes the job at once.
  func release(id: String, by worker: String) async throws

  /// Ends a job. False where the worker no longer holds the lease: then nothing is recorded.
  func finish(
    id: String, by worker: String, as state: JobState, failure: String?
  ) async throws -> Bool

  /// Forgets a job. False where `owner` has none with this id.
  func delete(id: String, owner: String) async throws -> Bool
}
