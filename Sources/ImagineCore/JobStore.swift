/// A job as the server keeps it: what was asked, by whom, and what came of it.
public struct StoredJob: Sendable, Hashable {
  /// What a job was asked to do: all that its engine call needs, so that another server can do it.
  public struct Work: Sendable, Hashable, Codable {
    /// The operation's name, such as `video`.
    public var operation: String
    public var prompt: String
    public var style: String
    /// Nil where the shape follows from the picture.
    public var aspectRatio: AspectRatio?
    public var seed: Int64
    /// Name of the input picture within the job's folder, for operations that take one.
    public var picture: String?

    public init(
      operation: String, prompt: String, style: String, aspectRatio: AspectRatio?, seed: Int64,
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
  /// Tokens that its owner paid, and gets back if it fails.
  public var price: Int64
  public var state: JobState
  /// Seconds since 1970.
  public var createdAt: Double
  /// The part done, 0 … 1.
  public var progress: Double
  /// How often a server began the work.
  public var attempts: Int
  /// Why the job failed.
  public var failure: String?
  /// Name of the folder, within the job's own, that holds the finished film.
  public var film: String?

  public init(
    id: String, owner: String, work: Work, price: Int64 = 0, state: JobState = .queued,
    createdAt: Double, progress: Double = 0, attempts: Int = 0, failure: String? = nil,
    film: String? = nil
  ) {
    self.id = id
    self.owner = owner
    self.work = work
    self.price = price
    self.state = state
    self.createdAt = createdAt
    self.progress = progress
    self.attempts = attempts
    self.failure = failure
    self.film = film
  }
}

/// What became of a job that was handed to a store.
public enum JobAcceptance: Sendable, Hashable {
  /// It is recorded, paid for, and outlives a power cut.
  case accepted
  /// As many jobs wait as may wait; nothing was recorded.
  case queueFull
  /// The owner's balance does not cover the price; nothing was recorded.
  case balanceTooLow
}

/// How a job ends.
public enum JobOutcome: Sendable, Hashable {
  /// The film is whole, in the folder with this name within the job's own.
  case finished(film: String)
  /// There will be no film; its price goes back to the owner.
  case failed(reason: String)
}

/// The jobs of all servers on one home.
///
/// A server that works on a job *leases* it: it alone may finish it, until the lease expires. A
/// lease is renewed while the work goes on and given up on an orderly exit; one that has expired
/// is anybody's. So what was accepted is finished though a server dies, and no live server's work
/// is taken from it. Every function is one transaction, and throws where the store cannot be
/// reached.
public protocol JobStore: Sendable {
  /// Records an accepted job and charges its owner, if the owner has a balance.
  ///
  /// - Parameter limit: how many jobs may wait or be worked on, this one included.
  func add(_ job: StoredJob, limit: Int) async throws -> JobAcceptance

  /// The job with an id, if it belongs to `owner`.
  func job(id: String, owner: String) async throws -> StoredJob?

  /// Name of the folder that holds the film of a finished job, whoever owns it.
  func film(of id: String) async throws -> String?

  /// Leases the oldest job that waits or whose lease has expired; nil where there is none.
  ///
  /// A job that was begun `attempts` times and never finished is failed instead: it would take
  /// down one server after the other.
  func lease(by worker: String, for seconds: Double, attempts: Int) async throws -> StoredJob?

  /// Extends a lease and records progress. False where the worker no longer holds it: the job was
  /// deleted or taken over, and the work must stop.
  func renew(
    id: String, by worker: String, for seconds: Double, progress: Double
  ) async throws -> Bool

  /// Gives a lease up, so that another server takes the job at once.
  func release(id: String, by worker: String) async throws

  /// Ends a job. False where the worker no longer holds the lease: then nothing is recorded.
  func finish(id: String, by worker: String, as outcome: JobOutcome) async throws -> Bool

  /// Forgets a job, and gives its price back where it was not finished. False where `owner` has
  /// none with this id.
  func delete(id: String, owner: String) async throws -> Bool

  /// Which of some ids belong to jobs.
  func known(among ids: Set<String>) async throws -> Set<String>
}
