import ImagineCore
import ImagineStore
import Synchronization

/// Stands in for the asset store in a plan: pictures that were never drawn have a name and a size,
/// files of the user's are looked at where they lie, and nothing is written.
final class PlannedAssetStore: AssetStore {
  private struct State {
    /// Stand-ins, and what a script had in memory, by their SHA-256.
    var assets: [String: Asset] = [:]
    var bytes: [String: [UInt8]] = [:]
    /// Files of the user's, by their paths.
    var imported: [FilePath: Asset] = [:]
    /// What would lie under a path.
    var saved: [FilePath: Asset] = [:]
    var count = 0
  }

  let plan = ScriptPlan()
  private let store: FileAssetStore
  private let state = Mutex(State())

  init(_ store: FileAssetStore) {
    self.store = store
  }

  /// What would lie under a path by now; nil where nothing would have been saved there.
  func content(ofFile path: FilePath) throws -> [UInt8]? {
    guard let saved = state.withLock({ $0.saved[path] }) else { return nil }
    return try bytes(of: saved, from: 0, count: saved.byteCount)
  }

  /// A picture that would be drawn. No service draws a larger one, whatever a file says of its size.
  func standIn(format: PictureFormat, size: PixelSize) -> Asset {
    let size = PixelSize(width: min(size.width, 1 << 15), height: min(size.height, 1 << 15))
    return remember(
      PictureHeader(format: format, size: size), kind: format.pathExtension,
      byteCount: BlankPicture.byteCount(size: size))
  }

  /// A video that would be filmed.
  func standInVideo(size: PixelSize, duration: Double) -> Asset {
    let film = StandInFilm.mp4(size: size, duration: duration)
    let asset = remember(nil, kind: "mp4", byteCount: film.count)
    state.withLock { $0.bytes[asset.sha256] = film }
    return asset
  }

  private func remember(_ header: PictureHeader?, kind: String, byteCount: Int) -> Asset {
    state.withLock { state in
      state.count += 1
      // No content has this name: a real one's first digits differ with all likelihood.
      let digits = String(state.count, radix: 16)
      let sha256 = String(repeating: "0", count: 64 - digits.count) + digits
      let asset = Asset(
        sha256: sha256, path: "/planned/\(sha256).\(kind)", byteCount: byteCount, header: header)
      state.assets[sha256] = asset
      return asset
    }
  }

  func makeWriter() throws -> any AssetWriter {
    PlannedWriter { [self] bytes in
      let sha256 = store.sha256(of: bytes)
      let asset = Asset(
        sha256: sha256, path: "/planned/\(sha256).bin", byteCount: bytes.count,
        header: PictureHeader(bytes))
      state.withLock { state in
        state.assets[sha256] = asset
        state.bytes[sha256] = bytes
      }
      return asset
    }
  }

  func sha256(ofFile path: FilePath) throws -> String {
    if let saved = state.withLock({ $0.saved[path] }) { return saved.sha256 }
    return try store.sha256(ofFile: path)
  }

  func sha256(of bytes: [UInt8]) -> String { store.sha256(of: bytes) }

  func asset(sha256: String) throws -> Asset? {
    if let planned = state.withLock({ $0.assets[sha256] }) { return planned }
    return try store.asset(sha256: sha256)
  }

  /// The asset that an input picture of a request is.
  func asset(_ picture: Picture?) throws -> Asset? {
    if let sha256 = picture?.storedSHA256, let asset = try asset(sha256: sha256) { return asset }
    guard case .file(let path)? = picture else { return nil }
    return state.withLock { $0.imported[path] }
  }

  func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8] {
    let (isPlanned, kept) = state.withLock { state in
      (state.assets[asset.sha256] != nil, state.bytes[asset.sha256])
    }
    guard isPlanned else { return try store.bytes(of: asset, from: offset, count: count) }
    let bytes = kept ?? asset.header.map { BlankPicture.png(size: $0.size) } ?? []
    return Array(bytes.dropFirst(offset).prefix(count))
  }

  /// A stand-in has no content that could be damaged.
  func verify(_ asset: Asset) throws {
    guard state.withLock({ $0.assets[asset.sha256] }) == nil else { return }
    try store.verify(asset)
  }

  func importFile(_ path: FilePath) async throws -> Asset {
    if let saved = state.withLock({ $0.saved[path] }) { return saved }
    let asset = try store.describe(fileOfTheUsers: path)
    state.withLock { $0.imported[path] = asset }
    return asset
  }

  func export(
    _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: PictureMetadata?
  ) async throws {
    plan.add(file: path.description)
    state.withLock { $0.saved[path] = asset }
  }
}

/// Collects what is written, and leaves it in memory.
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

/// A film that has a size and nothing to see.
enum StandInFilm {
  /// The boxes of an MP4 (ISO/IEC 14496-12) that tell size and duration, and no frames.
  static func mp4(size: PixelSize, duration: Double) -> [UInt8] {
    let scale = 1000
    let movieHeader = box(
      "mvhd",
      zeros(12) + big(scale) + big(Int(duration * Double(scale))) + zeros(80))
    let trackHeader = box("tkhd", zeros(76) + big(size.width << 16) + big(size.height << 16))
    return box("ftyp", Array("isom".utf8) + zeros(4) + Array("isom".utf8))
      + box("moov", movieHeader + box("trak", trackHeader))
  }

  private static func box(_ type: String, _ content: [UInt8]) -> [UInt8] {
    big(content.count + 8) + Array(type.utf8) + content
  }

  private static func big(_ value: Int) -> [UInt8] {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: value).bigEndian, Array.init)
  }

  private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }
}
