public import ImagineAPI
public import MediaFiles

/// Keeps files by their content hash, so equal files are stored once.
public protocol AssetStore: MediaStore {
  /// Copies an input image into the store, reading it once, on the caller's thread. A power failure
  /// may lose the copy before ``sync(_:)``. An asset is returned as it is.
  ///
  /// - Throws: as ``importFile(_:)`` does; for a device or a pipe too.
  func stage(_ image: ImageInput) throws -> Asset
  /// Syncs a staged file.
  func sync(_ asset: Asset) async throws
  func sha256(of bytes: [UInt8]) -> String
  /// The asset with a hash; nil if it is not stored.
  func asset(sha256: String) throws -> Asset?
  /// Reads at most `count` bytes of an asset from `offset`; fewer at its end.
  func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8]
  /// Reads the whole asset and compares its content with its hash.
  ///
  /// - Throws: ``ImagineError`` of kind `io` that names the file if it is damaged. The store then
  ///   no longer has the asset; its file is renamed to `….damaged`.
  func verify(_ asset: Asset) throws
  /// Stores a copy of a user's file, or of what a pipe delivers.
  ///
  /// - Throws: ``ImagineError`` of kind `io`, also for more than ``AssetStore/maxImportBytes``; of
  ///   kind `validation` for a truncated image or video.
  func importFile(_ path: FilePath) async throws -> Asset
  /// Copies an asset to a user's path, atomically; creates missing folders. A file that already has
  /// this content is left as it is, so a resumed run may save again.
  ///
  /// - Parameters:
  ///   - replacing: whether an existing file may be replaced.
  ///   - metadata: embedded if the format has a place for it; nil copies byte for byte.
  /// - Throws: ``ImagineError`` of kind `io`, also if the asset is damaged (``verify(_:)``).
  func export(
    _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: ImageMetadata?)
    async throws
}

extension AssetStore {
  /// The largest file that can be imported, in bytes: 128 MiB.
  public static var maxImportBytes: Int { 1 << 27 }
}
