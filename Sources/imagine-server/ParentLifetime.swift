import NIOCore
import NIOPosix
import ServiceLifecycle

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Ends when the parent process closes its end of standard input or dies.
struct ParentLifetime: Service {
  /// The only accepted token: the first line on standard input.
  let token: String

  /// Waits for the token.
  ///
  /// - Throws: ``TokenMissing`` if standard input ends before the first line does.
  init() throws {
    // Byte by byte, so that nothing after the line is consumed.
    var line: [UInt8] = []
    var byte: UInt8 = 0
    while line.count < 4096 {
      let count = read(STDIN_FILENO, &byte, 1)
      if count < 0, errno == EINTR { continue }
      guard count == 1 else { throw TokenMissing() }
      if byte == UInt8(ascii: "\n") { break }
      line.append(byte)
    }
    guard let text = String(validating: line, as: UTF8.self), !text.isEmpty else {
      throw TokenMissing()
    }
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

  /// No token arrived.
  struct TokenMissing: Error, CustomStringConvertible {
    let description = "--child: standard input ended before a line with the token"
  }
}
