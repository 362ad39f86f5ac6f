import Crypto
public import ImagineAPI
public import ImagineRuns
import ImagineSystem
public import MediaFiles

/// Assets as files in a folder: `assets/3f/3f9a….png`.
///
/// The name is the SHA-256 of the content, so equal files are stored once and processes may share a
/// folder. The extension is only for people.
public struct FileAssetStore: AssetStore {
  private let root: String

  /// - Parameter root: the folder; created when the first asset is stored.
  public init(root: String) {
    self.root = root
  }

  public func makeWriter() throws -> any AssetWriter {
    try FileAssetWriter(in: root)
  }

  /// A file of up to this many bytes is hashed in memory, so that a copy that the store has already
  /// is not written again.
  private static let maxStagedBytes = 32 << 20

  public func stage(_ image: ImageInput) throws -> Asset {
    switch image {
    case .asset(let asset): return asset
    case .bytes(let bytes): return try stage(bytes, "the bytes")
    case .file(let path):
      // The caller's thread must not wait for what another program may never write.
      if FileStatus(path)?.isSpecial == true {
        throw ImagineError(
          .io, "cannot read \(path) here: it is a device or a pipe, which imagine.open reads")
      }
      let source = try FileReader(path)
      if let count = source.byteCount, count <= Self.maxStagedBytes {
        return try stage(source.all(limit: Self.maxStagedBytes), path.description)
      }
      return try Self.copy(path, into: root) { try $0.commitWithoutSync() }
    }
  }

  /// What is stored already is compared with its hash when it is read.
  private func stage(_ bytes: [UInt8], _ name: String) throws -> Asset {
    if let stored = try asset(sha256: sha256(of: bytes)), stored.byteCount == bytes.count,
      FileStatus.touch(stored.path)
    {
      return stored
    }
    let writer = try FileAssetWriter(in: root)
    do {
      try bytes.withUnsafeBytes { try writer.write($0) }
      if let fault = try writer.fault() {
        throw ImagineError(.validation, "\(name) \(fault)", field: "image")
      }
      return try writer.commitWithoutSync()
    } catch {
      writer.discard()
      throw error
    }
  }

  public func sync(_ asset: Asset) async throws {
    await Self.moveOffCallerThread()
    try await FileSyncPool.shared.sync(FilePath(asset.path))
  }

  public func sha256(of bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).hexadecimal
  }

  static func sha256(ofFile path: FilePath, limit: Int = .max) throws -> String {
    var hash = SHA256()
    try FileReader(path).forEachPiece(limit: limit) { hash.update(bufferPointer: $0) }
    return hash.finalize().hexadecimal
  }

  public func asset(sha256: String) throws -> Asset? {
    // A hash may come from an untrusted file, and must not lead out of the folder.
    guard Asset.isSHA256(sha256) else { return nil }
    let folder = Self.folder(of: sha256, in: root)
    for suffix in FileAssetWriter.suffixes {
      let path = "\(folder)/\(sha256)\(suffix)"
      if AtomicFile.exists(path) { return try Self.describe(path, sha256: sha256) }
    }
    return nil
  }

  public func content(of asset: Asset) throws -> [UInt8] {
    let bytes = try FileReader(asset.path).all()
    if sha256(of: bytes) != asset.sha256 { try verify(asset) }
    return bytes
  }

  public func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8] {
    try FileReader(asset.path).bytes(
      from: offset, count: min(count, max(0, asset.byteCount - offset)))
  }

  public func verify(_ asset: Asset) throws {
    let found = try Self.sha256(ofFile: FilePath(asset.path))
    guard found != asset.sha256 else { return }
    renameDamaged(asset)
    throw ImagineError(
      .io, "the stored file \(asset.path) is damaged: its content has changed since it was stored")
  }

  /// Renames a damaged file: it is no answer any more, but a user may recover something from it.
  private func renameDamaged(_ asset: Asset) {
    guard asset.path.hasPrefix("\(root)/") else { return }
    try? FilePath(asset.path).move(to: FilePath("\(asset.path).damaged"), replacing: true)
  }

  public func importFile(_ path: FilePath) async throws -> Asset {
    await Self.moveOffCallerThread()
    let writer = try Self.copy(path, into: root) { $0 }
    do {
      return try await writer.commit()
    } catch {
      writer.discard()
      throw error
    }
  }

  /// Reads a user's file once, into a new file of the store.
  private static func copy<Result>(
    _ path: FilePath, into root: String, _ finish: (FileAssetWriter) throws -> Result
  ) throws -> Result {
    let source = try FileReader(path)
    let writer = try FileAssetWriter(in: root)
    do {
      try source.forEachPiece(limit: maxImportBytes) { try writer.write($0) }
      if let fault = try writer.fault() {
        throw ImagineError(.validation, "\(path) \(fault)", field: "image")
      }
      return try finish(writer)
    } catch {
      writer.discard()
      throw error
    }
  }

  public func export(
    _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: ImageMetadata?
  ) async throws {
    await Self.moveOffCallerThread()
    if let metadata, let format = asset.header?.format {
      let stored = try FileReader(asset.path).all()
      guard sha256(of: stored) == asset.sha256 else { return try verify(asset) }
      let content = metadata.embedded(in: stored, format: format)
      if try Self.contentEquals(path, byteCount: content.count, sha256: sha256(of: content)) {
        return
      }
      try await Self.write(path, replacing) { file throws in
        try content.withUnsafeBytes { bytes throws in try file.write(bytes) }
      }
    } else if let metadata {
      let box = metadata.movieBox
      func whole() throws -> String {
        var hash = SHA256()
        try FileReader(asset.path).forEachPiece { piece throws in hash.update(bufferPointer: piece)
        }
        hash.update(data: box)
        return hash.finalize().hexadecimal
      }
      let byteCount = asset.byteCount + box.count
      if try Self.contentEquals(path, byteCount: byteCount, sha256: whole()) { return }
      try await Self.write(path, replacing) { file in
        var hash = SHA256()
        try FileReader(asset.path).forEachPiece { piece throws in
          hash.update(bufferPointer: piece)
          try file.write(piece)
        }
        guard hash.finalize().hexadecimal == asset.sha256 else { return try verify(asset) }
        try box.withUnsafeBytes { bytes throws in try file.write(bytes) }
      }
    } else {
      try verify(asset)
      if try Self.contentEquals(path, byteCount: asset.byteCount, sha256: asset.sha256) { return }
      try await Self.write(path, replacing) { file in
        try FileReader(asset.path).forEachPiece { piece throws in try file.write(piece) }
      }
    }
  }

  private static func write(
    _ path: FilePath, _ replacing: Bool, _ body: (OutputFile) throws -> Void
  ) async throws {
    let file = try OutputFile(path, replacing: replacing)
    do {
      try body(file)
    } catch {
      file.discard()
      throw error
    }
    try await file.commit(replacing: replacing)
  }

  /// Whether a user's file has this content.
  private static func contentEquals(
    _ path: FilePath, byteCount: Int, sha256: @autoclosure () throws -> String
  ) throws -> Bool {
    guard let status = FileStatus(path), status.isFile, status.byteCount == byteCount else {
      return false
    }
    return try self.sha256(ofFile: path) == sha256()
  }

  /// Hops off the Lua thread before doing blocking I/O.
  private static func moveOffCallerThread() async {
    await Task.yield()
  }

  /// Describes a user's file without importing it (plan mode).
  public func describe(userFile path: FilePath) throws -> Asset {
    let source = try FileReader(path).source(limit: Self.maxImportBytes)
    let (header, fault) = (ImageHeader(source), MediaFault(in: source))
    if let failure = source.failure { throw failure }
    if let fault { throw ImagineError(.validation, "\(path) \(fault)", field: "image") }
    return Asset(
      sha256: try Self.sha256(ofFile: path, limit: Self.maxImportBytes),
      path: path.description, byteCount: source.byteCount, header: header)
  }

  static func folder(of sha256: String, in root: String) -> String {
    "\(root)/\(sha256.prefix(2))"
  }

  private static func describe(_ path: String, sha256: String) throws -> Asset {
    let reader = try FileReader(path)
    let source = reader.source(byteCount: reader.byteCount ?? 0)
    let header = ImageHeader(source)
    if let failure = source.failure { throw failure }
    return Asset(sha256: sha256, path: path, byteCount: source.byteCount, header: header)
  }
}

/// Hashes the data that it writes and reads the header from it.
final class FileAssetWriter: AssetWriter {
  /// The extensions of assets; the last is for files that are neither image nor video.
  static let suffixes =
    ImageFormat.allCases.map { ".\($0.pathExtension)" } + [".mp4", ".bin"]

  private let root: String
  private let file: AtomicFile
  private var hash = SHA256()
  /// The beginning of the file. It is all of a small image, so that nothing is read back.
  private var head: [UInt8] = []
  private var byteCount = 0

  private static let maxHeadBytes = 1 << 16

  /// - Parameter root: the folder of the store; created if it is missing.
  init(in root: String) throws {
    try AtomicFile.makeFolder(root)
    self.root = root
    file = try AtomicFile(in: root)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    hash.update(bufferPointer: bytes)
    byteCount += bytes.count
    if head.count < Self.maxHeadBytes {
      head.append(contentsOf: bytes.prefix(Self.maxHeadBytes - head.count))
    }
    try file.write(bytes)
  }

  private var source: MediaSource {
    let file = file
    return MediaSource(byteCount: byteCount, head: head) { offset, count throws(ImagineError) in
      try file.bytes(from: offset, count: count)
    }
  }

  /// Why the written data is an incomplete image or video; nil if it is complete or of another
  /// type.
  func fault() throws(ImagineError) -> MediaFault? {
    let source = source
    let fault = MediaFault(in: source)
    if let failure = source.failure { throw failure }
    return fault
  }

  func commit() async throws -> Asset {
    if let fault = try fault() {
      throw ImagineError(.badResponse, "the file \(fault)")
    }
    let asset = try asset()
    if try isStored(asset) {
      file.discard()
    } else {
      try await file.commit(to: asset.path, replacing: true)
    }
    return asset
  }

  /// Gives the file its name, but does not sync it.
  func commitWithoutSync() throws -> Asset {
    let asset = try asset()
    if try isStored(asset) {
      file.discard()
    } else {
      try file.commitWithoutSync(to: FilePath(asset.path), replacing: true)
    }
    return asset
  }

  private func asset() throws -> Asset {
    let sha256 = hash.finalize().hexadecimal
    let header = ImageHeader(source)
    let folder = FileAssetStore.folder(of: sha256, in: root)
    try AtomicFile.makeFolder(folder)
    return Asset(
      sha256: sha256, path: "\(folder)/\(sha256)\(Self.suffix(header: header, head: head))",
      byteCount: byteCount, header: header)
  }

  /// Whether the store has the file already: equal content is stored once. Updates the file's time,
  /// so that it is not pruned before the journal refers to it. A damaged file is replaced.
  private func isStored(_ asset: Asset) throws -> Bool {
    try FileStatus(asset.path)?.byteCount == byteCount
      && FileAssetStore.sha256(ofFile: FilePath(asset.path)) == asset.sha256
      && FileStatus.touch(asset.path)
  }

  func discard() {
    file.discard()
  }

  private static func suffix(header: ImageHeader?, head: [UInt8]) -> String {
    if let header { return ".\(header.format.pathExtension)" }
    return VideoHeader.begins(head) ? ".mp4" : ".bin"
  }
}
