import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A TLS proxy for a server without TLS: it decrypts what arrives and forwards it.
///
/// If the server closes a connection, the client gets no close_notify.
public final class TLSProxy: Sendable {
  private final class Target: Sendable {
    let port = Mutex(0)
  }

  private let channel: any Channel
  private let target = Target()

  public init(_ certificate: TestCertificate) async throws {
    let context = try certificate.serverContext()
    let target = target
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          try pipeline.addHandler(NIOSSLServerHandler(context: context))
          try pipeline.addHandler(RequestForwarder(port: target.port.withLock { $0 }))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  public var address: String { "https://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

  /// Forwards new connections to a port of the loopback address.
  public func forward(to port: Int) { target.port.withLock { $0 = port } }

  public func close() async { try? await channel.close() }
}

/// Forwards what a client sends to the server.
final class RequestForwarder: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let port: Int
  private var server: (any Channel)?
  /// The bytes that arrived before the connection to the server was open.
  private var early = ByteBuffer()

  init(port: Int) { self.port = port }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { connect(context) }
  }

  func channelActive(context: ChannelHandlerContext) { connect(context) }

  private func connect(_ context: ChannelHandlerContext) {
    let client = context.channel
    ClientBootstrap(group: context.eventLoop)
      .channelInitializer { server in
        server.eventLoop.makeCompletedFuture {
          try server.pipeline.syncOperations.addHandler(AnswerForwarder(to: client))
        }
      }
      .connect(host: "127.0.0.1", port: port)
      .assumeIsolated()
      .whenComplete { [self] connected in
        guard case .success(let server) = connected else { return client.closeAbruptly() }
        self.server = server
        server.writeAndFlush(early, promise: nil)
        if !client.isActive { server.close(promise: nil) }
      }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    var bytes = unwrapInboundIn(data)
    if let server {
      server.writeAndFlush(bytes, promise: nil)
    } else {
      early.writeBuffer(&bytes)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    server?.close(promise: nil)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

/// Forwards what the server answers to the client.
private final class AnswerForwarder: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let client: any Channel

  init(to client: any Channel) { self.client = client }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    client.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    client.closeAbruptly()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
