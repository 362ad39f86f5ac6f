import NIOCore
import NIOPosix
import Synchronization

/// A proxy for tests: HTTP tunnels (CONNECT) and SOCKS 5. Whatever address it is asked for, it
/// connects to one port of the loopback address.
public final class TunnelProxy: Sendable {
  private let channel: any Channel
  private let log = Log()

  fileprivate final class Log: Sendable {
    let requests = Mutex<[String]>([])
  }

  /// - Parameter port: where tunnels lead.
  public init(to port: Int) async throws {
    let log = log
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.addHandler(TunnelHandler(port: port, log))
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  public var port: Int { channel.localAddress?.port ?? 0 }

  /// The heads of CONNECT requests, and `socks host:port`.
  public var requests: [String] { log.requests.withLock { $0 } }

  public func close() async { try? await channel.close() }
}

/// Answers the beginning of a connection, then forwards the rest.
private final class TunnelHandler: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let port: Int
  private let log: TunnelProxy.Log
  private var bytes: [UInt8] = []
  private var hasGreeted = false

  init(port: Int, _ log: TunnelProxy.Log) {
    self.port = port
    self.log = log
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    bytes += unwrapInboundIn(data).readableBytesView
    if bytes.first == 5 {
      socks(context)
    } else if let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) {
      open(
        context, String(decoding: bytes[..<end.lowerBound], as: UTF8.self),
        answer: Array("HTTP/1.1 200 OK\r\n\r\n".utf8), after: end.upperBound)
    }
  }

  /// RFC 1928, without authentication.
  private func socks(_ context: ChannelHandlerContext) {
    if !hasGreeted {
      guard bytes.count >= 3 else { return }
      hasGreeted = true
      bytes.removeFirst(2 + Int(bytes[1]))
      write(context, [5, 0])
    }
    guard bytes.count > 5, bytes[3] == 3, bytes.count >= 7 + Int(bytes[4]) else { return }
    let end = 5 + Int(bytes[4])
    let port = Int(bytes[end]) << 8 | Int(bytes[end + 1])
    open(
      context, "socks \(String(decoding: bytes[5..<end], as: UTF8.self)):\(port)",
      answer: [5, 0, 0, 1, 0, 0, 0, 0, 0, 0], after: end + 2)
  }

  private func open(
    _ context: ChannelHandlerContext, _ request: String, answer: [UInt8], after end: Int
  ) {
    log.requests.withLock { $0.append(request) }
    write(context, answer)
    let rest = bytes[end...]
    let pipeline = context.pipeline.syncOperations
    do {
      try pipeline.addHandler(RequestForwarder(port: port))
    } catch {
      return context.close(promise: nil)
    }
    if !rest.isEmpty { context.fireChannelRead(wrapInboundOut(ByteBuffer(bytes: rest))) }
    pipeline.removeHandler(context: context, promise: nil)
  }

  typealias InboundOut = ByteBuffer

  private func write(_ context: ChannelHandlerContext, _ bytes: [UInt8]) {
    context.channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }
}
