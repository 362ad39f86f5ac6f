import ImagineAPI
import Synchronization

/// A provider that records each request in the plan and answers with placeholders.
struct PlannedProvider: Provider {
  let profile: ProviderProfile
  private let provider: any Provider
  private let store: PlannedAssetStore
  private let videos: PlannedVideos

  /// The sizes of the planned jobs' videos.
  final class PlannedVideos: Sendable {
    private let sizes = Mutex<[PixelSize]>([])

    /// - Returns: the id of a new job.
    func add(_ size: PixelSize) -> String {
      sizes.withLock { sizes in
        sizes.append(size)
        return "planned-\(sizes.count)"
      }
    }

    func size(of job: String) -> PixelSize? {
      let number = job.split(separator: "-").last.flatMap { Int($0) } ?? 0
      return sizes.withLock { $0.indices.contains(number - 1) ? $0[number - 1] : nil }
    }
  }

  init(_ provider: any Provider, store: PlannedAssetStore, videos: PlannedVideos) {
    var profile = provider.profile
    // Waiting takes no time.
    profile.polling = JobPolling(firstPause: 0, maxPause: 0)
    profile.takesTickets = false
    self.profile = profile
    self.provider = provider
    self.store = store
    self.videos = videos
  }

  func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    store.plan.add(request, by: profile)
    guard request.operation.answer == .image else {
      return .running(status(videos.add(try PlannedSize.videoSize(of: request, in: store))))
    }
    let size =
      try provider.imageSize(of: request) ?? PlannedSize.imageSize(of: request, in: store)
    return .finished(
      Answer(
        (0..<request.count).map { _ in
          Output(
            asset: store.placeholder(
              format: .png, size: size, hasAlpha: request.wantsTransparency))
        }))
  }

  func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    status(ticket.id)
  }

  private func status(_ job: String) -> JobStatus {
    JobStatus(
      id: job, state: .finished, videoAddress: "\(job)/video", thumbnailAddress: "\(job)/thumbnail")
  }

  func cancel(_ ticket: Ticket, _ context: CallContext) async throws {}

  func download(_ address: String, _ context: CallContext) async throws -> Asset {
    let parts = address.split(separator: "/")
    let size =
      parts.first.flatMap { videos.size(of: String($0)) } ?? AspectRatio.sixteenToNine.videoSize
    return parts.last == "video"
      ? store.placeholderVideo(size: size, duration: Double(VideoFiles.standardSeconds))
      : store.placeholder(format: .jpeg, size: size)
  }
}

/// The sizes of a service's answers, in pixels.
enum PlannedSize {
  static func imageSize(of request: Request, in store: PlannedAssetStore) throws -> PixelSize {
    if let width = request["width"]?.integer, let height = request["height"]?.integer {
      return PixelSize(width: Int(width), height: Int(height))
    }
    let given = try inputSize(of: request, in: store)
    if request.operation.field("size") == nil, let size = request.fixedSize { return size }
    switch request.operation.name {
    case MediaOperation.upscale.name:
      let scale = request["scale"]?.double ?? 2
      return given.map {
        PixelSize(
          width: Int((Double($0.width) * scale).rounded()),
          height: Int((Double($0.height) * scale).rounded()))
      } ?? standard
    case MediaOperation.resize.name:
      return request.aspectRatio?.pixelSize ?? given ?? standard
    case MediaOperation.generate.name:
      if let size = try openAISize(of: request) { return size }
      return request.aspectRatio?.pixelSize ?? standard
    default:
      if let size = try openAISize(of: request) { return size }
      return given ?? request.aspectRatio?.pixelSize ?? standard
    }
  }

  private static func openAISize(of request: Request) throws -> PixelSize? {
    guard request.operation.field("size") != nil else { return nil }
    return try request.requestedSize().flatMap(PixelSize.init(_:))
  }

  static func videoSize(of request: Request, in store: PlannedAssetStore) throws -> PixelSize {
    if let shape = request.aspectRatio { return shape.videoSize }
    guard let given = try inputSize(of: request, in: store) else { return standard }
    return AspectRatio.nearest(to: given, among: AspectRatio.video).videoSize
  }

  private static let standard = AspectRatio.square.pixelSize

  private static func inputSize(
    of request: Request, in store: PlannedAssetStore
  ) throws -> PixelSize? {
    guard case .asset(let asset)? = request.image("image") else { return nil }
    return asset.header?.size
  }
}
