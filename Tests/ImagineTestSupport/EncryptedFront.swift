import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// TLS before a server that speaks none: it decrypts what arrives and passes it on.
///
/// Where the server closes a connection, its client gets no close_notify.
public final class EncryptedFront: Sendable {
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
          try pipeline.addHandler(Requests(port: target.port.withLock { $0 }))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  public var address: String { "https://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

  /// Passes connections that come from now on to a port of the loopback address.
  public func lead(to port: Int) { target.port.withLock { $0 = port } }

  public func close() async { try? await channel.close() }
}

/// What a client sends, on its way to the server.
private final class Requests: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let port: Int
  private var server: (any Channel)?
  /// What arrived before there was a connection to the server.
  private var early = ByteBuffer()

  init(port: Int) { self.port = port }

  func channelActive(context: ChannelHandlerContext) {
    let client = context.channel
    ClientBootstrap(group: context.eventLoop)
      .channelInitializer { server in
        server.eventLoop.makeCompletedFuture {
          try server.pipeline.syncOperations.addHandler(Answers(to: client))
        }
      }
      .connect(host: "127.0.0.1", port: port)
      .assumeIsolated()
      .whenComplete { [self] connected in
        guard case .success(let server) = connected else { return client.closeRudely() }
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

/// What the server answers, on its way to the client.
private final class Answers: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let client: any Channel

  init(to client: any Channel) { self.client = client }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    client.writeAndFlush(unwrapInboundIn(data), promise: nil)
  }

  func channelInactive(context: ChannelHandlerContext) {
    client.closeRudely()
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
