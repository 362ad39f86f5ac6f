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

/// The store did not answer or cannot be used: another program locks it, its disk is full, or its
/// file is gone.
///
/// A write that throws this may or may not have been committed.
public struct StoreUnreachable: Error, CustomStringConvertible {
  /// The store's own message, for a log.
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}

/// Jobs and balances. They share a database because ``JobStore/add(_:limits:)`` records a job and
/// charges its owner in one transaction.
public typealias ServiceStore = JobStore & AccountStore

/// The jobs of all servers that share a data directory.
///
/// A server *leases* the job that it works on. Until the lease expires, no other server may take or
/// finish the job. The server renews the lease while it works and releases it on shutdown. If the
/// server dies, the lease expires and another server does the job. Every function is one
/// transaction, and throws ``StoreUnreachable`` if the store does not answer.
public protocol JobStore: Sendable {
  /// Records a job and charges its owner, if the owner has a balance.
  ///
  /// - Parameter limits: how many jobs may be queued or processing, this one included.
  func add(_ job: StoredJob, limits: JobLimits) async throws -> JobAcceptance

  /// The job with an id, if it belongs to `owner`.
  func job(id: String, owner: String) async throws -> StoredJob?

  /// Name of the folder that holds the video of a finished job, whoever owns the job.
  func videoFolder(of id: String) async throws -> String?

  /// Leases the next job that is queued or whose lease has expired; nil if there is none.
  ///
  /// Jobs are leased in order of arrival. Each expired lease and each
  /// ``JobRelease/resourceMissing`` moves a job behind some later ones, so that a job that crashes
  /// its servers does not block the queue. A job that crashed `maxCrashes` servers fails.
  func lease(by worker: String, for seconds: Double, maxCrashes: Int) async throws -> StoredJob?

  /// Extends a lease and records progress. False if the worker no longer holds the lease: the job
  /// was deleted or leased by another worker, and the work must stop.
  func renew(
    id: String, by worker: String, for seconds: Double, progress: Double
  ) async throws -> Bool

  /// Releases a lease, so that another server can take the job at once.
  func release(id: String, by worker: String, after reason: JobRelease) async throws

  /// Ends a job. False if the worker no longer holds the lease: then nothing is recorded.
  ///
  /// A retry is safe: it returns true if the same worker already recorded the same outcome.
  func finish(id: String, by worker: String, as outcome: JobOutcome) async throws -> Bool

  /// Deletes a job, and refunds its price if it was not finished. False if `owner` has no job with
  /// this id.
  func delete(id: String, owner: String) async throws -> Bool

  /// The ids that belong to jobs.
  func existing(among ids: Set<String>) async throws -> Set<String>

  /// Deletes jobs that ended before a time, and returns their ids.
  ///
  /// - Parameters:
  ///   - time: seconds since 1970.
  ///   - limit: how many jobs to delete at once.
  func deleteEnded(before time: Double, limit: Int) async throws -> [String]

  /// Runs a cheap query, to learn whether the store answers.
  func probe() async throws

  /// - Throws: ``StoreUnreachable`` if the store is gone for good and only a restart helps.
  func checkPresence() throws
}

extension JobStore {
  public func checkPresence() throws {}
}
