import Hummingbird
import ImagineAPI
import ImagineSystem
import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is opened before its answer begins, so that an unreadable file is an error instead of
/// a truncated answer.
final class OpenFile: Sendable {
  private static let chunkBytes = 128 << 10

  private let descriptor: Int32
  /// Bytes, at least 1.
  let size: Int

  /// Nil if the file is missing or empty.
  ///
  /// - Throws: ``ImagineError`` of kind `io` if it cannot be opened or is not a regular file.
  init?(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw ImagineError.system("cannot read \(path)")
    }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw ImagineError(.io, "cannot read \(path): it is not a regular file")
    }
    guard info.st_size > 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    size = Int(info.st_size)
  }

  deinit { close(descriptor) }

  /// A body of a range of the file, read in chunks on a thread pool.
  func body(_ range: ClosedRange<Int>) -> ResponseBody {
    ResponseBody(contentLength: range.count) { writer in
      var position = range.lowerBound
      while position <= range.upperBound {
        let chunk = try await self.read(
          min(Self.chunkBytes, range.upperBound - position + 1), position)
        // The file became shorter: all that is left is to truncate the answer.
        guard chunk.readableBytes > 0 else { throw ChannelError.eof }
        position += chunk.readableBytes
        try await writer.write(chunk)
      }
      try await writer.finish(nil)
    }
  }

  private func read(_ count: Int, _ position: Int) async throws -> ByteBuffer {
    try await NIOThreadPool.singleton.runIfActive { [self] in
      var buffer = ByteBufferAllocator().buffer(capacity: count)
      var done = -1
      repeat {
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: count) { bytes in
          done = pread(descriptor, bytes.baseAddress, count, off_t(position))
          return max(0, done)
        }
      } while done < 0 && errno == EINTR
      return buffer
    }
  }
}
