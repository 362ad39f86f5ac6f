import ImagineCore
import Logging
import NIOPosix
import ServiceLifecycle
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Films the jobs of a home, its own and those that dead servers left.
final class JobWorker: Service {
  private let home: Home
  private let store: any JobStore
  private let engine: any Engine
  private let limits: Limits
  private let logger: Logger
  private let bell = Bell()
  /// The films in work, by job.
  private let films = Mutex<[String: FilmControl]>([:])
  private let isStopping = Atomic(false)

  init(home: Home, store: any JobStore, engine: any Engine, limits: Limits, logger: Logger) {
    self.home = home
    self.store = store
    self.engine = engine
    self.limits = limits
    self.logger = logger
  }

  /// Looks for work at once: a job was added.
  func wake() { bell.ring() }

  /// Stops work on a job that was deleted.
  func abandon(_ id: String) {
    films.withLock { $0[id] }?.stop(.lost)
  }

  /// The part done of a job that is in work here, 0 … 1; the store learns of it now and then.
  func progress(of id: String) -> Double? {
    films.withLock { $0[id] }?.progress
  }

  /// Whether no film is in work here.
  var isIdle: Bool { films.withLock { $0.isEmpty } }

  /// Works until the service shuts down; then leases are given up.
  func run() async throws {
    let threads = NIOThreadPool(numberOfThreads: limits.films)
    threads.start()
    await cancelWhenGracefulShutdown {
      await withTaskCancellationHandler {
        await withDiscardingTaskGroup { group in
          group.addTask { await self.tidyNowAndThen() }
          for _ in 0..<self.limits.films {
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
    while !Task.isCancelled {
      do {
        let lease = try RandomID.next()
        let job = try await store.lease(
          by: lease, for: limits.leaseSeconds, deaths: limits.filmDeaths)
        guard let job, await film(job, lease: lease, on: threads) != .lacking else {
          await bell.wait(seconds: limits.pollSeconds)
          continue
        }
      } catch is CancellationError {
        return
      } catch {
        logger.error("the job store cannot be reached", metadata: ["cause": .string("\(error)")])
        await bell.wait(seconds: limits.pollSeconds)
      }
    }
  }

  /// What came of an attempt at a film.
  private enum Attempt {
    /// It has ended, or is another's to end.
    case over
    /// Something that every job needs is missing; trying another at once would not help.
    case lacking
  }

  private func film(_ job: StoredJob, lease: String, on threads: NIOThreadPool) async -> Attempt {
    let control = FilmControl(seconds: limits.filmSeconds)
    films.withLock { $0[job.id] = control }
    // Another worker here may have the job by then, where the lease was lost.
    defer { films.withLock { if $0[job.id] === control { $0[job.id] = nil } } }
    let folder = home.folder(ofFilm: lease, job: job.id)
    let input = job.work.picture.map { "\(home.folder(ofJob: job.id))/\($0)" }
    logger.info(
      "filming", metadata: ["job": .string(job.id), "attempt": .stringConvertible(job.attempts)])
    let engine = engine
    let jobFolder = home.folder(ofJob: job.id)
    let renewal = Task { await renew(job.id, lease: lease, control) }
    let result = await withTaskCancellationHandler {
      await Self.result {
        try await threads.runIfActive {
          try Folder.make(jobFolder)
          try Folder.makeNew(folder)
          try engine.film(job.work, input: input, into: folder, control)
        }
      }
    } onCancel: {
      control.stop(.shutdown)
    }
    renewal.cancel()
    await renewal.value
    // What was begun is brought to its end though the task is cancelled: a store refuses to work
    // for one that is.
    return await Task {
      await end(job, lease: lease, folder: folder, result, control)
    }.value
  }

  /// Records how an attempt at a film ended.
  private func end(
    _ job: StoredJob, lease: String, folder: String, _ result: Result<Void, any Error>,
    _ control: FilmControl
  ) async -> Attempt {
    switch (result, control.stopped) {
    case (.success, _):
      await finish(job, lease: lease, folder: folder, as: .finished(film: lease))
    case (.failure, .shutdown?):
      await release(job, lease: lease, folder: folder, after: .shutdown)
    case (.failure, .lost?):
      Folder.remove(folder)
      await removeIfForgotten(job.id)
    case (.failure, .outOfTime?):
      let reason = "timed out: the film took longer than \(Int(limits.filmSeconds)) seconds"
      await finish(job, lease: lease, folder: folder, as: .failed(reason: reason))
    case (.failure(let error), nil):
      logger.error(
        "a film failed", metadata: ["job": .string(job.id), "cause": .string("\(error)")])
      return await end(job, lease: lease, folder: folder, FilmFault(error, in: home))
    }
    return .over
  }

  private func end(
    _ job: StoredJob, lease: String, folder: String, _ fault: FilmFault
  ) async -> Attempt {
    switch fault {
    case .lack:
      await release(job, lease: lease, folder: folder, after: .lack)
      return .lacking
    case .passing where job.faults + 1 < limits.filmAttempts:
      await release(job, lease: lease, folder: folder, after: .fault)
    case .passing(let reason), .final(let reason):
      await finish(job, lease: lease, folder: folder, as: .failed(reason: reason))
    }
    return .over
  }

  private func release(
    _ job: StoredJob, lease: String, folder: String, after reason: JobRelease
  ) async {
    Folder.remove(folder)
    await asking { try await store.release(id: job.id, by: lease, after: reason) }
  }

  private func finish(
    _ job: StoredJob, lease: String, folder: String, as outcome: JobOutcome
  ) async {
    let isFinished = if case .finished = outcome { true } else { false }
    let isRecorded = await asking { try await store.finish(id: job.id, by: lease, as: outcome) }
    guard isRecorded == true else {
      // Where the store never answered, the film may be the job's: `tidy` removes it if it is not.
      if isRecorded == false || !isFinished { Folder.remove(folder) }
      if isRecorded == false { await removeIfForgotten(job.id) }
      return
    }
    guard isFinished else { return Folder.remove(folder) }
    logger.info("finished", metadata: ["job": .string(job.id)])
    // Whoever began this job before is gone, or has lost the lease and will be told so.
    for name in Folder.names(in: home.folder(ofJob: job.id)) where name != lease {
      Folder.remove("\(home.folder(ofJob: job.id))/\(name)")
    }
  }

  /// Keeps the lease until the film ends, and stops the film where the store says that the job is
  /// deleted or another's. While the store does not answer the work goes on: nobody else can have
  /// taken the job meanwhile, or they have, and then the end is refused.
  private func renew(_ id: String, lease: String, _ control: FilmControl) async {
    while (try? await Task.sleep(for: .seconds(limits.renewSeconds))) != nil {
      do {
        let isHeld = try await store.renew(
          id: id, by: lease, for: limits.leaseSeconds, progress: control.progress)
        guard isHeld else { return control.stop(.lost) }
      } catch is CancellationError {
        return
      } catch {
        logger.error("a lease was not renewed", metadata: ["cause": .string("\(error)")])
      }
    }
  }

  /// Asks the store until it answers, or, once the server is to stop, for as long as a lease lasts;
  /// nil where it never did.
  @discardableResult
  private func asking<Answer: Sendable>(
    _ question: () async throws -> Answer
  ) async -> Answer? {
    var patience = limits.leaseSeconds
    while true {
      do {
        return try await question()
      } catch {
        logger.error("the job store cannot be reached", metadata: ["cause": .string("\(error)")])
        if isStopping.load(ordering: .relaxed) { patience -= 0.5 }
        guard patience > 0 else { return nil }
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  private func removeIfForgotten(_ id: String) async {
    if let known = try? await store.known(among: [id]), known.isEmpty {
      Folder.remove(home.folder(ofJob: id))
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

extension JobWorker {
  private func tidyNowAndThen() async {
    repeat {
      await removeExpired()
      await removeForgotten()
    } while (try? await Task.sleep(for: .seconds(limits.tidySeconds))) != nil
  }

  /// Forgets the jobs that ended long ago, and removes their films.
  private func removeExpired() async {
    let end = Date().timeIntervalSince1970 - limits.keepSeconds
    do {
      while case let ids = try await store.forget(endedBefore: end, limit: 100), !ids.isEmpty {
        for id in ids { Folder.remove(home.folder(ofJob: id)) }
        logger.info("removed old jobs", metadata: ["count": .stringConvertible(ids.count)])
      }
    } catch {
      logger.error("old jobs were not removed", metadata: ["cause": .string("\(error)")])
    }
  }

  /// Removes what deleted jobs left behind, when their server died before it could.
  private func removeForgotten() async {
    let hourAgo = Date().timeIntervalSince1970 - 3600
    let old = Folder.names(in: home.jobs).filter {
      Folder.file(home.folder(ofJob: $0)).map { $0.changed < hourAgo } ?? false
    }
    guard !old.isEmpty, let known = try? await store.known(among: Set(old)) else { return }
    for id in old where !known.contains(id) { Folder.remove(home.folder(ofJob: id)) }
  }
}

/// What a fault of a film means for its job.
private enum FilmFault {
  /// The job would meet it again.
  case final(reason: String)
  /// The next attempt may go well.
  case passing(reason: String)
  /// The surroundings lack what every job needs.
  case lack

  init(_ error: any Error, in home: Home) {
    let reason = Failure(error).message
    switch error {
    case is HomeError, is StoreUnreachable: self = .lack
    case _ where !home.hasRoom: self = .lack
    case EngineError.lacking: self = .lack
    case EngineError.failed: self = .passing(reason: reason)
    case let failure as Failure where failure.fault.status >= 500: self = .passing(reason: reason)
    case is EngineError, is Failure, is ImagineError: self = .final(reason: reason)
    default: self = .passing(reason: reason)
    }
  }
}
