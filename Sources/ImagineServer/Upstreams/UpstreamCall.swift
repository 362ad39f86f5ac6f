import ImagineAPI
import Logging
import ServerStore
import Synchronization

/// Makes the images of a call at one of the upstreams that take it: at the least loaded one, and at
/// the next only if the first certainly did not begin the call.
///
/// A call that was sent to an upstream that bills goes on until its answer is there, whether or not
/// its client waits.
struct UpstreamCall: Sendable {
  /// The same for all attempts at the call.
  let id: String
  let candidates: [CurrentUpstreams.Candidate]
  /// How many images.
  let count: Int
  let converter: EngineConverter
  /// Called before each send to an upstream that bills, with what it promises.
  let willSend: @Sendable (KeyPromise?) async throws -> Void
  /// Sends to upstreams that bill, but for those that certainly were not billed.
  private let billed = Counter()
  let limits: Limits
  let logger: Logger

  init(
    id: String, candidates: [CurrentUpstreams.Candidate], count: Int, converter: EngineConverter,
    limits: Limits, logger: Logger,
    willSend: @escaping @Sendable (KeyPromise?) async throws -> Void
  ) {
    self.id = id
    self.candidates = candidates
    self.count = count
    self.converter = converter
    self.limits = limits
    self.logger = logger
    self.willSend = willSend
  }

  /// Faults of an upstream in one call, after which it is not tried again.
  private static let tries = 2

  /// The images, in order.
  ///
  /// - Parameter isWanted: whether somebody waits for them.
  /// - Throws: ``APIError``; what the engine throws when it converts an image.
  func images(
    whileWanted isWanted: @escaping @Sendable () -> Bool
  ) async throws -> [EngineImage] {
    try await whileWanted(isWanted) { try await images() }
  }

  private func images() async throws -> [EngineImage] {
    do {
      return try await allImages()
    } catch let fault as APIError where billed.count > 0 && fault.isOfUndoneCall {
      throw APIError(.unexpectedResponse, "only some of the images were made")
    }
  }

  private func allImages() async throws -> [EngineImage] {
    let takesCount = candidates.allSatisfy {
      $0.upstream.provider.profile.takesCount(of: $0.request.request.operation)
    }
    guard count > 1, !takesCount else { return try await part(0, count: count) }
    return try await withThrowingTaskGroup(of: (Int, [EngineImage]).self) { group in
      for number in 0..<count {
        group.addTask { (number, try await part(number, count: 1)) }
      }
      var parts: [Int: [EngineImage]] = [:]
      for try await (number, images) in group { parts[number] = images }
      return (0..<count).flatMap { parts[$0] ?? [] }
    }
  }

  /// - Parameter number: of the part of the call, from 0; each has a seed of its own.
  private func part(_ number: Int, count: Int) async throws -> [EngineImage] {
    let seconds = candidates.map(\.upstream.description.timeout).max() ?? 0
    let deadline = Deadline(in: seconds + limits.turnSeconds)
    var faults: [String: Int] = [:]
    var last: APIError?
    while true {
      let candidate = try await next(faults, last, by: deadline)
      let upstream = candidate.upstream
      // The others follow the first one, whose turn came in time.
      let slot = try await upstream.turns.slot(for: converter.account, isBounded: number == 0)
      defer { slot.leave() }
      // The turn may have come after the upstream's end.
      guard upstream.pausedUntil == nil, upstream.circuit.enter() else { continue }
      do {
        let retention = await upstream.keyRetention()
        if !upstream.isFree {
          try await willSend(promise(of: upstream, retention))
          billed.add(1)
        }
        let key = retention == nil ? nil : "\(id)-\(number)"
        let images = try await sent(candidate, number, count: count, key: key)
        upstream.circuit.succeeded()
        return images
      } catch let error as ImagineError {
        upstream.record(error)
        log(error, upstream)
        let fault = APIError(error, of: upstream)
        if error.charged == .no, !upstream.isFree { billed.add(-1) }
        guard error.isCertainlyUndone else { throw fault }
        last = fault
        if error.kind != .rateLimit { faults[upstream.name, default: 0] += 1 }
      } catch {
        upstream.circuit.abandoned()
        throw error
      }
    }
  }

  /// A promise that holds until a later attempt at the call has waited for its turn and sent it twice.
  private func promise(of upstream: Upstream, _ retention: Double?) -> KeyPromise? {
    guard let retention else { return nil }
    let seconds = retention - upstream.description.timeout - limits.turnSeconds
    return seconds > 0 ? KeyPromise(recipient: upstream.identity, seconds: seconds) : nil
  }

  /// The least loaded upstream that a call may be sent to. Waits for one that asked for a pause if
  /// there is no other.
  private func next(
    _ faults: [String: Int], _ last: APIError?, by deadline: Deadline
  ) async throws -> CurrentUpstreams.Candidate {
    let left = candidates.filter { faults[$0.upstream.name, default: 0] < Self.tries }
    while true {
      try Task.checkCancellation()
      let ready = left.filter(\.upstream.isReady)
      if let best = ready.min(by: { $0.upstream.turns.fullness < $1.upstream.turns.fullness }) {
        return best
      }
      let pauses = left.filter(\.upstream.circuit.isPassable).compactMap(\.upstream.pausedUntil)
      guard let until = pauses.min(), until < deadline.instant else {
        let seconds = left.map(\.upstream.circuit.secondsLeft).min()
        throw last ?? APIError.unreachable(retryAfter: seconds ?? limits.upstreamPauseSeconds)
      }
      try await Task.sleep(until: until, clock: .continuous)
    }
  }

  /// Sends a part of the call. Only at an upstream that costs nothing it ends with this task.
  private func sent(
    _ candidate: CurrentUpstreams.Candidate, _ number: Int, count: Int, key: String?
  ) async throws -> [EngineImage] {
    let attempt = UpstreamAttempt(candidate: candidate, converter: converter, key: key)
    let work = Task { try await attempt.images(number, count: count) }
    return try await withTaskCancellationHandler {
      try await work.value
    } onCancel: {
      if candidate.upstream.isFree { work.cancel() }
    }
  }

  private func log(_ error: ImagineError, _ upstream: Upstream) {
    logger.warning(
      "an upstream did not make an image",
      metadata: ["upstream": .string(upstream.name), "cause": .string(error.description)])
  }

  private final class Counter: Sendable {
    private let value = Atomic(0)

    var count: Int { value.load(ordering: .relaxed) }

    func add(_ number: Int) { value.add(number, ordering: .relaxed) }
  }
}
