import Crypto
import NIOCore
import NIOHTTP1
import NIOPosix
import Synchronization

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// An HTTP server that answers with what the test's handler returns, and records every request.
///
/// It listens on a free port of the loopback address and serves real HTTP over a real socket. A
/// question for its capabilities is not recorded.
public final class StubServer: Sendable {
  public struct Request: Sendable {
    public let method: String
    /// Path and query.
    public let target: String
    public let headers: [String: String]
    public let body: [UInt8]

    public var text: String { String(decoding: body, as: UTF8.self) }
  }

  public enum Answer: Sendable {
    case full(status: Int, headers: [String: String] = [:], body: [UInt8])
    /// Sends `length` as the content length, then the body, and closes.
    case cut(length: Int, body: [UInt8], headers: [String: String] = [:])
    /// Closes the connection without an answer.
    case close
    /// Never answers.
    case silence
    /// Opens a WebSocket, sends the texts, and closes the connection after the last.
    case webSocket(AsyncStream<String>)

    public static func json(_ status: Int, _ text: String) -> Answer {
      .full(status: status, headers: ["content-type": "application/json"], body: Array(text.utf8))
    }
  }

  public typealias Handler = @Sendable (Request) async -> Answer

  private let channel: any Channel
  private let log: RequestLog

  /// - Parameter capabilities: the answer to `GET /x/capabilities`. By default it promises nothing.
  public init(
    capabilities: Answer = .json(404, "{}"), _ handler: @escaping Handler
  ) async throws {
    let log = RequestLog()
    self.log = log
    channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
      .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
      .childChannelInitializer { channel in
        channel.eventLoop.makeCompletedFuture {
          try channel.pipeline.syncOperations.configureHTTPServerPipeline()
          try channel.pipeline.syncOperations.addHandler(
            Exchange { request in
              if request.target == "/x/capabilities" { return capabilities }
              log.requests.withLock { $0.append(request) }
              return await handler(request)
            })
        }
      }
      .bind(host: "127.0.0.1", port: 0).get()
  }

  private final class RequestLog: Sendable {
    let requests = Mutex<[Request]>([])
  }

  public var address: String { "http://127.0.0.1:\(channel.localAddress?.port ?? 0)" }

  /// Every request so far, in order of arrival.
  public var requests: [Request] { log.requests.withLock { $0 } }

  public func close() async {
    try? await channel.close()
  }
}

/// Handles one connection: reads a request, then writes its answer.
private final class Exchange: ChannelInboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundOut = HTTPServerResponsePart

  private let handler: StubServer.Handler
  private var head: HTTPRequestHead?
  private var body: [UInt8] = []

  init(_ handler: @escaping StubServer.Handler) {
    self.handler = handler
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      self.head = head
      body = []
    case .body(let piece):
      body += piece.readableBytesView
    case .end:
      guard let head else { return }
      let request = StubServer.Request(
        method: head.method.rawValue, target: head.uri,
        headers: Dictionary(
          head.headers.map { ($0.name.lowercased(), $0.value) },
          uniquingKeysWith: { "\($0), \($1)" }),
        body: body)
      Self.reply(to: request, by: handler, on: context.channel)
    }
  }

  private static func reply(
    to request: StubServer.Request, by handler: @escaping StubServer.Handler,
    on channel: any Channel
  ) {
    Task { await write(await handler(request), to: request, on: channel) }
  }

  private static func write(
    _ answer: StubServer.Answer, to request: StubServer.Request, on channel: any Channel
  ) async {
    switch answer {
    case .full(let status, let headers, let body):
      var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
      fields.replaceOrAdd(name: "content-length", value: String(body.count))
      await write(status, fields, body, to: channel)
    case .cut(let length, let body, let headers):
      var fields = HTTPHeaders(headers.map { ($0.key, $0.value) })
      fields.add(name: "content-length", value: String(length))
      await write(200, fields, body, to: channel, ends: false)
      try? await channel.close()
    case .close: try? await channel.close()
    case .silence: break
    case .webSocket(let texts): await send(texts, accepting: request, to: channel)
    }
  }

  /// Answers the handshake of RFC 6455, then sends each text.
  private static func send(
    _ texts: AsyncStream<String>, accepting request: StubServer.Request, to channel: any Channel
  ) async {
    let key = request.headers["sec-websocket-key"] ?? ""
    let hash = Insecure.SHA1.hash(data: Array("\(key)258EAFA5-E914-47DA-95CA-C5AB0DC85B11".utf8))
    let headers = HTTPHeaders([
      ("upgrade", "websocket"), ("connection", "upgrade"),
      ("sec-websocket-accept", Data(hash).base64EncodedString()),
    ])
    await write(101, headers, [], to: channel, ends: false)
    for await text in texts {
      // A long message comes in two frames.
      let bytes = Array(text.utf8)
      let parts = bytes.count > 100 ? [bytes[..<50], bytes[50...]] : [bytes[...]]
      for (index, part) in parts.enumerated() {
        let opcode: UInt8 = index == 0 ? 1 : 0
        let isLast: UInt8 = index == parts.count - 1 ? 0x80 : 0
        let frame = [opcode | isLast] + length(part.count) + part
        let body = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: frame)))
        guard (try? await channel.writeAndFlush(body)) != nil else { return }
      }
    }
    try? await channel.close()
  }

  /// The length of a frame that is not masked.
  private static func length(_ count: Int) -> [UInt8] {
    switch count {
    case ..<126: [UInt8(count)]
    case ..<65536: [126, UInt8(count >> 8), UInt8(count & 0xFF)]
    default: [127] + (0..<8).reversed().map { UInt8(count >> (8 * $0) & 0xFF) }
    }
  }

  private static func write(
    _ status: Int, _ headers: HTTPHeaders, _ body: [UInt8], to channel: any Channel,
    ends: Bool = true
  ) async {
    let head = HTTPResponseHead(
      version: .http1_1, status: HTTPResponseStatus(statusCode: status), headers: headers)
    channel.write(HTTPServerResponsePart.head(head), promise: nil)
    let piece = HTTPServerResponsePart.body(.byteBuffer(ByteBuffer(bytes: body)))
    if ends {
      channel.write(piece, promise: nil)
      try? await channel.writeAndFlush(HTTPServerResponsePart.end(nil))
    } else {
      try? await channel.writeAndFlush(piece)
    }
  }
}
