import ImagineAPI
import ImagineSystem
import MediaFiles

extension FileReader {
  /// A source that reads the file on demand. It keeps the reader alive.
  func source(byteCount: Int) -> MediaSource {
    MediaSource(byteCount: byteCount) { offset, count throws(ImagineError) in
      try self.bytes(from: offset, count: count)
    }
  }

  /// A source of the file; a pipe is read to its end first.
  ///
  /// - Parameter limit: the maximum number of bytes from a pipe or a device.
  func source(limit: Int) throws(ImagineError) -> MediaSource {
    if let byteCount { return source(byteCount: byteCount) }
    return MediaSource(try all(limit: limit))
  }
}
