import ArgumentParser
import NIOCore
import NIOPosix
import NIOSSL

/// `imagine-server healthcheck`: asks a running server how it is, for containers without curl.
struct HealthcheckCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "healthcheck",
    abstract: "Asks a server on this machine whether it is well; the exit code is 0 if it is.")

  @Argument(
    help: ArgumentHelp(
      """
      The address that the server listens on: http://127.0.0.1:8080, https://127.0.0.1:8443, or the \
      path of its Unix socket. A certificate is not checked, because it is for another name.
      """))
  var address = "http://127.0.0.1:8080"

  @Flag(help: "Ask whether it accepts work (/readyz), and not only whether it is alive (/healthz).")
  var ready = false

  @Option(help: "Seconds until the whole answer must be there.")
  var timeout = 5.0

  func run() async throws {
    let answer: String
    do {
      answer = try await self.answer(to: ready ? "/readyz" : "/healthz")
    } catch {
      throw Unwell(description: "no answer: \(error)")
    }
    guard answer.hasPrefix("HTTP/1.1 200 ") else {
      let body = answer.split(separator: "\r\n\r\n", maxSplits: 1).dropFirst().joined()
      throw Unwell(description: body.isEmpty ? "the answer is not one of HTTP" : body)
    }
  }

  func validate() throws {
    guard timeout > 0, timeout <= 3600 else {
      throw ValidationError("--timeout must be more than 0 and at most 3600, not \(timeout)")
    }
    guard address.hasPrefix("/") || place != nil else {
      throw ValidationError(
        "the address must be like http://127.0.0.1:8080 or /run/imagine.sock, not '\(address)'")
    }
  }

  /// The host and port of an address that is no socket's.
  private var place: (host: String, port: Int)? {
    guard let match = address.wholeMatch(of: /https?:\/\/(\[([0-9a-f:]+)\]|[^:\/\[]+):([0-9]+)/),
      let port = Int(match.3), port <= 65535
    else { return nil }
    return (String(match.2 ?? match.1), port)
  }

  /// The answer, if it is there in time. The program ends without waiting for a server that hangs.
  private func answer(to path: String) async throws -> String {
    let (results, result) = AsyncStream.makeStream(of: Result<String, any Error>.self)
    Task {
      do {
        result.yield(.success(try await ask(path)))
      } catch {
        result.yield(.failure(error))
      }
    }
    Task {
      try await Task.sleep(for: .seconds(timeout))
      result.yield(.failure(Unwell(description: "not within \(timeout) seconds")))
    }
    for await result in results { return try result.get() }
    throw CancellationError()
  }

  private func ask(_ path: String) async throws -> String {
    let tls = address.hasPrefix("https:")
    let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .connectTimeout(.seconds(5))
    let setUp: @Sendable (any Channel) -> EventLoopFuture<NIOAsyncChannel<ByteBuffer, ByteBuffer>> =
      { channel in
        channel.eventLoop.makeCompletedFuture {
          if tls {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.certificateVerification = .none
            try channel.pipeline.syncOperations.addHandler(
              try NIOSSLClientHandler(
                context: NIOSSLContext(configuration: configuration), serverHostname: nil))
          }
          return try NIOAsyncChannel(wrappingChannelSynchronously: channel)
        }
      }
    let channel =
      if let place {
        try await bootstrap.connect(
          host: place.host, port: place.port, channelInitializer: setUp)
      } else {
        try await bootstrap.connect(unixDomainSocketPath: address, channelInitializer: setUp)
      }
    return try await channel.executeThenClose { inbound, outbound in
      try await outbound.write(
        ByteBuffer(string: "GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"))
      var answer = ByteBuffer()
      do {
        for try await var piece in inbound where answer.readableBytes < 1 << 16 {
          answer.writeBuffer(&piece)
        }
      } catch  where answer.readableBytes > 0 {
        // The answer is there; how the connection ends does not matter.
      }
      return String(buffer: answer)
    }
  }

  private struct Unwell: Error, CustomStringConvertible {
    let description: String
  }
}
