import ImagineAPI
import NIOCore
import NIOHTTP1

/// The bytes on a connection are not a valid request.
struct MalformedRequest: Error, Equatable {
  let error: APIError
  /// That of the target, if the head could be read.
  var dialect = Dialect.imagine

  init(_ message: String, status: Int = 400) {
    error = APIError(.requestInvalid, message, status: status)
  }

  /// From an error of the HTTP decoder or of a connection handler.
  init(_ error: any Error) {
    switch error {
    case let error as MalformedRequest:
      self = error
    case HTTPParserError.headerOverflow:
      self.init("the request's header is too large", status: 431)
    case let error as HTTPParserError:
      self.init("this is not an HTTP/1.1 request (\(error))")
    default:
      self.init("this is not an HTTP/1.1 request")
    }
  }
}

/// Checks parts of a request head that later handlers do not see: the HTTP version, repeated `Host`
/// fields, the form of the target, and whether the connection closes.
///
/// Runs on the connection's event loop.
final class RequestHeadCheck: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  /// Whether the connection closes after the last request.
  private(set) var isLast = false
  /// Whether the client speaks HTTP/1.0.
  private(set) var isHTTP10 = false
  private var isBroken = false
  /// A valid Host.
  private var checkedHost = ""

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isBroken else { return }
    guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    isLast = !head.isKeepAlive
    isHTTP10 = head.version.minor == 0
    do throws(MalformedRequest) {
      // A Unix socket has no host name.
      let isUnixSocket = context.channel.localAddress?.pathname != nil
      try check(&head, needsHost: !isHTTP10 && !isUnixSocket)
      context.fireChannelRead(wrapInboundOut(.head(head)))
    } catch {
      isBroken = true
      var error = error
      error.dialect = Dialect(path: String(head.uri.prefix { $0 != "?" }))
      context.fireErrorCaught(error)
    }
  }

  private func check(
    _ head: inout HTTPRequestHead, needsHost: Bool
  ) throws(MalformedRequest) {
    guard head.version.major == 1 else {
      throw MalformedRequest("HTTP/\(head.version.major) is not supported", status: 505)
    }
    guard head.method != .CONNECT else {
      throw MalformedRequest("CONNECT: this server is not a proxy", status: 405)
    }
    let hosts = head.headers["Host"]
    guard hosts.count <= 1 else { throw MalformedRequest("the request has more than one Host") }
    guard let host = hosts.first ?? (needsHost ? nil : "") else {
      throw MalformedRequest("the request has no Host")
    }
    // Clients send the same one with every request of a connection.
    guard host == checkedHost || Authority(host) != nil || host.isEmpty else {
      throw MalformedRequest("the request's Host is malformed")
    }
    checkedHost = host
    guard !head.headers.contains(name: "Transfer-Encoding") || !isHTTP10 else {
      throw MalformedRequest("HTTP/1.0 has no Transfer-Encoding")
    }
    // RFC 9112, 3.2.2: the authority of an absolute target replaces Host.
    if head.uri.utf8.first != UInt8(ascii: "/"), let target = Authority(ofTarget: head.uri) {
      head.headers.replaceOrAdd(name: "Host", value: target.description)
    }
  }
}
