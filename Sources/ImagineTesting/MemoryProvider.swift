public import ImagineAPI
import MediaFiles
import Synchronization

/// A provider in memory: it answers every operation with blank images of the right size, and every
/// job with a blank video.
///
/// Equal requests give equal images, others differ. What it was asked is in ``requests``; errors
/// are thrown in place of answers with ``fail(_:)``.
public final class MemoryProvider: Provider {
  public let profile: ProviderProfile

  private struct State {
    var requests: [Request] = []
    var errors: [ImagineError] = []
    var jobs: [String: Int] = [:]
  }

  private let polls: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - profile: what it takes and costs.
  ///   - polls: how often a job is asked about before it is finished.
  public init(
    _ profile: ProviderProfile = ProviderProfile(
      name: "memory", kind: "memory", operations: MediaOperation.all, prices: .imagine,
      polling: JobPolling(firstPause: 0, maxPause: 0), keepsOutsideMask: true), polls: Int = 1
  ) {
    self.profile = profile
    self.polls = polls
  }

  /// The requests so far, in the order in which they came.
  public var requests: [Request] { state.withLock { $0.requests } }

  /// Throws an error at the next call that is not failed yet.
  public func fail(_ error: ImagineError) {
    state.withLock { $0.errors.append(error) }
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let (error, number) = state.withLock { state in
      state.requests.append(request)
      return (state.errors.isEmpty ? nil : state.errors.removeFirst(), state.requests.count)
    }
    if let error { throw error }
    if request.operation.answer == .job {
      let id = context.ticket?.id ?? "job-\(number)"
      state.withLock { $0.jobs[id] = polls }
      return .running(JobStatus(id: id, state: .queued))
    }
    var outputs: [Output] = []
    for index in 0..<request.count {
      // What follows the end of a PNG is ignored, and makes each image a file of its own.
      let mark = "\(request.fields.sorted { $0.key < $1.key })\(request.images)\(index)"
      let image = BlankImage.png(size: size(of: request)) + Array(mark.utf8)
      outputs.append(Output(asset: try await context.store.store(image)))
    }
    return .finished(Answer(outputs))
  }

  private func size(of request: Request) -> PixelSize {
    if case .asset(let asset)? = request.image("image"), let size = asset.header?.size {
      return request.operation.name == MediaOperation.upscale.name
        ? PixelSize(width: 2 * size.width, height: 2 * size.height) : size
    }
    return (request.aspectRatio ?? .square).pixelSize
  }

  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    let left = state.withLock { state -> Int? in
      guard let left = state.jobs[ticket.id] else { return nil }
      state.jobs[ticket.id] = left - 1
      return left
    }
    guard let left else {
      throw ImagineError(.notFound, "there is no job \(ticket.id)", job: ticket.id)
    }
    guard left <= 1 else { return JobStatus(id: ticket.id, state: .processing) }
    return JobStatus(id: ticket.id, state: .finished, videoAddress: "memory:\(ticket.id)")
  }

  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    try await context.store.store(
      BlankVideo.mp4(size: AspectRatio.sixteenToNine.videoSize, duration: 4))
  }

  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    let existed = state.withLock { $0.jobs.removeValue(forKey: ticket.id) != nil }
    guard existed else {
      throw ImagineError(.notFound, "there is no job \(ticket.id)", job: ticket.id)
    }
  }
}
