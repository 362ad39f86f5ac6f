import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// A server that answers with the exact bytes that a test gives, over TCP or TLS, and closes the
/// connection in order or abruptly.
public final class WireServer: Sendable {
  /// One step of the answer to a request.
  public enum Step: Sendable {
    case send([UInt8])
    /// Sends a text.
    public static func text(_ text: String) -> Step { .send(Array(text.utf8)) }
    case pause(milliseconds: Int)
    /// Closes the connection; over TLS with close_notify.
    case close
    /// Closes the socket; over TLS without close_notify.
    case abort
  }

  private struct State {
    var connections = 0
    var closedConnections = 0
    var requests: [String] = []
  }

  private final class Log: Sendable {
    let state = Mutex(State())
  }

  private let channel: any Channel
  private let log: Log
  private let isEncrypted: Bool

  /// - Parameters:
  ///   - certificate: nil for TCP.
  ///   - abortsAtOnce: true to close a connection when its first byte arrives. Over TCP that is
  ///     during a client's TLS handshake.
  ///   - answer: returns the steps for the request with this number, counted from 1.
  public init(
    _ certificate: TestCertificate? = nil, abortsAtOnce: Bool = false,
    _ answer: @escaping @Sendable (Int) -> [Step]
  ) async throws {
    let log = Log()
    self.log = log
    isEncrypted = certificate != nil
    let context = try certificate.map { try $0.serverContext() }
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        log.state.withLock { $0.connections += 1 }
        channel.closeFuture.whenComplete { _ in log.state.withLock { $0.closedConnections += 1 } }
        return channel.eventLoop.makeCompletedFuture {
          let pipeline = channel.pipeline.syncOperations
          if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
          try pipeline.addHandler(
            WireExchange(abortsAtOnce: abortsAtOnce) { request in
              // It promises nothing; the question is not counted.
              if request.hasPrefix("GET /x/capabilities") {
                return [.text("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
              }
              let number = log.state.withLock { state in
                state.requests.append(request)
                return state.requests.count
              }
              return answer(number)
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  public var port: Int { channel.localAddress?.port ?? 0 }
  public var address: String { "\(isEncrypted ? "https" : "http")://127.0.0.1:\(port)" }
  public var connections: Int { log.state.withLock { $0.connections } }
  public var closedConnections: Int { log.state.withLock { $0.closedConnections } }
  /// The complete requests that arrived.
  public var requests: [String] { log.state.withLock { $0.requests } }

  public func close() async { try? await channel.close() }
}

/// Handles one connection.
private final class WireExchange: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let abortsAtOnce: Bool
  private let answer: @Sendable (String) -> [WireServer.Step]
  private var received: [UInt8] = []

  init(abortsAtOnce: Bool, _ answer: @escaping @Sendable (String) -> [WireServer.Step]) {
    self.abortsAtOnce = abortsAtOnce
    self.answer = answer
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    received += unwrapInboundIn(data).readableBytesView
    if abortsAtOnce {
      context.channel.closeAbruptly()
      return
    }
    guard isComplete else { return }
    let request = String(decoding: received, as: UTF8.self)
    received = []
    Self.reply(answer(request), on: context.channel)
  }

  private static func reply(_ steps: [WireServer.Step], on channel: any Channel) {
    Task { await perform(steps, on: channel) }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }

  private var isComplete: Bool {
    let text = String(decoding: received, as: UTF8.self)
    guard let end = text.firstRange(of: "\r\n\r\n") else { return false }
    let head = text[..<end.lowerBound].lowercased()
    let length = head.split(separator: "\r\n").first { $0.hasPrefix("content-length:") }
      .flatMap { Int($0.dropFirst("content-length:".count).filter { $0 != " " }) }
    return received.count >= head.utf8.count + 4 + (length ?? 0)
  }

  private static func perform(_ steps: [WireServer.Step], on channel: any Channel) async {
    for step in steps {
      switch step {
      case .send(let bytes): try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
      case .pause(let milliseconds): try? await Task.sleep(for: .milliseconds(milliseconds))
      case .close: try? await channel.close()
      case .abort: channel.closeAbruptly()
      }
    }
  }
}

extension Channel {
  /// Closes the socket; over TLS without close_notify. A close from the TLS handler's context does
  /// not pass through that handler, so it sends nothing to the peer.
  func closeAbruptly() {
    eventLoop.execute { [self] in
      if let context = try? pipeline.syncOperations.context(
        handlerType: NIOSSLServerHandler.self)
      {
        context.close(promise: nil)
      } else {
        close(promise: nil)
      }
    }
  }
}
