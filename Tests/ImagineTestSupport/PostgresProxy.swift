import NIOCore
import NIOPosix
import Synchronization

/// Stands between a store and its PostgreSQL server, and cuts connections at a message of the protocol.
public final class PostgresProxy: Sendable {
  /// Where a connection is cut: before or after a message, counted from 1 in its direction.
  public struct Cut: Sendable {
    public var isFromClient: Bool
    public var message: Int
    public var isAfter: Bool

    public init(isFromClient: Bool, message: Int, isAfter: Bool) {
      self.isFromClient = isFromClient
      self.message = message
      self.isAfter = isAfter
    }
  }

  private let folder: TemporaryFolder
  private let channel: any Channel
  private let count: CutCount

  /// How many connections were cut.
  public var cuts: Int { count.value.withLock { $0 } }

  /// The folder of the proxy's socket, as PostgreSQL's clients find it.
  public var folderOfSocket: String { folder.path }

  /// - Parameter cut: asked for each connection; nil leaves it whole.
  public init(to server: PostgresServer, cut: @escaping @Sendable () -> Cut?) async throws {
    folder = try TemporaryFolder()
    let (target, count) = (server.socket, CutCount())
    self.count = count
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .childChannelInitializer { client in
        let cut = cut()
        return client.eventLoop.makeCompletedFuture {
          try client.pipeline.syncOperations.addHandler(ClientMessages(target, cut, count))
        }
      }
      .bind(unixDomainSocketPath: folder.file(".s.PGSQL.5432")).get()
  }

  public func close() async { try? await channel.close() }
}

private final class CutCount: Sendable {
  let value = Mutex(0)
}

/// Splits what one side sends into messages and forwards them, up to the cut.
private struct MessageForwarder {
  private var received = ByteBuffer()
  private var count = 0
  /// The first message of a client has no type.
  private let isFromClient: Bool
  private let cut: PostgresProxy.Cut?
  private let cuts: CutCount

  init(isFromClient: Bool, _ cut: PostgresProxy.Cut?, _ cuts: CutCount) {
    self.isFromClient = isFromClient
    self.cuts = cuts
    self.cut = cut?.isFromClient == isFromClient ? cut : nil
  }

  mutating func receive(_ bytes: ByteBuffer) {
    var bytes = bytes
    received.writeBuffer(&bytes)
  }

  /// Forwards the whole messages that have arrived. Closes both channels at the cut.
  mutating func forward(from sender: any Channel, to receiver: any Channel) {
    while let message = next() {
      count += 1
      let isCut = count == cut?.message
      if !isCut || cut?.isAfter == true { receiver.write(message, promise: nil) }
      guard !isCut else {
        cuts.value.withLock { $0 += 1 }
        receiver.flush()
        receiver.close(promise: nil)
        sender.close(promise: nil)
        return
      }
    }
    receiver.flush()
  }

  private mutating func next() -> ByteBuffer? {
    let head = isFromClient && count == 0 ? 0 : 1
    guard
      let length = received.getInteger(at: received.readerIndex + head, as: Int32.self)
    else { return nil }
    return received.readSlice(length: head + Int(length))
  }
}

private final class ClientMessages: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let target: String
  private let cut: PostgresProxy.Cut?
  private let cuts: CutCount
  private var messages: MessageForwarder
  private var server: (any Channel)?

  init(_ target: String, _ cut: PostgresProxy.Cut?, _ cuts: CutCount) {
    self.target = target
    self.cut = cut
    self.cuts = cuts
    messages = MessageForwarder(isFromClient: true, cut, cuts)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    if context.channel.isActive { connect(context) }
  }

  func channelActive(context: ChannelHandlerContext) { connect(context) }

  private func connect(_ context: ChannelHandlerContext) {
    let (client, cut, cuts) = (context.channel, cut, cuts)
    ClientBootstrap(group: context.eventLoop)
      .channelInitializer { server in
        server.eventLoop.makeCompletedFuture {
          try server.pipeline.syncOperations.addHandler(ServerMessages(client, cut, cuts))
        }
      }
      .connect(unixDomainSocketPath: target)
      .assumeIsolated()
      .whenComplete { [self] connected in
        guard case .success(let server) = connected else { return client.close(promise: nil) }
        self.server = server
        messages.forward(from: client, to: server)
        if !client.isActive { server.close(promise: nil) }
      }
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    messages.receive(unwrapInboundIn(data))
    if let server { messages.forward(from: context.channel, to: server) }
  }

  func channelInactive(context: ChannelHandlerContext) { server?.close(promise: nil) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}

private final class ServerMessages: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer

  private let client: any Channel
  private var messages: MessageForwarder

  init(_ client: any Channel, _ cut: PostgresProxy.Cut?, _ cuts: CutCount) {
    self.client = client
    messages = MessageForwarder(isFromClient: false, cut, cuts)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    messages.receive(unwrapInboundIn(data))
    messages.forward(from: context.channel, to: client)
  }

  func channelInactive(context: ChannelHandlerContext) { client.close(promise: nil) }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
