import CoreMetrics
import ImagineAPI
import ImagineSystem
import Logging
import NIOPosix
import ServerStore
import ServiceLifecycle
import Synchronization

/// Does the jobs of a store, including jobs whose server died.
///
/// A video is made in a folder of this machine. Then its files are stored under the lease's id, and
/// the job is recorded as finished: whoever lost the lease has stored what nobody refers to.
final class JobWorker: Service {
  let directory: DataDirectory
  let storage: any MediaStorage
  let removal: MediaRemoval
  let orphans: OrphanSweep
  let store: any ServiceStore
  private let engine: any Engine
  let upstreams: UpstreamVideos
  let limits: Limits
  let logger: Logger
  private let metrics: ServiceMetrics
  private let workSignal = WorkSignal()
  /// Running work, by job id.
  private let running = Mutex<[String: WorkControl]>([:])
  private let isStopping = Atomic(false)

  /// Names this server among those that may lead.
  let name: String

  /// - Throws: ``ImagineError`` of kind `io` without random bytes.
  init(
    _ directory: DataDirectory, removal: MediaRemoval, orphans: OrphanSweep,
    store: any ServiceStore, engine: any Engine, upstreams: UpstreamVideos, limits: Limits,
    metrics: ServiceMetrics = ServiceMetrics(), logger: Logger
  ) throws {
    name = try RandomID.next()
    self.metrics = metrics
    self.directory = directory
    self.storage = removal.storage
    self.removal = removal
    self.orphans = orphans
    self.store = store
    self.engine = engine
    self.upstreams = upstreams
    self.limits = limits
    self.logger = logger
  }

  /// Looks for work at once, because a job was added.
  func wake() { workSignal.signal() }

  /// Stops work on a job that was deleted.
  func stop(deleted id: String) {
    running.withLock { $0[id] }?.stop(.deleted)
  }

  /// The progress of a job that runs on this server, 0 … 1. The store's value is a few seconds old.
  func progress(of id: String) -> Double? {
    running.withLock { $0[id] }?.progress
  }

  /// Whether no job runs on this server.
  var isIdle: Bool { running.withLock { $0.isEmpty } }

  /// Works until the service shuts down, then releases the leases.
  func run() async throws {
    let threads = NIOThreadPool(numberOfThreads: limits.videos)
    threads.start()
    await cancelWhenGracefulShutdown {
      await withTaskCancellationHandler {
        await withDiscardingTaskGroup { group in
          group.addTask { await self.cleanUpRegularly() }
          group.addTask { await self.workAtUpstreams() }
          if let added = self.store.addedJobs() {
            group.addTask { for await _ in added { self.wake() } }
          }
          for _ in 0..<self.limits.videos {
            group.addTask { await self.work(on: threads) }
          }
        }
      } onCancel: {
        self.isStopping.store(true, ordering: .relaxed)
      }
    }
    try await threads.shutdownGracefully()
  }

  private func work(on threads: NIOThreadPool) async {
    await takeJobs(atUpstream: false) { await makeVideo($0, lease: $1, on: threads) }
  }

  /// Leases one job after the other until the task is cancelled.
  ///
  /// - Parameter work: does a job, or begins it.
  func takeJobs(
    atUpstream isAtUpstream: Bool, _ work: (StoredJob, _ lease: String) async -> Attempt
  ) async {
    // If the store does not answer, the same lease is asked for again: it may have been given.
    var lease: String?
    while !Task.isCancelled {
      do {
        let id = try lease ?? RandomID.next()
        lease = id
        let job = try await store.lease(
          by: id, for: limits.leaseSeconds, maxCrashes: limits.videoCrashes,
          atUpstream: isAtUpstream)
        lease = nil
        guard let job, await work(job, id) != .resourceMissing else {
          await workSignal.wait(upTo: limits.pollSeconds)
          continue
        }
      } catch is CancellationError {
        return
      } catch {
        logger.error("the job store cannot be reached", metadata: ["cause": .string("\(error)")])
        await workSignal.wait(upTo: limits.pollSeconds)
      }
    }
  }

  /// The result of an attempt at a job.
  enum Attempt {
    /// The attempt is over. The worker takes the next job.
    case over
    /// Something that every job needs is missing. Trying another job at once would not help.
    case resourceMissing
  }

  private func makeVideo(_ job: StoredJob, lease: String, on threads: NIOThreadPool) async
    -> Attempt
  {
    let (engine, storage) = (engine, storage)
    return await makeVideo(
      job, lease: lease, WorkControl(seconds: limits.videoSeconds)
    ) { folder, control in
      var input: String?
      if job.work.image != nil {
        input = try await storage.localFile(of: MediaName.input(ofJob: job.id), in: folder)
        guard input != nil else { throw Self.lostImage }
      }
      try await threads.runIfActive { [input] in
        try engine.makeVideo(job.work, input: input, into: folder, control)
      }
    }
  }

  static let lostImage = EngineError.unusable(
    field: "file", reason: "the server has lost the image")

  /// Does a job, and records how that ended.
  ///
  /// - Parameter work: makes the video in a folder.
  func makeVideo(
    _ job: StoredJob, lease: String, _ control: WorkControl,
    work: (_ folder: String, WorkControl) async throws -> Void
  ) async -> Attempt {
    running.withLock { $0[job.id] = control }
    // If the lease was lost, another worker of this server may run the job by then.
    defer { running.withLock { if $0[job.id] === control { $0[job.id] = nil } } }
    let folder = directory.filmFolder(lease, job: job.id)
    logger.info(
      "making a video",
      metadata: ["job": .string(job.id), "attempt": .stringConvertible(job.attempts)])
    let renewal = Task { await renew(job.id, lease: lease, control) }
    let result = await withTaskCancellationHandler {
      await Self.result {
        try AtomicFile.makeFolder(folder, mode: 0o700)
        try await work(folder, control)
        try await self.store(filesIn: folder, of: job.id, lease: lease)
      }
    } onCancel: {
      control.stop(.shutdown)
    }
    renewal.cancel()
    await renewal.value
    // A new task, because the store refuses queries of a cancelled one.
    return await Task {
      await end(job, lease: lease, folder: folder, result, control)
    }.value
  }

  /// Stores the files of a video. Some upstreams make no thumbnail.
  private func store(filesIn folder: String, of id: String, lease: String) async throws {
    do {
      for file in [MediaLinks.File.video, .thumbnail] {
        let path = "\(folder)/\(file.rawValue)"
        if file == .thumbnail, FileStatus(path) == nil { continue }
        try await storage.put(
          file: path, as: MediaName.folder(ofJob: id, lease: lease) + file.rawValue,
          type: file.mediaType)
      }
    } catch {
      await discard(id, lease: lease)
      throw error
    }
  }

  /// Removes what an attempt stored in vain. In a task of its own, because this one may be cancelled.
  private func discard(_ id: String, lease: String) async {
    let beginning = MediaName.folder(ofJob: id, lease: lease)
    await Task {
      do {
        try await storage.remove(below: beginning)
      } catch {
        try? await store.scheduleRemoval(of: beginning, after: 0)
      }
    }.value
  }

  /// Records how an attempt ended.
  private func end(
    _ job: StoredJob, lease: String, folder: String, _ result: Result<Void, any Error>,
    _ control: WorkControl
  ) async -> Attempt {
    defer { directory.removeFilms(of: job.id, lease: lease) }
    switch (result, control.stopReason) {
    case (.success, _):
      await finish(job, lease: lease, as: .finished(videoFolder: lease))
    case (.failure, .shutdown?):
      await release(job, lease: lease, after: .shutdown)
    case (.failure, .deleted?), (.failure, .leaseLost?):
      break
    case (.failure, .timedOut?):
      let reason = "timed out: the video took longer than \(Int(limits.videoSeconds)) seconds"
      await finish(job, lease: lease, as: .failed(reason: reason))
    case (.failure(let error), nil):
      logger.error(
        "a video failed", metadata: ["job": .string(job.id), "cause": .string("\(error)")])
      return await end(job, lease: lease, VideoFailure(error, in: directory))
    }
    return .over
  }

  private func end(_ job: StoredJob, lease: String, _ fault: VideoFailure) async -> Attempt {
    switch fault {
    case .resourceMissing:
      await release(job, lease: lease, after: .resourceMissing)
      return .resourceMissing
    case .retryable where job.faults + 1 < limits.videoAttempts:
      await release(job, lease: lease, after: .fault)
    case .uncertain(let reason):
      await finish(job, lease: lease, as: .uncertain(reason: reason))
    case .retryable(let reason), .permanent(let reason):
      await finish(job, lease: lease, as: .failed(reason: reason))
    }
    return .over
  }

  private func release(_ job: StoredJob, lease: String, after reason: JobRelease) async {
    await retrying { try await store.release(id: job.id, by: lease, after: reason) }
  }

  private func finish(_ job: StoredJob, lease: String, as outcome: JobOutcome) async {
    let isFinished = if case .finished = outcome { true } else { false }
    let isRecorded = await retrying { try await store.finish(id: job.id, by: lease, as: outcome) }
    guard isRecorded == true else {
      // If the store never answered, it may have recorded the video. Whoever finishes the job else
      // removes these files, or who deletes it.
      if isRecorded == false, isFinished { await discard(job.id, lease: lease) }
      return
    }
    (isFinished ? metrics.jobsFinished : metrics.jobsFailed).increment()
    guard isFinished else { return }
    await removeRest(of: job, but: lease)
    logger.info("finished", metadata: ["job": .string(job.id)])
  }

  /// Removes the input of a finished job, and what earlier workers stored: they are dead or have lost
  /// the lease. What cannot be removed goes with the job.
  private func removeRest(of job: StoredJob, but lease: String) async {
    guard job.work.image != nil || job.attempts > 1 || job.faults > 0 else { return }
    let (storage, kept) = (storage, MediaName.folder(ofJob: job.id, lease: lease))
    do {
      try await storage.forEach(below: MediaName.folder(ofJob: job.id)) { medium in
        if !medium.name.hasPrefix(kept) { try await storage.remove(below: medium.name) }
        return true
      }
    } catch {
      logger.warning(
        "the rest of a job was not removed",
        metadata: ["job": .string(job.id), "cause": .string("\(error)")])
    }
  }

  /// Renews the lease until the work ends. Stops the work if the lease is lost.
  ///
  /// While the store does not answer, the work continues: usually no other server can lease the job
  /// either, and if one did, the store refuses this worker's result.
  private func renew(_ id: String, lease: String, _ control: WorkControl) async {
    while (try? await Task.sleep(for: .seconds(limits.renewSeconds))) != nil {
      do {
        let isHeld = try await store.renew(
          id: id, by: lease, for: limits.leaseSeconds, progress: control.progress)
        guard isHeld else { return control.stop(.leaseLost) }
      } catch is CancellationError {
        return
      } catch {
        logger.error("a lease was not renewed", metadata: ["cause": .string("\(error)")])
      }
    }
  }

  /// Retries a query until the store answers. During a shutdown it gives up after the lease time and
  /// returns nil.
  @discardableResult
  private func retrying<Answer: Sendable>(
    _ query: () async throws -> Answer
  ) async -> Answer? {
    var secondsLeft = limits.leaseSeconds
    while true {
      do {
        return try await query()
      } catch {
        logger.error("the job store cannot be reached", metadata: ["cause": .string("\(error)")])
        if isStopping.load(ordering: .relaxed) { secondsLeft -= 0.5 }
        guard secondsLeft > 0 else { return nil }
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  private static func result(_ work: () async throws -> Void) async -> Result<Void, any Error> {
    do {
      return .success(try await work())
    } catch {
      return .failure(error)
    }
  }
}
