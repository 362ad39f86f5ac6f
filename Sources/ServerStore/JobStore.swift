public import ImagineAPI

/// How many jobs may be queued or processing.
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

/// The result of adding a job to a store.
public enum JobAcceptance: Sendable, Hashable {
  /// The job is recorded, paid for and synced to disk.
  case accepted
  /// The queue is full; nothing was recorded.
  case queueFull
  /// The owner's part of the queue is full; nothing was recorded.
  case ownerQueueFull
  /// The owner's balance does not cover the price; nothing was recorded.
  case balanceTooLow
}

/// How a job ends.
public enum JobOutcome: Sendable, Hashable {
  /// The whole video is in the folder with this name within the job's folder.
  case finished(videoFolder: String)
  /// The job has no video. Its price is refunded.
  case failed(reason: String)
  /// Nobody knows whether an upstream made the video. The job counts as failed, its price is
  /// refunded, and it is never sent again.
  case uncertain(reason: String)
}

/// Why a worker releases a job that it has not finished.
public enum JobRelease: Sendable, Hashable {
  /// The server shuts down. The attempt does not count.
  case shutdown
  /// The server lacks something that every job needs: disk space, descriptors, a program. The
  /// attempt does not count, but some later jobs go first.
  case resourceMissing
  /// The job itself failed. Counted in ``StoredJob/faults``.
  case fault
}

/// The jobs of a store at a moment.
public struct JobCounts: Sendable, Hashable {
  public var queued = 0
  public var processing = 0
  /// Seconds since the oldest queued job was added; nil if none is queued.
  public var oldestQueuedAge: Double?
  /// Jobs that ended in the last ``recentSeconds``.
  public var endedRecently = 0

  /// The time of ``endedRecently``, in seconds.
  public static let recentSeconds = 600.0

  public init() {}

  /// Seconds until a place in the queue becomes free, by the queue's speed; nil if no job has ended
  /// for a while.
  public var secondsPerPlace: Double? {
    endedRecently > 0 ? Self.recentSeconds / Double(endedRecently) : nil
  }
}

/// The jobs of all servers that share a store.
///
/// A server *leases* the job that it works on. Until the lease expires, no other server may take or
/// finish the job. The server renews the lease while it works and releases it on shutdown. If the
/// server dies, the lease expires and another server does the job.
///
/// A lease has an id, which its caller makes: one id is one lease. It stays with the job after the
/// end, so that a repeated ``finish(id:by:as:)`` gets the same answer, and it fences off a worker
/// whose lease was lost: it names the folder of the worker's files.
///
/// Jobs are leased in fair turns: the turn of a new job is the one after its owner's last, or that
/// of the first job in the queue if that is later. So an owner with a hundred jobs and an owner with
/// one take turns.
public protocol JobStore: Sendable {
  /// Records a job and charges its owner, if the owner has a balance. A repetition with the same id
  /// is accepted and changes nothing.
  ///
  /// - Parameter limits: how many jobs may be queued or processing, this one included. The limit of
  ///   all owners may be exceeded by what is added within a second.
  func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance

  /// The job with an id, if it belongs to `owner`.
  func job(id: String, owner: String) async throws -> StoredJob?

  /// What the status of a job shows, if the job belongs to `owner`. Clients ask for it all the time.
  func summary(id: String, owner: String) async throws -> JobSummary?

  /// Jobs in these states, oldest first.
  ///
  /// - Parameters:
  ///   - owner: nil for all owners.
  ///   - limit: the number of newest jobs to return.
  func jobs(of owner: String?, in states: Set<JobState>, limit: Int) async throws -> [StoredJob]

  /// The jobs of an owner, newest first unless `isAscending`; nil if `after` is none of them.
  ///
  /// - Parameters:
  ///   - after: the id of the job before the first one; nil to begin at the end.
  ///   - limit: the most jobs.
  func list(
    owner: String, after: String?, limit: Int, isAscending: Bool
  ) async throws -> [StoredJob]?

  /// Name of the folder that holds the video of a finished job, whoever owns the job.
  func videoFolder(of id: String) async throws -> String?

  /// Leases the next job that is queued or whose lease has expired; nil if there is none. A
  /// repetition with the same lease returns the same job.
  ///
  /// Jobs of upstreams and jobs of the server's own engine are leased apart: neither kind waits
  /// behind the other.
  ///
  /// Each expired lease and each ``JobRelease/resourceMissing`` moves a job behind some later ones,
  /// so that a job that crashes its servers does not block the queue. A job that crashed
  /// `maxCrashes` servers fails.
  ///
  /// - Parameters:
  ///   - lease: the id of the lease, used for no other one.
  ///   - isAtUpstream: true for a job with an ``StoredJob/upstream``, false for one without.
  func lease(
    by lease: String, for seconds: Double, maxCrashes: Int, atUpstream isAtUpstream: Bool
  ) async throws -> StoredJob?

  /// Extends a lease and records progress. False if the worker no longer holds the lease: the job
  /// was deleted or leased by another worker, and the work must stop.
  func renew(
    id: String, by lease: String, for seconds: Double, progress: Double
  ) async throws -> Bool

  /// Records who makes a job's video elsewhere. On the disk when this returns: before a send whose
  /// ticket the caller chose, else after the answer.
  ///
  /// - Parameter ticket: the ticket as JSON; nil while the upstream has not answered.
  /// - Returns: false if the worker no longer holds the lease: then nothing is recorded.
  func recordTicket(
    id: String, by lease: String, upstream: String, ticket: String?
  ) async throws -> Bool

  /// Releases a lease, so that another server can take the job at once.
  func release(id: String, by lease: String, after reason: JobRelease) async throws

  /// Ends a job. False if the worker no longer holds the lease: then nothing is recorded.
  ///
  /// A retry is safe: it returns true if the same lease already recorded the same outcome.
  func finish(id: String, by lease: String, as outcome: JobOutcome) async throws -> Bool

  /// Ends a job that is queued or processing, as failed, for whoever runs the service. False if
  /// there is no such job, or it had ended otherwise.
  func cancel(id: String, reason: String) async throws -> Bool

  /// Queues a job again that is processing or has failed, for whoever runs the service. A job that
  /// failed was refunded: it costs nothing now. False if there is no such job, or it is finished.
  func requeue(id: String) async throws -> Bool

  /// Deletes a job, and refunds its price if it was not finished. Its media are due for removal
  /// (``RemovalStore``). False if `owner` has no job with this id.
  func delete(id: String, owner: String) async throws -> Bool

  /// The ids that belong to jobs.
  func existing(among ids: Set<String>) async throws -> Set<String>

  /// Deletes jobs that ended before a time, and returns their ids. Their media are due for removal
  /// (``RemovalStore``).
  ///
  /// - Parameters:
  ///   - time: seconds since 1970.
  ///   - limit: how many jobs to delete at once.
  func deleteEnded(before time: Double, limit: Int) async throws -> [String]

  /// How many jobs there are, and how fast they end.
  func jobCounts() async throws -> JobCounts
}
