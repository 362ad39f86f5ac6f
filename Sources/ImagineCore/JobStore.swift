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
  /// How often a server began the work, not counting what it gave up in order.
  public var attempts: Int
  /// How many of the attempts ended by a fault of the job itself.
  public var faults: Int
  /// Why the job failed.
  public var failure: String?
  /// Name of the folder, within the job's own, that holds the finished film.
  public var film: String?

  public init(
    id: String, owner: String, work: Work, price: Int64 = 0, state: JobState = .queued,
    createdAt: Double, progress: Double = 0, attempts: Int = 0, faults: Int = 0,
    failure: String? = nil, film: String? = nil
  ) {
    self.id = id
    self.owner = owner
    self.work = work
    self.price = price
    self.state = state
    self.createdAt = createdAt
    self.progress = progress
    self.attempts = attempts
    self.faults = faults
    self.failure = failure
    self.film = film
  }
}

/// How many jobs may wait or be worked on.
public struct JobLimits: Sendable, Hashable {
  /// Jobs of all owners.
  public var all: Int
  /// Jobs of one owner.
  public var perOwner: Int

  public init(all: Int, perOwner: Int = .max) {
    self.all = all
    self.perOwner = perOwner
  }
}

/// What became of a job that was handed to a store.
public enum JobAcceptance: Sendable, Hashable {
  /// It is recorded, paid for, and outlives a power cut.
  case accepted
  /// As many jobs wait as may wait; nothing was recorded.
  case queueFull
  /// As many jobs of the owner wait as one owner may have; nothing was recorded.
  case ownerQueueFull
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

/// Why a worker gives up a job that it has not finished.
public enum JobRelease: Sendable, Hashable {
  /// The worker stops in order. The attempt does not count.
  case shutdown
  /// The surroundings lack something that any job needs: disk space, descriptors, a program. The
  /// attempt does not count, but some later jobs get their turn first.
  case lack
  /// The job itself met a fault, which counts in ``StoredJob/faults``.
  case fault
}

/// A store did not answer, or cannot be used: another program holds it, its disk is full, its file
/// is gone.
///
/// A write that ended so may have been made or not.
public struct StoreUnreachable: Error, CustomStringConvertible {
  /// What the store said, for a log.
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// The jobs of all servers on one home.
///
/// A server that works on a job *leases* it: it alone may finish it, until another has leased it. A
/// lease is renewed while the work goes on and given up on an orderly exit; one that has expired
/// is anybody's. So what was accepted is finished though a server dies, and no live server's work
/// is taken from it. Every function is one transaction, and throws ``StoreUnreachable`` where the
/// store does not answer.
public protocol JobStore: Sendable {
  /// Records an accepted job and charges its owner, if the owner has a balance.
  ///
  /// - Parameter limits: how many jobs may wait or be worked on, this one included.
  func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance

  /// The job with an id, if it belongs to `owner`.
  func job(id: String, owner: String) async throws -> StoredJob?

  /// Name of the folder that holds the film of a finished job, whoever owns it.
  func film(of id: String) async throws -> String?

  /// Leases the next job that waits or whose lease has expired; nil where there is none.
  ///
  /// Jobs have their turn in order of arrival, except that each expired lease and each
  /// ``JobRelease/lack`` puts a job behind some later ones, so that a job which takes down its
  /// workers does not keep all others from being done. One that lost `deaths` workers is failed.
  func lease(by worker: String, for seconds: Double, deaths: Int) async throws -> StoredJob?

  /// Extends a lease and records progress. False where the worker no longer holds it: the job was
  /// deleted or taken over, and the work must stop.
  func renew(
    id: String, by worker: String, for seconds: Double, progress: Double
  ) async throws -> Bool

  /// Gives a lease up, so that another server may take the job at once.
  func release(id: String, by worker: String, after reason: JobRelease) async throws

  /// Ends a job. False where the worker no longer holds the lease: then nothing is recorded. True
  /// also where the same worker has ended the job with the same outcome before.
  func finish(id: String, by worker: String, as outcome: JobOutcome) async throws -> Bool

  /// Forgets a job, and gives its price back where it was not finished. False where `owner` has
  /// none with this id.
  func delete(id: String, owner: String) async throws -> Bool

  /// Which of some ids belong to jobs.
  func known(among ids: Set<String>) async throws -> Set<String>

  /// Forgets jobs that ended before a time, and gives their ids.
  ///
  /// - Parameters:
  ///   - time: seconds since 1970.
  ///   - limit: jobs that are forgotten at once.
  func forget(endedBefore time: Double, limit: Int) async throws -> [String]

  /// Asks the store something that costs nothing, to learn whether it answers.
  func probe() async throws

  /// - Throws: ``StoreUnreachable`` where the store is gone for good and only a new start helps.
  func checkPresence() throws
}

extension JobStore {
  public func checkPresence() throws {}
}
