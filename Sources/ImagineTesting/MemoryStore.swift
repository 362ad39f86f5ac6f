import Crypto
public import ImagineAPI
public import ImagineRuns
import ImagineSystem
public import MediaFiles
import Synchronization

/// An asset store in memory. User's files are read, and nothing is written: what is saved is in
/// ``saved``.
public final class MemoryStore: AssetStore {
  private struct State {
    var files: [String: [UInt8]] = [:]
    var saved: [FilePath: [UInt8]] = [:]
  }

  private let state = Mutex(State())

  public init() {}

  /// What was saved, by path.
  public var saved: [FilePath: [UInt8]] { state.withLock { $0.saved } }

  public func makeWriter() throws -> any AssetWriter {
    MemoryWriter { [self] in try keep($0, fault: .badResponse, "the file") }
  }

  public func sha256(of bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }

  public func stage(_ image: ImageInput) throws -> Asset {
    switch image {
    case .asset(let asset): asset
    case .bytes(let bytes): try keep(bytes, fault: .validation, "the bytes")
    case .file(let path):
      try keep(FileReader(path).all(), fault: .validation, path.description)
    }
  }

  public func sync(_ asset: Asset) async throws {}

  public func importFile(_ path: FilePath) async throws -> Asset {
    try stage(.file(path: path))
  }

  private func keep(
    _ bytes: [UInt8], fault kind: ImagineError.Kind, _ name: String
  ) throws -> Asset {
    if let fault = MediaFault(in: MediaSource(bytes)) {
      throw ImagineError(kind, "\(name) \(fault)")
    }
    let sha256 = sha256(of: bytes)
    state.withLock { $0.files[sha256] = bytes }
    return asset(sha256, bytes)
  }

  private func asset(_ sha256: String, _ bytes: [UInt8]) -> Asset {
    Asset(
      sha256: sha256, path: "/memory/\(sha256)", byteCount: bytes.count,
      header: ImageHeader(bytes))
  }

  public func asset(sha256: String) throws -> Asset? {
    state.withLock { $0.files[sha256] }.map { asset(sha256, $0) }
  }

  public func content(of asset: Asset) throws -> [UInt8] {
    guard let bytes = state.withLock({ $0.files[asset.sha256] }) else {
      throw ImagineError(.io, "the store has no \(asset.sha256)")
    }
    return bytes
  }

  public func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8] {
    Array(try content(of: asset).dropFirst(offset).prefix(count))
  }

  public func verify(_ asset: Asset) throws { _ = try content(of: asset) }

  public func export(
    _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: ImageMetadata?
  ) async throws {
    var bytes = try content(of: asset)
    if let metadata, let format = asset.header?.format {
      bytes = metadata.embedded(in: bytes, format: format)
    }
    try state.withLock { state in
      guard replacing || state.saved[path] == nil else {
        throw ImagineError(.io, "\(path) exists and may not be overwritten")
      }
      state.saved[path] = bytes
    }
  }
}

/// Collects the written bytes.
private final class MemoryWriter: AssetWriter {
  private var bytes: [UInt8] = []
  private let keep: ([UInt8]) throws -> Asset

  init(keep: @escaping ([UInt8]) throws -> Asset) {
    self.keep = keep
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws { self.bytes += bytes }
  func commit() async throws -> Asset { try keep(bytes) }
  func discard() { bytes = [] }
}
