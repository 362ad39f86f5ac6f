import HTTPTypes
import Hummingbird
import NIOCore
import NIOHTTP1
import NIOHTTPTypes
import NIOHTTPTypesHTTP1
import Synchronization

/// A client that sends or reads too slowly.
struct SlowClient: Error {}

/// What is known of a connection away from its event loop.
final class Line: Sendable {
  private let open = Atomic(true)

  /// Whether the client is still there, as far as the system has told. One that has only ended its
  /// own sending still is: it waits for the answer.
  var isOpen: Bool { open.load(ordering: .relaxed) }

  fileprivate func cut() { open.store(false, ordering: .relaxed) }
}

/// Stands between a connection's bytes and the service: one request gets one answer, what is no
/// HTTP gets one, too, and connections end that hardly move, whose rest nobody wants to read, or
/// whose place is needed.
///
/// Lives on the connection's event loop, and every access is from there.
final class ConnectionGuard: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPRequestPart
  typealias InboundOut = HTTPRequestPart
  typealias OutboundIn = HTTPResponsePart
  typealias OutboundOut = HTTPResponsePart

  /// Bytes of a body that a client has to send in each period.
  private static let leastBytes = 16 << 10
  /// Bytes of a refused body that are read to its end so that the connection can stay.
  private static let shortRest = 256 << 10

  let line = Line()
  private let limits: Limits
  private let period: TimeAmount
  private let connections: Connections?
  private let heads = RequestHeadCheck()
  private var state = ConnectionState()
  private var place: Connections.Place?
  /// Answers whose end has not reached the network yet.
  private var unwritten = 0
  private var closesWhenWritten = false
  private var bytesThisPeriod = 0
  private var bytesWhileLingering = 0
  private var bodyDeadline: Scheduled<Void>?
  private var answerDeadline: Scheduled<Void>?
  private var end: Scheduled<Void>?
  private var probe: Scheduled<Void>?

  init(_ limits: Limits, _ connections: Connections? = nil) {
    self.limits = limits
    self.connections = connections
    period = .seconds(limits.slowClientSeconds)
  }

  func handlerAdded(context: ChannelHandlerContext) {
    let pipeline = context.pipeline.syncOperations
    if let codec = try? pipeline.handler(type: HTTP1ToHTTPServerCodec.self) {
      // Cannot fail: the codec has just been found.
      try? pipeline.addHandler(heads, position: .before(codec))
    }
    place = connections?.becameIdle(context.channel, hasAsked: false)
  }

  // MARK: Requests

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    guard state.isOpen else { return drop(part, context) }
    switch part {
    case .head(let head):
      connections?.becameBusy(place)
      state.headCame(
        closes: heads.isLast, length: head.headerFields[.contentLength].flatMap { Int($0) })
      bytesThisPeriod = 0
      scheduleBodyDeadline(context)
      if state.requests == 1, awaitsGoAhead(head) {
        context.writeAndFlush(
          wrapOutboundOut(.head(HTTPResponse(status: .continue))), promise: nil)
      }
    case .body(let bytes):
      state.bodyCame(bytes.readableBytes)
      bytesThisPeriod += bytes.readableBytes
    case .end:
      state.endCame()
      bodyDeadline?.cancel()
      bodyDeadline = nil
    }
    context.fireChannelRead(data)
  }

  private func awaitsGoAhead(_ head: HTTPRequest) -> Bool {
    guard head.headerFields[.expect]?.lowercased() == "100-continue" else { return false }
    return head.headerFields[.contentLength].flatMap { Int($0) } ?? 0 <= limits.bodyBytes
  }

  /// What comes after the last answer is read and dropped for a while: a connection that is closed
  /// with unread bytes is reset, and its client may never see the answer.
  private func drop(_ part: HTTPRequestPart, _ context: ChannelHandlerContext) {
    if case .body(let bytes) = part { bytesWhileLingering += bytes.readableBytes }
    if bytesWhileLingering > limits.bodyBytes { context.close(promise: nil) }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    context.fireChannelReadComplete()
    if !state.isOpen { context.read() }
  }

  /// A fault within a body reaches the one who reads it, and is answered there; what never became a
  /// request is answered here, once the requests before it are.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard context.channel.isActive, !(error is IOError) else {
      return context.fireErrorCaught(error)
    }
    switch state.faultCame(RequestFault(error)) {
    case .answer(let fault): answer(fault, context)
    case .tellReader: context.fireErrorCaught(error)
    case .close: context.close(promise: nil)
    case .wait: break
    }
  }

  private func answer(_ fault: RequestFault, _ context: ChannelHandlerContext) {
    var (head, body) = fault.failure.encoded(in: .imagine)
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
        state.answerBegan(shortRest: Self.shortRest)
        if state.closesAfterAnswer {
          head.headerFields[.connection] = "close"
        } else if heads.isOld {
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
          place = connections?.becameIdle(context.channel, hasAsked: true)
        }
        if unwritten == 0, closesWhenWritten { context.close(promise: nil) }
      }
      context.write(data, promise: written)
      switch state.answerEnded() {
      case .next: break
      case .close:
        context.flush()
        linger(after: written.futureResult, context)
      case .answer(let fault):
        answer(fault, context)
      }
    }
  }

  /// Ends the connection once its last answer is out and, for a while, what its client still sends
  /// has been read.
  private func linger(after written: EventLoopFuture<Void>, _ context: ChannelHandlerContext) {
    state.close()
    bodyDeadline?.cancel()
    let loop = context.eventLoop.assumeIsolated()
    let isWhole = state.isReadWhole
    written.assumeIsolated().whenComplete { [self] _ in
      guard context.channel.isActive else { return }
      guard !isWhole else { return context.close(promise: nil) }
      context.close(mode: .output, promise: nil)
      context.read()
      end = loop.scheduleTask(in: .seconds(limits.lingerSeconds)) { context.close(promise: nil) }
    }
  }

  /// What is on its way out is not cut off by the end of the connection.
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

  // MARK: Ends

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    if case ChannelEvent.inputClosed? = event as? ChannelEvent {
      guard state.isOpen else { return context.close(promise: nil) }
      scheduleProbe(context)
    } else if event is ChannelShouldQuiesceEvent {
      state.quiesce()
    }
    context.fireUserInboundEventTriggered(event)
  }

  /// A client that has gone looks like one that has only ended its sending, until something is
  /// sent to it: an interim answer, which RFC 9110 lets come at any time.
  private func scheduleProbe(_ context: ChannelHandlerContext) {
    probe = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(limits.probeSeconds)) {
      [self] in
      guard state.awaitsAnswer, !heads.isOld else { return }
      context.writeAndFlush(
        wrapOutboundOut(.head(HTTPResponse(status: .init(code: 102, reasonPhrase: "Processing")))),
        promise: nil)
      scheduleProbe(context)
    }
  }

  func channelInactive(context: ChannelHandlerContext) {
    line.cut()
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
      guard bytesThisPeriod < Self.leastBytes else {
        bytesThisPeriod = 0
        scheduleBodyDeadline(context)
        return
      }
      bodyDeadline = nil
      errorCaught(context: context, error: SlowClient())
    }
  }

  private func cancelDeadlines() {
    for deadline in [bodyDeadline, answerDeadline, end, probe] { deadline?.cancel() }
    bodyDeadline = nil
    answerDeadline = nil
    end = nil
    probe = nil
  }
}

extension TimeAmount {
  static func seconds(_ seconds: Double) -> TimeAmount { .milliseconds(Int64(seconds * 1000)) }
}
