/// Stores the files of a provider's answers.
public protocol MediaSink: Sendable {
  /// Starts a file that is written in pieces.
  func makeWriter() throws -> any AssetWriter
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

extension MediaSink {
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
