import ImagineAPI
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// Listens to a server over a WebSocket (RFC 6455), which the HTTP library does not have.
extension HTTPTransport {
  private typealias Frames = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

  /// The longest message in bytes; a longer one ends the connection.
  private static let maxMessageBytes = 16 << 20

  /// Reads the texts that a server sends, until `read` has all it wants, the server ends the
  /// connection, or the task is cancelled.
  ///
  /// - Parameters:
  ///   - call: its address, whose scheme is `http` or `https`, and its authorization.
  ///   - read: returns whether it wants another text.
  /// - Throws: any error if there is no such connection, which includes a server that is reached
  ///   through a proxy or a Unix socket.
  func readWebSocket(
    _ call: Call, _ read: @escaping @Sendable ([UInt8]) -> Bool
  ) async throws {
    try WebAddress.check(call.address, endpoint: call.endpoint)
    guard let origin = Origin(call.address), origin.isWeb,
      try proxies.proxy(for: call.address) == nil
    else {
      throw ImagineError(.connection, "\(call.endpoint): no WebSocket can be opened here")
    }
    guard let frames = try await openWebSocket(call, origin) else {
      throw ImagineError(.badResponse, "\(call.endpoint): the server opens no WebSocket")
    }
    try await frames.executeThenClose { inbound, outbound in
      for try await frame in inbound {
        switch frame.opcode {
        case .text:
          guard read(Array(frame.unmaskedData.readableBytesView)) else { return }
        case .ping:
          try await outbound.write(
            WebSocketFrame(
              fin: true, opcode: .pong, maskKey: .random(), data: frame.unmaskedData))
        case .connectionClose: return
        default: break
        }
      }
    }
  }

  /// - Returns: nil if the server answers as to an ordinary request.
  private func openWebSocket(_ call: Call, _ origin: Origin) async throws -> Frames? {
    let (host, port) = origin.hostAndPort
    let tls = origin.isEncrypted ? try NIOSSLContext(configuration: tlsConfiguration()) : nil
    // A certificate names a host; an address cannot be asked for by name (RFC 6066).
    let isAddress = (try? SocketAddress(ipAddress: host, port: port)) != nil
    let patience = TimeAmount.milliseconds(Int64(min(timeouts.connect, 3600) * 1000))
    let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Frames?>(
      upgradeRequestHead: webSocketRequest(call, origin),
      upgraders: [
        NIOTypedWebSocketClientUpgrader<Frames?>(maxFrameSize: Self.maxMessageBytes) { channel, _ in
          channel.eventLoop.makeCompletedFuture {
            // A message may come in several frames.
            try channel.pipeline.syncOperations.addHandler(
              NIOWebSocketFrameAggregator(
                minNonFinalFragmentSize: 0, maxAccumulatedFrameCount: 1000,
                maxAccumulatedFrameSize: Self.maxMessageBytes))
            return try Frames(wrappingChannelSynchronously: channel)
          }
        }
      ],
      notUpgradingCompletionHandler: { channel in channel.close().map { nil } })
    var upgrading = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
    // The first texts may come with the answer to the handshake.
    upgrading.leftOverBytesStrategy = .forwardBytes
    let pipeline = upgrading
    let opened = try await ClientBootstrap(group: threads()).connectTimeout(patience)
      .connect(host: host, port: port) { channel in
        channel.eventLoop.makeCompletedFuture {
          if let tls {
            try channel.pipeline.syncOperations.addHandler(
              NIOSSLClientHandler(context: tls, serverHostname: isAddress ? nil : host))
          }
          let opened = try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
            configuration: pipeline)
          // A server may take the connection and say nothing.
          let timer = channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
          opened.whenComplete { result in
            timer.cancel()
            // A wrong answer to the handshake leaves the connection open.
            if case .failure = result { channel.close(promise: nil) }
          }
          return opened
        }
      }
    return try await opened.get()
  }

  private func webSocketRequest(_ call: Call, _ origin: Origin) -> HTTPRequestHead {
    let rest = call.address.drop { $0 != ":" }.dropFirst(3)
    let target = rest.drop { $0 != "/" && $0 != "?" && $0 != "#" }
    var headers = HTTPHeaders([("Host", origin.authority), ("User-Agent", userAgent)])
    if let authorization = call.authorization {
      headers.add(name: "Authorization", value: authorization)
    }
    return HTTPRequestHead(
      version: .http1_1, method: .GET, uri: target.hasPrefix("/") ? String(target) : "/\(target)",
      headers: headers)
  }
}
