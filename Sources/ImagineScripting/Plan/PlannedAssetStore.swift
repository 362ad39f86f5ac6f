import HostStore
import ImagineAPI
import ImagineRuns
import MediaFiles
import Synchronization

/// The asset store of a plan. Generated images are placeholders with a name and a size, user's
/// files are read in place, and nothing is written.
final class PlannedAssetStore: AssetStore {
  private struct State {
    /// Placeholders, and images that a script had in memory, by SHA-256.
    var assets: [String: Asset] = [:]
    var bytes: [String: [UInt8]] = [:]
    /// What the script has saved, by path.
    var saved: [FilePath: Asset] = [:]
    var count = 0
  }

  let plan = ScriptPlan()
  private let store: FileAssetStore
  private let state = Mutex(State())

  init(_ store: FileAssetStore) {
    self.store = store
  }

  /// The content that the script has saved at a path; nil if it has saved nothing there.
  func content(ofFile path: FilePath) throws -> [UInt8]? {
    guard let saved = state.withLock({ $0.saved[path] }) else { return nil }
    return try bytes(of: saved, from: 0, count: saved.byteCount)
  }

  /// A placeholder for a generated image. The size is bounded, whatever size an input file claims.
  func placeholder(format: ImageFormat, size: PixelSize, hasAlpha: Bool = false) -> Asset {
    let size = PixelSize(width: min(size.width, 1 << 15), height: min(size.height, 1 << 15))
    return remember(
      ImageHeader(format: format, size: size, hasAlpha: hasAlpha), kind: format.pathExtension,
      byteCount: BlankImage.byteCount(size: size))
  }

  /// A placeholder for a generated video.
  func placeholderVideo(size: PixelSize, duration: Double) -> Asset {
    let video = BlankVideo.mp4(size: size, duration: duration)
    let asset = remember(nil, kind: "mp4", byteCount: video.count)
    state.withLock { $0.bytes[asset.sha256] = video }
    return asset
  }

  private func remember(_ header: ImageHeader?, kind: String, byteCount: Int) -> Asset {
    state.withLock { state in
      state.count += 1
      // No real content has such a hash: its first digits would not all be 0.
      let digits = String(state.count, radix: 16)
      let sha256 = String(repeating: "0", count: 64 - digits.count) + digits
      let asset = Asset(
        sha256: sha256, path: "/planned/\(sha256).\(kind)", byteCount: byteCount, header: header)
      state.assets[sha256] = asset
      return asset
    }
  }

  func makeWriter() throws -> any AssetWriter {
    PlannedWriter(keep: keep)
  }

  private func keep(_ bytes: [UInt8]) -> Asset {
    let sha256 = store.sha256(of: bytes)
    let asset = Asset(
      sha256: sha256, path: "/planned/\(sha256).bin", byteCount: bytes.count,
      header: ImageHeader(bytes))
    state.withLock { state in
      state.assets[sha256] = asset
      state.bytes[sha256] = bytes
    }
    return asset
  }

  func stage(_ image: ImageInput) throws -> Asset {
    switch image {
    case .asset(let asset): return asset
    case .bytes(let bytes): return keep(bytes)
    case .file(let path):
      if let saved = state.withLock({ $0.saved[path] }) { return saved }
      return try store.describe(userFile: path)
    }
  }

  func sync(_ asset: Asset) async throws {}

  func content(of asset: Asset) throws -> [UInt8] {
    try bytes(of: asset, from: 0, count: asset.byteCount)
  }

  func sha256(of bytes: [UInt8]) -> String { store.sha256(of: bytes) }

  func asset(sha256: String) throws -> Asset? {
    if let planned = state.withLock({ $0.assets[sha256] }) { return planned }
    return try store.asset(sha256: sha256)
  }

  func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8] {
    let (isPlanned, kept) = state.withLock { state in
      (state.assets[asset.sha256] != nil, state.bytes[asset.sha256])
    }
    guard isPlanned else { return try store.bytes(of: asset, from: offset, count: count) }
    let bytes = kept ?? asset.header.map { BlankImage.png(size: $0.size) } ?? []
    return Array(bytes.dropFirst(offset).prefix(count))
  }

  /// A placeholder has no content that could be damaged.
  func verify(_ asset: Asset) throws {
    guard state.withLock({ $0.assets[asset.sha256] }) == nil else { return }
    try store.verify(asset)
  }

  func importFile(_ path: FilePath) async throws -> Asset {
    try stage(.file(path: path))
  }

  func export(
    _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: ImageMetadata?
  ) async throws {
    plan.add(file: path.description)
    state.withLock { $0.saved[path] = asset }
  }
}

/// Collects the written bytes in memory.
private final class PlannedWriter: AssetWriter {
  private var bytes: [UInt8] = []
  private let keep: ([UInt8]) -> Asset

  init(keep: @escaping ([UInt8]) -> Asset) {
    self.keep = keep
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws { self.bytes += bytes }
  func commit() async throws -> Asset { keep(bytes) }
  func discard() { bytes = [] }
}
