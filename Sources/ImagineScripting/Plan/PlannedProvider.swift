import ImagineCore
import Synchronization

/// A provider that notes what it would be sent, and answers with stand-ins.
struct PlannedProvider: Provider {
  private let provider: any Provider
  private let store: PlannedAssetStore
  private let films: Films

  /// The sizes of the videos that jobs stand for.
  final class Films: Sendable {
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

  init(_ provider: any Provider, store: PlannedAssetStore, films: Films) {
    self.provider = provider
    self.store = store
    self.films = films
  }

  var name: String { provider.name }
  var operations: [Operation] { provider.operations }
  var takesCount: Bool { provider.takesCount }
  var prices: PriceList { provider.prices }
  /// Waiting costs no time.
  var polling: JobPolling { JobPolling(first: 0, longest: 0) }

  func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing] {
    self.store.plan.add(request, count: count, by: provider)
    let size = try PlannedSize.picture(of: request, in: self.store)
    return (0..<count).map { _ in
      Drawing(asset: self.store.standIn(format: .png, size: size), engine: nil)
    }
  }

  func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    store.plan.add(request, count: 1, by: provider)
    return status(films.add(try PlannedSize.video(of: request, in: store)))
  }

  func status(of job: String, options: CallOptions) async throws -> JobStatus { status(job) }

  private func status(_ job: String) -> JobStatus {
    JobStatus(
      id: job, state: .finished, videoAddress: "\(job)/video", thumbnailAddress: "\(job)/thumbnail")
  }

  func delete(job: String) async throws {}

  func download(
    _ address: String, options: CallOptions, into store: any AssetStore
  ) async throws -> Asset {
    let parts = address.split(separator: "/")
    let size =
      parts.first.flatMap { films.size(of: String($0)) } ?? AspectRatio.sixteenToNine.videoSize
    return parts.last == "video"
      ? self.store.standInVideo(size: size, duration: 4)
      : self.store.standIn(format: .jpeg, size: size)
  }
}

/// The sizes that a service would answer with, in pixels.
enum PlannedSize {
  static func picture(of request: Request, in store: PlannedAssetStore) throws -> PixelSize {
    let given = try image(of: request, in: store)
    switch request.operation.name {
    case Operation.upscale.name:
      return given.map { PixelSize(width: $0.width * 2, height: $0.height * 2) } ?? standard
    case Operation.resize.name: return request.aspectRatio?.pixelSize ?? given ?? standard
    case Operation.generate.name:
      if let size = request["size"]?.text.flatMap(PixelSize.init(_:)) { return size }
      return request.aspectRatio?.pixelSize ?? standard
    default: return given ?? request.aspectRatio?.pixelSize ?? standard
    }
  }

  static func video(of request: Request, in store: PlannedAssetStore) throws -> PixelSize {
    if let shape = request.aspectRatio { return shape.videoSize }
    guard let given = try image(of: request, in: store) else { return standard }
    let ratio = Double(given.width) / Double(given.height)
    let nearest = AspectRatio.video.min {
      abs($0.ratio / ratio - 1) < abs($1.ratio / ratio - 1)
    }
    return (nearest ?? .sixteenToNine).videoSize
  }

  private static let standard = AspectRatio.square.pixelSize

  private static func image(
    of request: Request, in store: PlannedAssetStore
  ) throws -> PixelSize? {
    try store.asset(request["image"]?.picture)?.header?.size
  }
}

extension AspectRatio {
  fileprivate var ratio: Double { Double(pixelSize.width) / Double(pixelSize.height) }
}
