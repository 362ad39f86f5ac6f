import CZlib

/// Decompresses zlib data (RFC 1950), in which PNG stores long texts.
///
/// The host's HTTP client links zlib already.
enum ZlibStream {
  /// Decompresses data.
  ///
  /// - Parameter limit: maximum size of the result in bytes: a few kilobytes can expand to
  ///   gigabytes.
  /// - Returns: nil for damaged data, and for results over `limit`.
  static func inflate(_ compressed: ArraySlice<UInt8>, limit: Int) -> [UInt8]? {
    var stream = z_stream()
    guard inflateInit_(&stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
      return nil
    }
    defer { inflateEnd(&stream) }
    var input = Array(compressed)
    return input.withUnsafeMutableBufferPointer { input -> [UInt8]? in
      stream.next_in = input.baseAddress
      stream.avail_in = uInt(clamping: input.count)
      var result: [UInt8] = []
      var piece = [UInt8](repeating: 0, count: 1 << 14)
      while true {
        let status = piece.withUnsafeMutableBufferPointer { piece in
          stream.next_out = piece.baseAddress
          stream.avail_out = uInt(piece.count)
          return CZlib.inflate(&stream, Z_NO_FLUSH)
        }
        result += piece.prefix(piece.count - Int(stream.avail_out))
        guard result.count <= limit else { return nil }
        switch status {
        case Z_STREAM_END: return result
        // Without further input this would never end.
        case Z_OK where stream.avail_in > 0 || stream.avail_out == 0: continue
        default: return nil
        }
      }
    }
  }
}
