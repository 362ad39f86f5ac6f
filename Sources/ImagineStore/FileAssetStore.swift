import Crypto
public import ImagineCore
import ImagineSystem

#if canImport(Glibc)
  import Glibc
#elseif canImport(Musl)
  import Musl
#elseif canImport(Darwin)
  import Darwin
#endif

/// Assets as files in a folder: `assets/3f/3f9a….png`.
///
/// The name is the SHA-256 of the content, so what is stored twice is there once and several
/// processes may share a folder; the extension is for people who look in.
public struct FileAssetStore: AssetStore {
  private let root: String

  /// - Parameter root: the folder; made when the first asset is stored.
  public init(root: String) {
    self.root = root
  }

  public func makeWriter() throws -> any AssetWriter {
    try FileAssetWriter(in: root)
  }

  public func sha256(ofFile path: FilePath) throws -> String {
    // It is read now, and again when it is stored.
    if FileFacts(path)?.isSpecial == true {
      throw ImagineError(
        .io, "cannot read \(path) twice: it is a device or a pipe, which imagine.open reads once")
    }
    return try Self.sha256(ofFile: path, limit: Self.mostImportedBytes)
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
    // A hash may come from a stranger's file, and must not lead out of the folder.
    guard Asset.isSHA256(sha256) else { return nil }
    let folder = Self.folder(of: sha256, in: root)
    for suffix in FileAssetWriter.suffixes {
      let path = "\(folder)/\(sha256)\(suffix)"
      if WholeFile.exists(path) { return try Self.describe(path, sha256: sha256) }
    }
    return nil
  }

  public func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8] {
    try FileReader(asset.path).bytes(
      from: offset, count: min(count, max(0, asset.byteCount - offset)))
  }

  public func verify(_ asset: Asset) throws {
    let found = try Self.sha256(ofFile: FilePath(asset.path))
    guard found != asset.sha256 else { return }
    setAside(asset)
    throw ImagineError(
      .io, "the stored file \(asset.path) is damaged: its content has changed since it was stored")
  }

  /// A damaged file is no answer any more, and stays for whoever can save something of it.
  private func setAside(_ asset: Asset) {
    guard asset.path.hasPrefix("\(root)/") else { return }
    rename(asset.path, "\(asset.path).damaged")
  }

  public func importFile(_ path: FilePath) async throws -> Asset {
    await Self.leaveThread()
    let source = try FileReader(path)
    let writer = try FileAssetWriter(in: root)
    do {
      try source.forEachPiece(limit: Self.mostImportedBytes) { try writer.write($0) }
      if let fault = try writer.fault() {
        throw ImagineError(.validation, "\(path) \(fault)", field: "image")
      }
      return try await writer.commit()
    } catch {
      writer.discard()
      throw error
    }
  }

  public func export(
    _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: PictureMetadata?
  ) async throws {
    await Self.leaveThread()
    if let metadata, let format = asset.header?.format {
      let content = try FileReader(asset.path).all()
      guard sha256(of: content) == asset.sha256 else { return try verify(asset) }
      let told = metadata.embedded(in: content, format: format)
      if try Self.holds(path, byteCount: told.count, sha256: sha256(of: told)) { return }
      try await Self.write(path, replacing) { file throws in
        try told.withUnsafeBytes { bytes throws in try file.write(bytes) }
      }
    } else {
      try verify(asset)
      if try Self.holds(path, byteCount: asset.byteCount, sha256: asset.sha256) { return }
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

  /// Whether a file of the user's has this very content.
  private static func holds(_ path: FilePath, byteCount: Int, sha256: String) throws -> Bool {
    guard let facts = FileFacts(path), facts.isFile, facts.byteCount == byteCount else {
      return false
    }
    return try self.sha256(ofFile: path) == sha256
  }

  /// Goes on on a thread of the pool: the caller's may be a script's, and a large file takes a while.
  private static func leaveThread() async {
    await Task.yield()
  }

  /// A file of the user's as an asset that is not stored, for one who only looks.
  public func describe(fileOfTheUsers path: FilePath) throws -> Asset {
    let source = try FileReader(path).source(limit: Self.mostImportedBytes)
    let (header, fault) = (PictureHeader(source), MediaFault(in: source))
    if let failure = source.failure { throw failure }
    if let fault { throw ImagineError(.validation, "\(path) \(fault)", field: "image") }
    return Asset(
      sha256: try Self.sha256(ofFile: path, limit: Self.mostImportedBytes),
      path: path.description, byteCount: source.byteCount, header: header)
  }

  static func folder(of sha256: String, in root: String) -> String {
    "\(root)/\(sha256.prefix(2))"
  }

  private static func describe(_ path: String, sha256: String) throws -> Asset {
    let reader = try FileReader(path)
    let source = reader.source(byteCount: reader.byteCount ?? 0)
    let header = PictureHeader(source)
    if let failure = source.failure { throw failure }
    return Asset(sha256: sha256, path: path, byteCount: source.byteCount, header: header)
  }
}

/// Hashes what it writes, and reads from it what it is.
final class FileAssetWriter: AssetWriter {
  /// The endings of assets' names; the last is for what is neither a picture nor a video.
  static let suffixes =
    PictureFormat.allCases.map { ".\($0.pathExtension)" } + [".mp4", ".bin"]

  private let root: String
  private let file: WholeFile
  private var hash = SHA256()
  /// The beginning, which is all of a small picture: then nothing is read again.
  private var head: [UInt8] = []
  private var byteCount = 0

  private static let longestHead = 1 << 16

  /// - Parameter root: the folder of the store; made where it is missing.
  init(in root: String) throws {
    try WholeFile.makeFolder(root)
    self.root = root
    file = try WholeFile(in: root)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    hash.update(bufferPointer: bytes)
    byteCount += bytes.count
    if head.count < Self.longestHead {
      head.append(contentsOf: bytes.prefix(Self.longestHead - head.count))
    }
    try file.write(bytes)
  }

  private var source: MediaSource {
    let file = file
    return MediaSource(byteCount: byteCount, head: head) { offset, count throws(ImagineError) in
      try file.bytes(from: offset, count: count)
    }
  }

  /// Why what was written is no whole picture or film; nil where it is, and for anything else.
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
    let sha256 = hash.finalize().hexadecimal
    let header = PictureHeader(source)
    let folder = FileAssetStore.folder(of: sha256, in: root)
    try WholeFile.makeFolder(folder)
    let path = "\(folder)/\(sha256)\(Self.suffix(header: header, head: head))"
    // What is stored twice is there once, and as new as if it were stored now, so that nobody prunes
    // it before the journal has it. One that is damaged is replaced.
    if FileFacts(path)?.byteCount == byteCount,
      try FileAssetStore.sha256(ofFile: FilePath(path)) == sha256, FileFacts.touch(path)
    {
      file.discard()
    } else {
      try await file.commit(to: path, replacing: true)
    }
    return Asset(sha256: sha256, path: path, byteCount: byteCount, header: header)
  }

  func discard() {
    file.discard()
  }

  private static func suffix(header: PictureHeader?, head: [UInt8]) -> String {
    if let header { return ".\(header.format.pathExtension)" }
    return VideoHeader.begins(head) ? ".mp4" : ".bin"
  }
}

extension SHA256.Digest {
  /// Two lower-case digits a byte.
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
