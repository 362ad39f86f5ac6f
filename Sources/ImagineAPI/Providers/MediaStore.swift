/// Stores the files of a provider's answers, and reads its input images.
public protocol MediaStore: Sendable {
  /// Starts a file that is written in pieces.
  func makeWriter() throws -> any AssetWriter

  /// Reads a file and compares its content with its hash.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it is missing or damaged.
  func content(of asset: Asset) throws -> [UInt8]
}

/// A file that is being stored.
///
/// It appears complete, on ``commit()``, or not at all. Not safe to share between tasks.
public protocol AssetWriter: AnyObject {
  func write(_ bytes: UnsafeRawBufferPointer) throws
  /// Syncs the file (fsync) and gives it its name; returns when both survive a power failure. Do
  /// not use the writer afterwards.
  ///
  /// - Throws: ``ImagineError`` of kind `io`; of kind `badResponse` for an incomplete image or
  ///   video (``MediaFault``).
  func commit() async throws -> Asset
  /// Removes the written data. Does nothing after ``commit()``.
  func discard()
}

extension MediaStore {
  /// Stores bytes.
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
