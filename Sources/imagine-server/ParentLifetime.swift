import NIOCore
import NIOPosix
import ServiceLifecycle

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends when the program that started this one closes its end of standard input, also by dying.
struct ParentLifetime: Service {
  /// The only token that the parent's calls bear: the first line on standard input.
  let token: String

  /// Reads the token, and waits for it.
  ///
  /// - Throws: ``Fault`` where standard input ends before a line does.
  init() throws {
    // Byte by byte: what follows the line is not ours to buffer.
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < 4096 {
      let count = read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { throw Fault() }
      if byte == UInt8(ascii: "\n") { break }
      line.append(byte)
    }
    guard let text = String(validating: line, as: UTF8.self), !text.isEmpty else { throw Fault() }
    token = text.hasSuffix("\r") ? String(text.dropLast()) : text
  }

  /// Returns at the end of standard input, or when the program shuts down for another reason.
  func run() async throws {
    let channel = try await NIOPipeBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .takingOwnershipOfDescriptor(input: dup(STDIN_FILENO))
      .get()
    try await withGracefulShutdownHandler {
      try await channel.closeFuture.get()
    } onGracefulShutdown: {
      channel.close(promise: nil)
    }
  }

  /// No token came.
  struct Fault: Error, CustomStringConvertible {
    let description = "--child: standard input ended before a line with the token"
  }
}
