import Hummingbird
import NIOCore
import NIOHTTPTypes
import Synchronization

/// A client that sends or reads too slowly.
struct SlowClient: Error {}

/// What is known of a connection away from its event loop.
final class Line: Sendable {
  private let open = Atomic(true)

  /// Whether the client is still there, as far as the system has told: one that has closed its end
  /// takes no answer.
  var isOpen: Bool { open.load(ordering: .relaxed) }

  fileprivate func cut() { open.store(false, ordering: .relaxed) }
}

/// Stands between a connection's bytes and the service: answers what is no HTTP, tells waiting
/// clients to go on, and ends connections that hardly move.
///
/// Lives on the connection's event loop, and every access is from there.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Bytes of a body that a client has to send in each period.
  private static let leastBytes = 16 << 10

  let line = Line()
  private let period: TimeAmount
  private let bodyBytes: Int
  private var requestsInProgress = 0
  private var bytesThisPeriod = 0
  private var bodyDeadline: Scheduled<Void>?
  private var answerDeadline: Scheduled<Void>?

  init(_ limits: Limits) {
    period = .milliseconds(Int64(limits.slowClientSeconds * 1000))
    bodyBytes = limits.bodyBytes
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch unwrapInboundIn(data) {
    case .head(let head):
      requestsInProgress += 1
      bytesThisPeriod = 0
      scheduleBodyDeadline(context)
      if requestsInProgress == 1, awaitsGoAhead(head) {
        context.writeAndFlush(
          wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
      }
    case .body(let bytes):
      bytesThisPeriod += bytes.readableBytes
    case .end:
      bodyDeadline?.cancel()
      bodyDeadline = nil
    }
    context.fireChannelRead(data)
  }

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    if case .end = unwrapOutboundIn(data) { requestsInProgress -= 1 }
    context.write(data, promise: promise)
  }

  func channelWritabilityChanged(context: ChannelHandlerContext) {
    answerDeadline?.cancel()
    answerDeadline = nil
    if !context.channel.isWritable {
      answerDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: period) {
        context.close(promise: nil)
      }
    }
    context.fireChannelWritabilityChanged()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent { line.cut() }
    context.fireUserInboundEventTriggered(event)
  }

  func channelInactive(context: ChannelHandlerContext) {
    line.cut()
    cancelDeadlines()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    cancelDeadlines()
  }

  /// A fault within a request reaches the one who reads its body, and is answered there; what
  /// never became a request is answered here.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard requestsInProgress == 0, context.channel.isActive, !(error is IOError) else {
      context.fireErrorCaught(error)
      return
    }
    var (head, body) = Failure.invalid("this is no HTTP/1.1 request").encoded(in: .imagine)
    head.headerFields[.connection] = "close"
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
    context.close(promise: nil)
  }

  private func awaitsGoAhead(_ head: HTTPRequest) -> Bool {
    guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return false }
    return head.headerFields[.contentLength].flatMap { Int($0) } ?? 0 <= bodyBytes
  }

  private func scheduleBodyDeadline(_ context: ChannelHandlerContext) {
    bodyDeadline?.cancel()
    bodyDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: period) { [self] in
      guard bytesThisPeriod < Self.leastBytes else {
        bytesThisPeriod = 0
        scheduleBodyDeadline(context)
        return
      }
      bodyDeadline = nil
      context.fireErrorCaught(SlowClient())
    }
  }

  private func cancelDeadlines() {
    bodyDeadline?.cancel()
    answerDeadline?.cancel()
    bodyDeadline = nil
    answerDeadline = nil
  }
}
