import Hummingbird
import NIOCore
import NIOPosix

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A file that is opened before its answer begins, so that one which cannot be read is an error and
/// no answer that breaks off.
final class OpenFile: Sendable {
  private static let pieceBytes = 128 << 10

  private let descriptor: Int32
  /// Bytes, at least 1.
  let size: Int

  /// Nil where there is no such file, or an empty one.
  ///
  /// - Throws: ``HomeError`` where it cannot be opened or is no regular file.
  init?(_ path: String) throws {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      if errno == ENOENT { return nil }
      throw HomeError("read", path)
    }
    var info = stat()
    guard fstat(descriptor, &info) == 0, info.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw HomeError("read", path, because: "it is no regular file")
    }
    guard info.st_size > 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    size = Int(info.st_size)
  }

  deinit { close(descriptor) }

  /// Some of its bytes, read piece by piece on threads that may wait for a disk.
  func body(_ range: ClosedRange<Int>) -> ResponseBody {
    ResponseBody(contentLength: range.count) { writer in
      var position = range.lowerBound
      while position <= range.upperBound {
        let piece = try await self.read(
          min(Self.pieceBytes, range.upperBound - position + 1), position)
        // Shorter than it was: the answer breaks off, as it must.
        guard piece.readableBytes > 0 else { throw ChannelError.eof }
        position += piece.readableBytes
        try await writer.write(piece)
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
