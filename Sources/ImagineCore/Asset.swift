/// A file in an asset store: a picture or a video, known by the hash of its content.
public struct Asset: Sendable, Hashable {
  /// SHA-256 of the content, 64 lower-case hexadecimal digits.
  public let sha256: String
  /// Where the content is. The file belongs to the store: never written to, never removed.
  public let path: String
  public let byteCount: Int
  /// What the first bytes say; nil for anything but a picture.
  public let header: PictureHeader?

  public init(sha256: String, path: String, byteCount: Int, header: PictureHeader?) {
    self.sha256 = sha256
    self.path = path
    self.byteCount = byteCount
    self.header = header
  }

  /// Whether a text has the form of ``sha256``.
  public static func isSHA256(_ text: String) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
          || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains($0)
      }
  }
}

/// Keeps files by their content: what is stored twice is there once.
public protocol AssetStore: Sendable {
  /// Begins a file that grows piece by piece.
  func makeWriter() throws -> any AssetWriter
  /// SHA-256 of the content of a file of the user's.
  func sha256(ofFile path: FilePath) throws -> String
  func sha256(of bytes: [UInt8]) -> String
  /// The asset with a hash, where it is stored.
  func asset(sha256: String) throws -> Asset?
  /// A part of an asset's content: at most `count` bytes from `offset`, fewer at its end.
  func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8]
  /// Reads an asset from its first byte to its last and compares the content with its hash.
  ///
  /// - Throws: ``ImagineError`` of kind `io` that names the file where it is damaged. From then on the
  ///   store does not have the asset any more; its file keeps its bytes under the name `….damaged`.
  func verify(_ asset: Asset) throws
  /// Stores a copy of a file of the user's, or of what comes out of a pipe.
  ///
  /// - Throws: ``ImagineError`` of kind `io`, also for more than ``AssetStore/mostImportedBytes``; of
  ///   kind `validation` for a picture or a film that is not whole.
  func importFile(_ path: FilePath) async throws -> Asset
  /// Copies an asset to a path of the user's: whole or not at all; missing folders are made. A file
  /// that has this very content already is left as it is, so a run that is resumed may save again.
  ///
  /// - Parameters:
  ///   - replacing: whether a file of that name may be replaced.
  ///   - metadata: embedded in formats that have a place for it; nil copies byte for byte.
  /// - Throws: ``ImagineError`` of kind `io`, also where the asset is damaged (``verify(_:)``).
  func export(
    _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: PictureMetadata?)
    async throws
}

/// A file on its way into a store.
///
/// It appears whole, on ``commit()``, or not at all. Not safe to share between tasks: one writer,
/// one owner.
public protocol AssetWriter: AnyObject {
  func write(_ bytes: UnsafeRawBufferPointer) throws
  /// Syncs the file and gives it its name; returns when both would outlive a power cut. The writer is
  /// used up.
  ///
  /// - Throws: ``ImagineError`` of kind `io`; of kind `badResponse` for a picture or a film that is
  ///   not whole by its own format (``MediaFault``).
  func commit() async throws -> Asset
  /// Removes what was written. Does nothing after ``commit()``.
  func discard()
}

extension AssetStore {
  /// The largest file that is imported: 128 MiB.
  public static var mostImportedBytes: Int { 1 << 27 }

  /// Stores bytes that are at hand.
  public func store(_ bytes: [UInt8]) async throws -> Asset {
    let writer = try makeWriter()
    do {
      try bytes.withUnsafeBytes { try writer.write($0) }
      return try await writer.commit()
    } catch {
      writer.discard()
      throw error
    }
  }
}
