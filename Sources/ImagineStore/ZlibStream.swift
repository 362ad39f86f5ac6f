import CZlib

/// Data compressed in the frame of zlib (RFC 1950), as PNG keeps long texts.
///
/// The library is one that the host's HTTP client links already.
enum ZlibStream {
  /// The data as it was before compression.
  ///
  /// - Parameter limit: the most bytes that it may have: a few kilobytes can hold gigabytes.
  /// - Returns: nil for damaged data, and for more than `limit` bytes.
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
        // Without a byte more there would be no end.
        case Z_OK where stream.avail_in > 0 || stream.avail_out == 0: continue
        default: return nil
        }
      }
    }
  }
}
