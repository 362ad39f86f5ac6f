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

  /// Works until the service shuts down; then leases are given up.
  func run() async throws {
    let threads = NIOThreadPool(numberOfThreads: limits.films)
    threads.start()
    await sweep()
    await cancelWhenGracefulShutdown {
      await withDiscardingTaskGroup { group in
        for _ in 0..<self.limits.films {
          group.addTask { await self.work(on: threads) }
        }
      }
    }
    try await threads.shutdownGracefully()
  }

  private func work(on threads: NIOThreadPool) async {
    while !Task.isCancelled {
      let lease = UUID().uuidString.lowercased()
      do {
        let job = try await store.lease(
          by: lease, for: limits.leaseSeconds, attempts: limits.filmAttempts)
        if let job {
          await film(job, lease: lease, on: threads)
        } else {
          await bell.wait(seconds: limits.pollSeconds)
        }
      } catch is CancellationError {
        return
      } catch {
        logger.error("the job store cannot be reached", metadata: ["cause": .string("\(error)")])
        await bell.wait(seconds: limits.pollSeconds)
      }
    }
  }

  private func film(_ job: StoredJob, lease: String, on threads: NIOThreadPool) async {
    let control = FilmControl(seconds: limits.filmSeconds)
    films.withLock { $0[job.id] = control }
    // Another worker here may have the job by then, where the lease was lost.
    defer { films.withLock { if $0[job.id] === control { $0[job.id] = nil } } }
    let folder = home.folder(ofFilm: lease, job: job.id)
    let input = job.work.picture.map { "\(home.folder(ofJob: job.id))/\($0)" }
    logger.info(
      "filming", metadata: ["job": .string(job.id), "attempt": .stringConvertible(job.attempts)])
    let engine = engine
    let renewal = Task { await renew(job.id, lease: lease, control) }
    let result = await withTaskCancellationHandler {
      await Self.result {
        try await threads.runIfActive {
          try Folder.make(folder)
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
    await Task { await end(job, lease: lease, folder: folder, result, control) }.value
  }

  /// Records how a film ended.
  private func end(
    _ job: StoredJob, lease: String, folder: String, _ result: Result<Void, any Error>,
    _ control: FilmControl
  ) async {
    let outcome: JobOutcome
    switch (result, control.stopped) {
    case (.success, _): outcome = .finished(film: lease)
    case (.failure, .shutdown?):
      Folder.remove(folder)
      await retrying { try await store.release(id: job.id, by: lease) }
      return
    case (.failure, .lost?): outcome = .failed(reason: "abandoned")
    case (.failure, .outOfTime?):
      outcome = .failed(reason: "the film took longer than \(Int(limits.filmSeconds)) seconds")
    case (.failure(let error), nil):
      logger.error(
        "a film failed", metadata: ["job": .string(job.id), "cause": .string("\(error)")])
      outcome = .failed(reason: Failure(error).message)
    }
    let recorded = await retrying {
      try await store.finish(id: job.id, by: lease, as: outcome)
    }
    guard recorded == true, case .finished = outcome else {
      Folder.remove(folder)
      if recorded == false { await removeIfForgotten(job.id) }
      return
    }
    logger.info("finished", metadata: ["job": .string(job.id)])
    // Whoever began this job before is gone, or has lost the lease and will be told so.
    for name in Folder.names(in: home.folder(ofJob: job.id)) where name != lease {
      Folder.remove("\(home.folder(ofJob: job.id))/\(name)")
    }
  }

  /// Keeps the lease until the film ends, and stops the film where the lease is lost.
  private func renew(_ id: String, lease: String, _ control: FilmControl) async {
    let clock = ContinuousClock()
    var heldSince = clock.now
    while (try? await Task.sleep(for: .seconds(limits.renewSeconds))) != nil {
      do {
        let start = clock.now
        let isHeld = try await store.renew(
          id: id, by: lease, for: limits.leaseSeconds, progress: control.progress)
        guard isHeld else { return control.stop(.lost) }
        heldSince = start
      } catch is CancellationError {
        return
      } catch {
        logger.error("a lease was not renewed", metadata: ["cause": .string("\(error)")])
      }
      if (clock.now - heldSince).seconds > limits.leaseSeconds { return control.stop(.lost) }
    }
  }

  /// Tries for as long as a lease lasts; nil where the store never answered.
  private func retrying<Answer: Sendable>(
    _ question: () async throws -> Answer
  ) async -> Answer? {
    let clock = ContinuousClock()
    let start = clock.now
    while true {
      do {
        return try await question()
      } catch {
        logger.error("the job store cannot be reached", metadata: ["cause": .string("\(error)")])
        guard (clock.now - start).seconds < limits.leaseSeconds,
          (try? await Task.sleep(for: .milliseconds(500))) != nil
        else { return nil }
      }
    }
  }

  /// Removes what deleted jobs left behind, when their server died before it could.
  private func sweep() async {
    let hourAgo = Date().timeIntervalSince1970 - 3600
    let old = Folder.names(in: home.jobs).filter {
      Folder.changed(home.folder(ofJob: $0)).map { $0 < hourAgo } ?? false
    }
    guard !old.isEmpty, let known = try? await store.known(among: Set(old)) else { return }
    for id in old where !known.contains(id) { Folder.remove(home.folder(ofJob: id)) }
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
