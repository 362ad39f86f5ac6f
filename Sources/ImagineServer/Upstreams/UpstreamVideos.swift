import ImagineAPI
import ImagineSystem
import Logging
import ServerStore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Makes the videos of jobs at upstreams.
///
/// The ticket of a job is recorded before it is sent where the server chooses it, else with the
/// answer. A job with a ticket is asked for and never sent again. Where the upstream chooses the
/// ticket, a mark is recorded before the send: a job with the mark alone may have been sent, and ends
/// as uncertain.
struct UpstreamVideos: Sendable {
  let upstreams: CurrentUpstreams
  let engine: any Engine
  let queue: EngineQueue
  let limits: Limits
  let logger: Logger

  /// Why an upstream made no video.
  enum Fault: Error {
    /// It would make none another time either.
    case failed(String)
    /// It may make one, and nobody can ask for it.
    case uncertain(String)
    /// The job's upstream is not configured here; another server on the data directory may have it.
    case upstreamMissing(String)
  }

  /// Records the upstream and the ticket of a job. False if the lease is lost.
  typealias Record = @Sendable (_ upstream: String, _ ticket: String) async throws -> Bool

  /// A job on its way.
  struct Work: Sendable {
    let job: StoredJob
    /// The bytes of the job's image, if its operation takes one.
    let image: [UInt8]?
    /// Where the video is written; it exists.
    let folder: String
    let control: WorkControl
    let record: Record
    /// Whether the job was deleted or has ended.
    let isOver: @Sendable () async -> Bool
  }

  /// Makes the video in the work's folder. It is fsynced when this returns.
  ///
  /// - Throws: ``Fault``; ``APIError``; ``StoreUnreachable``; any error once the control is stopped.
  func make(_ work: Work) async throws {
    try await whileWanted({ !work.control.engine.isStopped }) {
      if let ticket = Self.ticket(of: work.job), try await finish(work, sentAs: ticket) { return }
      while try await !submitAndFinish(work) {
        try await Task.sleep(for: .milliseconds(500))
      }
    }
  }

  /// Stops the work on a job that was deleted, at the upstream.
  func cancel(_ job: StoredJob) async {
    guard let ticket = Self.ticket(of: job), !ticket.id.isEmpty,
      let upstream = job.upstream.flatMap(upstreams.named)
    else { return }
    await cancel(ticket, at: upstream)
  }

  private func cancel(_ ticket: Ticket, at upstream: Upstream) async {
    // The calling task may be cancelled.
    await Task {
      do {
        try await upstream.provider.cancel(ticket, CallContext(store: AnswerStore()))
      } catch let error as ImagineError where error.kind == .notFound {
        // It is gone, which is what was wanted.
      } catch {
        logger.warning(
          "a video was not cancelled",
          metadata: ["upstream": .string(upstream.name), "cause": .string("\(error)")])
      }
    }.value
  }

  // MARK: Tickets

  /// The mark of a job that is about to be sent to an upstream that chooses the ticket.
  private static let sent = Ticket(id: "")
  /// In place of the ticket of a job that was not sent after all.
  private static let none = ""

  /// Nil for a job that was not sent.
  private static func ticket(of job: StoredJob) -> Ticket? {
    guard let text = job.ticket, text != none else { return nil }
    // What cannot be read was written all the same, so the job may have been sent.
    return (try? JSONDecoder().decode(Ticket.self, from: Data(text.utf8))) ?? sent
  }

  private static func text(_ ticket: Ticket) -> String {
    (try? JSONEncoder().encode(ticket)).map { String(decoding: $0, as: UTF8.self) } ?? none
  }

  /// Finishes a job that was sent. False if the upstream does not have it and it may be sent again.
  private func finish(_ work: Work, sentAs ticket: Ticket) async throws -> Bool {
    let name = work.job.upstream ?? ""
    guard !ticket.id.isEmpty else {
      throw Fault.uncertain(
        "the server ended while it asked for the video, and cannot know whether it is being made")
    }
    guard let upstream = upstreams.named(name) else {
      let reason = "the upstream '\(name)' is not configured any more"
      throw isOld(work.job) ? Fault.uncertain(reason) : Fault.upstreamMissing(reason)
    }
    let slot = try await upstream.turns.occupiedSlot(for: work.job.owner)
    defer { slot.leave() }
    work.control.engine.shortenDeadline(seconds: limits.videoSeconds)
    if try await collect(ticket, from: upstream, work) { return true }
    guard upstream.isFree, upstream.provider.profile.takesTickets else {
      throw Fault.uncertain("the service does not know the video any more")
    }
    return false
  }

  /// Whether a job has waited for its upstream long enough.
  private func isOld(_ job: StoredJob) -> Bool {
    job.createdAt + limits.videoSeconds < Date().timeIntervalSince1970
  }

  // MARK: Submission

  /// Sends a job to the least loaded upstream and waits for its video. False if it was certainly not
  /// sent and may be tried again.
  private func submitAndFinish(_ work: Work) async throws -> Bool {
    let candidates = try upstreams.candidates(for: try Self.call(of: work))
    guard !candidates.isEmpty else {
      let reason = "'\(work.job.work.style)' is not served any more"
      throw isOld(work.job) ? Fault.failed(reason) : Fault.upstreamMissing(reason)
    }
    let ready = candidates.filter(\.upstream.isReady)
    guard
      let candidate = ready.min(by: { $0.upstream.turns.fullness < $1.upstream.turns.fullness })
    else { return false }
    let upstream = candidate.upstream
    let slot = try await upstream.turns.slot(for: work.job.owner, isBounded: false)
    defer { slot.leave() }
    work.control.engine.shortenDeadline(seconds: limits.videoSeconds)
    guard upstream.pausedUntil == nil, upstream.circuit.enter() else { return false }
    let ticket: Ticket
    do {
      ticket = try await submit(candidate, work)
      upstream.circuit.succeeded()
    } catch let error as ImagineError {
      upstream.record(error)
      logger.warning(
        "an upstream did not take a video",
        metadata: ["upstream": .string(upstream.name), "cause": .string(error.description)])
      switch error.kind {
      case .validation, .refused: throw Fault.failed(upstream.publicMessage(of: error))
      case _ where error.isCertainlyUndone: return false
      case _ where error.charged == .no: throw APIError(error, of: upstream)
      default:
        throw Fault.uncertain("the service did not answer, and may be making the video")
      }
    } catch {
      upstream.circuit.abandoned()
      throw error
    }
    if try await collect(ticket, from: upstream, work) { return true }
    guard upstream.isFree else {
      throw Fault.uncertain("the service does not know the video any more")
    }
    return false
  }

  private static func call(of work: Work) throws -> ImageCall {
    let stored = work.job.work
    guard let operation = MediaOperation.named(stored.operation) else {
      throw Fault.failed("there is no operation '\(stored.operation)'")
    }
    var fields: [String: Value] = ["prompt": .text(stored.prompt), "style": .text(stored.style)]
    fields["aspect_ratio"] = stored.aspectRatio.map { .text($0.rawValue) }
    let images = work.image.map { [$0] } ?? []
    let request = try operation.taking(styles: [stored.style]).request(
      from: fields, images: images.isEmpty ? [:] : ["image": images.map(ImageInput.bytes)],
      source: .wire)
    // All attempts send the same.
    return ImageCall(request: request, drawnSeed: stored.seed)
  }

  /// Sends a job, once.
  ///
  /// - Throws: `ImagineError` if the upstream does not have it: one that is charged `no` was not
  ///   accepted, and is recorded as not sent.
  private func submit(
    _ candidate: CurrentUpstreams.Candidate, _ work: Work
  ) async throws -> Ticket {
    let (upstream, provider) = (candidate.upstream, candidate.upstream.provider)
    let store = AnswerStore()
    let converter = EngineConverter(engine: engine, queue: queue, account: work.job.owner)
    let request = try await candidate.request.request.storingInputs(in: store, converter)
    var context = CallContext(
      CallOptions(timeout: upstream.description.timeout), store: store, converter: converter)
    context.derived = try await provider.derivedInputs(of: request, context)
    let isOurs = provider.profile.takesTickets
    let ticket = isOurs ? Ticket(id: try RandomID.next()) : Self.sent
    if isOurs { context.ticket = ticket }
    try await record(ticket, at: upstream, work)
    // It goes on until the answer is there, even if this task is cancelled.
    let sending = Task { [context] in
      let key = await upstream.keyRetention() == nil ? nil : work.job.id
      return try await upstream.perform(request, context, key: key)
    }
    do {
      guard case .running(let status) = try await sending.value else {
        throw ImagineError(.badResponse, "the answer is no job", charged: .unknown)
      }
      if !isOurs { try await recordAnswer(status.ticket, at: upstream, work) }
      return status.ticket
    } catch let error as ImagineError {
      // It is asked for by its ticket.
      if isOurs, error.charged != .no { return ticket }
      if error.charged == .no { _ = try await recorded(Self.none, at: upstream, work) }
      throw error
    }
  }

  private func record(_ ticket: Ticket, at upstream: Upstream, _ work: Work) async throws {
    guard try await recorded(Self.text(ticket), at: upstream, work) else {
      work.control.stop(.leaseLost)
      throw WorkControl.Stop.leaseLost
    }
  }

  /// Records a ticket, also if this task is cancelled; again, if the store does not answer.
  private func recorded(
    _ ticket: String, at upstream: Upstream, _ work: Work
  ) async throws -> Bool {
    try await Task {
      try await untilAnswered(
        by: Deadline(in: limits.leaseSeconds), pause: 0.5,
        onFault: {
          logger.error("a ticket was not recorded", metadata: ["cause": .string("\($0)")])
        }, { try await work.record(upstream.name, ticket) })
    }.value
  }

  /// Records the ticket of a video that is being made: without it nobody could ask for the video.
  private func recordAnswer(_ ticket: Ticket, at upstream: Upstream, _ work: Work) async throws {
    do {
      try await record(ticket, at: upstream, work)
    } catch {
      // Whoever has the lease does not know of it.
      await cancel(ticket, at: upstream)
      throw error
    }
  }

  // MARK: Results

  /// Waits for a video and stores it. False if the upstream does not know it.
  private func collect(
    _ ticket: Ticket, from upstream: Upstream, _ work: Work
  ) async throws -> Bool {
    do {
      guard let status = try await finalStatus(of: ticket, at: upstream, work) else {
        return false
      }
      try await UpstreamVideo(
        status: status, upstream: upstreams.named(upstream.name) ?? upstream, work: work,
        // The video was paid for.
        converter: EngineConverter(
          engine: engine, queue: queue, account: work.job.owner, isBounded: false),
        limits: limits, logger: logger
      ).store()
      return true
    } catch {
      switch work.control.stopReason {
      case .deleted, .timedOut: await cancel(ticket, at: upstream)
      // Whoever has the lease goes on, unless the job was ended.
      case .leaseLost where await work.isOver(): await cancel(ticket, at: upstream)
      default: break
      }
      throw error
    }
  }

  /// Nil if the upstream does not know the job.
  private func finalStatus(
    of ticket: Ticket, at upstream: Upstream, _ work: Work
  ) async throws -> JobStatus? {
    let job = UpstreamJob(
      ticket: ticket, options: CallOptions(timeout: Self.patience),
      // Its key may have been replaced meanwhile.
      provider: { (upstreams.named(upstream.name) ?? upstream).provider })
    do {
      return try await job.finalStatus {
        if let part = $0.progress { try work.control.engine.report(min(max(part, 0), 1)) }
      } outlives: { error in
        if error.kind == .notFound { return false }
        // The video is being made, whether or not its upstream answers.
        logger.warning(
          "the state of a video is not known",
          metadata: ["upstream": .string(upstream.name), "cause": .string(error.description)])
        return true
      }
    } catch let error as ImagineError {
      if error.kind == .notFound { return nil }
      throw Fault.failed(upstream.publicMessage(of: error))
    }
  }

  /// Seconds for an answer about a job.
  private static let patience = 30.0
}
