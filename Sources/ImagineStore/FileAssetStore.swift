import Crypto
public import ImagineCore

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
    try WholeFile.makeFolder(root)
    return try FileAssetWriter(root: root)
  }

  public func sha256(ofFile path: String) throws -> String {
    try Self.sha256(ofFile: path)
  }

  public func sha256(of bytes: [UInt8]) -> String {
    SHA256.hash(data: bytes).hexadecimal
  }

  static func sha256(ofFile path: String) throws -> String {
    var hash = SHA256()
    try FileReader(path).forEachPiece { hash.update(bufferPointer: $0) }
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
    try FileReader(asset.path).bytes(from: offset, count: count)
  }

  public func importFile(_ path: String) async throws -> Asset {
    await Self.leaveThread()
    let source = try FileReader(path)
    let writer = try makeWriter()
    do {
      try source.forEachPiece { try writer.write($0) }
      return try await writer.commit()
    } catch {
      writer.discard()
      throw error
    }
  }

  public func export(
    _ asset: Asset, to path: String, replacing: Bool, embedding metadata: PictureMetadata?
  ) async throws {
    await Self.leaveThread()
    if let metadata, let format = asset.header?.format {
      let bytes = metadata.embedded(in: try FileReader(asset.path).all(), format: format)
      if try FileReader(fileAt: path)?.holds(bytes) == true { return }
      let file = try Self.beginFile(path)
      try bytes.withUnsafeBytes { bytes throws in try file.write(bytes) }
      try await file.commit(to: path, replacing: replacing)
    } else {
      if try FileReader(fileAt: path)?.holds(sameAs: FileReader(asset.path)) == true { return }
      let file = try Self.beginFile(path)
      try FileReader(asset.path).forEachPiece { piece throws in try file.write(piece) }
      try await file.commit(to: path, replacing: replacing)
    }
  }

  /// Goes on on a thread of the pool: the caller's may be a script's, and a large file takes a while.
  private static func leaveThread() async {
    await Task.yield()
  }

  private static func beginFile(_ path: String) throws -> WholeFile {
    let folder = WholeFile.parent(of: path)
    try WholeFile.makeFolder(folder)
    return try WholeFile(in: folder)
  }

  /// A file of the user's as an asset that is not stored, for one who only looks.
  public func describe(fileOfTheUsers path: String) throws -> Asset {
    try Self.describe(path, sha256: sha256(ofFile: path))
  }

  static func folder(of sha256: String, in root: String) -> String {
    "\(root)/\(sha256.prefix(2))"
  }

  private static func describe(_ path: String, sha256: String) throws -> Asset {
    let reader = try FileReader(path)
    let head = try reader.next(upTo: PictureHeader.enoughBytes)
    var header = PictureHeader(head)
    if header == nil, PictureHeader.mayLieDeeper(head) {
      header = PictureHeader(head + (try reader.all()))
    }
    return Asset(sha256: sha256, path: path, byteCount: try reader.byteCount, header: header)
  }
}

/// Hashes and sniffs what it writes, so that the content is read once.
final class FileAssetWriter: AssetWriter {
  /// The endings of assets' names; the last is for what is neither a picture nor a video.
  static let suffixes =
    PictureFormat.allCases.map { ".\($0.pathExtension)" } + [".mp4", ".bin"]

  private let root: String
  private let file: WholeFile
  private var hash = SHA256()
  /// The beginning; all of it where the header lies deeper.
  private var head: [UInt8] = []
  private var header: PictureHeader?
  private var byteCount = 0

  init(root: String) throws {
    self.root = root
    file = try WholeFile(in: root)
  }

  func write(_ bytes: UnsafeRawBufferPointer) throws {
    hash.update(bufferPointer: bytes)
    byteCount += bytes.count
    if head.count < PictureHeader.enoughBytes {
      head.append(contentsOf: bytes)
      if head.count >= PictureHeader.enoughBytes { header = PictureHeader(head) }
    } else if header == nil, PictureHeader.mayLieDeeper(head) {
      head.append(contentsOf: bytes)
    }
    try file.write(bytes)
  }

  func commit() async throws -> Asset {
    let sha256 = hash.finalize().hexadecimal
    let header = header ?? PictureHeader(head)
    let folder = FileAssetStore.folder(of: sha256, in: root)
    try WholeFile.makeFolder(folder)
    let path = "\(folder)/\(sha256)\(Self.suffix(header: header, head: head))"
    // What is stored twice is there once, and as new as if it were stored now, so that nobody prunes
    // it before the journal has it. One of another size was damaged, and is replaced.
    if FileFacts(path)?.byteCount == byteCount, FileFacts.touch(path) {
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
    return head.dropFirst(4).starts(with: Array("ftyp".utf8)) ? ".mp4" : ".bin"
  }
}

extension SHA256.Digest {
  /// Two lower-case digits a byte.
  var hexadecimal: String {
    map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
