import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1

/// A client that sends or reads too slowly.
struct SlowClient: Error {}

/// Guards one connection, between the HTTP codec and the service.
///
/// - Every request gets exactly one answer, also if it is not valid HTTP.
/// - Closes a connection whose client sends or reads too slowly, whose unread body is too long, or
///   whose place another connection needs.
///
/// Runs on the connection's event loop; every access is from there.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Bytes of a body that a client must send in each period.
  private static let minBytesPerPeriod = 16 << 10
  /// Unread bytes of a refused body that are worth reading to keep the connection open.
  private static let maxDrainedBytes = 256 << 10

  let client = ClientPresence()
  private let limits: Limits
  private let period: TimeAmount
  private let connections: Connections?
  private let heads = RequestHeadCheck()
  private var state = ConnectionState()
  private var place: Connections.Place?
  /// Answers whose last bytes are not written to the network yet.
  private var unwritten = 0
  private var closesWhenWritten = false
  private var bytesThisPeriod = 0
  private var bytesWhileLingering = 0
  private var bodyDeadline: Scheduled<Void>?
  private var answerDeadline: Scheduled<Void>?
  private var lingerDeadline: Scheduled<Void>?
  private var probe: Scheduled<Void>?

  init(_ limits: Limits, _ connections: Connections? = nil) {
    self.limits = limits
    self.connections = connections
    period = .seconds(limits.slowClientSeconds)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
      // Cannot fail: the codec was just found.
      try? pipeline.addHandler(heads, position: .before(codec))
    }
    place = connections?.becameIdle(context.channel, isKept: false)
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    guard state.isOpen else { return drop(part, context) }
    switch part {
    case .head(let head):
      connections?.becameBusy(place)
      state.receivedHead(
        closes: heads.isLast, length: head.headerFields[.contentLength].flatMap { Int($0) })
      bytesThisPeriod = 0
      // The end of a request without a body arrives with its head.
      if hasBody(head) { scheduleBodyDeadline(context) }
      if state.requests == 1, awaitsContinue(head) {
        context.writeAndFlush(
          wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
      }
    case .body(let bytes):
      state.receivedBody(bytes.readableBytes)
      bytesThisPeriod += bytes.readableBytes
    case .end:
      state.receivedEnd()
      bodyDeadline?.cancel()
      bodyDeadline = nil
    }
    context.fireChannelRead(data)
  }

  private func hasBody(_ head: HTTPRequest) -> Bool {
    head.headerFields.contains(.contentLength) || head.headerFields.contains(.transferEncoding)
  }

  private func awaitsContinue(_ head: HTTPRequest) -> Bool {
    guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return false }
    return head.headerFields[.contentLength].flatMap { Int($0) } ?? 0 <= limits.bodyBytes
  }

  /// Reads and drops bytes after the last answer. Closing a socket with unread bytes resets the
  /// connection, and the client may not see the answer.
  private func drop(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    if case .body(let bytes) = part { bytesWhileLingering += bytes.readableBytes }
    if bytesWhileLingering > limits.bodyBytes { context.close(promise: nil) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    if !state.isOpen { context.read() }
  }

  /// Passes an error within a body on to the body's reader, which answers. Answers bytes that never
  /// became a request here, after the requests before them.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard context.channel.isActive, !(error is IOError) else {
      return context.fireErrorCaught(error)
    }
    switch state.failed(MalformedRequest(error)) {
    case .answer(let error): answer(error, context)
    case .tellReader: context.fireErrorCaught(error)
    case .close: context.close(promise: nil)
    case .ignore: break
    }
  }

  private func answer(_ malformed: MalformedRequest, _ context: ChannelHandlerContext) {
    var (head, body) = malformed.error.encoded(in: malformed.dialect)
    head.headerFields[.connection] = "close"
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(body)), promise: nil)
    let written = context.eventLoop.makePromise(of: Void.self)
    context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    linger(after: written.futureResult, context)
  }

  // MARK: Answers

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    guard state.isOpen else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    switch unwrapOutboundIn(data) {
    case .head(var head):
      if head.status.kind != .informational {
        state.beganAnswer(maxDrainedBytes: Self.maxDrainedBytes)
        if state.closesAfterAnswer {
          head.headerFields[.connection] = "close"
        } else if heads.isHTTP10 {
          head.headerFields[.connection] = "keep-alive"
        }
      }
      context.write(wrapOutboundOut(.head(head)), promise: promise)
    case .body:
      context.write(data, promise: promise)
    case .end:
      let written = promise ?? context.eventLoop.makePromise(of: Void.self)
      unwritten += 1
      written.futureResult.assumeIsolated().whenComplete { [self] _ in
        unwritten -= 1
        if state.isOpen, state.requests == 0, context.channel.isActive {
          place = connections?.becameIdle(context.channel, isKept: true)
        }
        if unwritten == 0, closesWhenWritten { context.close(promise: nil) }
      }
      context.write(data, promise: written)
      switch state.endedAnswer() {
      case .next: break
      case .close:
        context.flush()
        linger(after: written.futureResult, context)
      case .answer(let error):
        answer(error, context)
      }
    }
  }

  /// Closes the connection after its last answer is written. If the request was not read to its end,
  /// first reads what the client still sends, up to the linger deadline.
  private func linger(after written: EventLoopFuture<Void>, _ context: ChannelHandlerContext) {
    state.close()
    bodyDeadline?.cancel()
    let loop = context.eventLoop.assumeIsolated()
    let isReadToEnd = state.isReadToEnd
    written.assumeIsolated().whenComplete { [self] _ in
      guard context.channel.isActive else { return }
      guard !isReadToEnd else { return context.close(promise: nil) }
      context.close(mode: .output, promise: nil)
      context.read()
      lingerDeadline = loop.scheduleTask(in: .seconds(limits.lingerSeconds)) {
        context.close(promise: nil)
      }
    }
  }

  /// Delays the close until answers in flight are written.
  func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
    if mode == .output, !state.isOpen {
      promise?.succeed()
    } else if mode == .all, unwritten > 0 {
      closesWhenWritten = true
      promise?.succeed()
    } else {
      context.close(mode: mode, promise: promise)
    }
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

  // MARK: Closing

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent {
      guard state.isOpen else { return context.close(promise: nil) }
      scheduleProbe(context)
    } else if event is ChannelShouldQuiesceEvent {
      state.quiesce()
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// Sends an interim answer (RFC 9110 allows one at any time) to a client that closed its sending
  /// side. If the client is gone, the write fails and the connection closes.
  private func scheduleProbe(_ context: ChannelHandlerContext) {
    probe = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(limits.probeSeconds)) {
      [self] in
      guard state.awaitsAnswer, !heads.isHTTP10 else { return }
      context.writeAndFlush(
        wrapOutboundOut(.head(HTTPResponse(status: .init(code: 102, reasonPhrase: "Processing")))),
        promise: nil)
      scheduleProbe(context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    client.disconnect()
    connections?.becameBusy(place)
    cancelDeadlines()
    context.fireChannelInactive()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    cancelDeadlines()
  }

  private func scheduleBodyDeadline(_ context: ChannelHandlerContext) {
    bodyDeadline?.cancel()
    bodyDeadline = context.eventLoop.assumeIsolated().scheduleTask(in: period) { [self] in
      guard bytesThisPeriod < Self.minBytesPerPeriod else {
        bytesThisPeriod = 0
        scheduleBodyDeadline(context)
        return
      }
      bodyDeadline = nil
      errorCaught(context: context, error: SlowClient())
    }
  }

  private func cancelDeadlines() {
    for deadline in [bodyDeadline, answerDeadline, lingerDeadline, probe] { deadline?.cancel() }
    bodyDeadline = nil
    answerDeadline = nil
    lingerDeadline = nil
    probe = nil
  }
}

extension TimeAmount {
  static func seconds(_ seconds: Double) -> TimeAmount { .milliseconds(Int64(seconds * 1000)) }
}
