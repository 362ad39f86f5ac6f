import ImagineCore
import NIOCore
import NIOHTTP1

/// Why what came is no request that can be answered as one.
struct RequestFault: Error, Equatable {
  let failure: Failure

  init(_ message: String, status: Int = 400) {
    failure = Failure(.requestInvalid, message, status: status)
  }

  /// What a decoder or a check of the connection found.
  init(_ error: any Error) {
    switch error {
    case let fault as RequestFault:
      self = fault
    case HTTPParserError.headerOverflow:
      self.init("the request's header is too large", status: 431)
    case let error as HTTPParserError:
      self.init("this is no HTTP/1.1 request (\(error))")
    default:
      self.init("this is no HTTP/1.1 request")
    }
  }
}

/// Checks what of a request's head only its HTTP version decides, and what the next handlers do not
/// see: several `Host` fields, the form of the target, whether the connection stays.
///
/// Lives on the connection's event loop.
final class RequestHeadCheck: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart

  /// Whether the connection ends with the request whose head came last.
  private(set) var isLast = false
  /// Whether its client speaks HTTP/1.0.
  private(set) var isOld = false
  private var isBroken = false

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isBroken else { return }
    guard case .head(var head) = unwrapInboundIn(data) else { return context.fireChannelRead(data) }
    isLast = !head.isKeepAlive
    isOld = head.version.minor == 0
    do {
      // On a socket file there is no name that a client could ask for.
      let isNameless = context.channel.localAddress?.pathname != nil
      try check(&head, needsHost: !isOld && !isNameless)
      context.fireChannelRead(wrapInboundOut(.head(head)))
    } catch {
      isBroken = true
      context.fireErrorCaught(error)
    }
  }

  private func check(
    _ head: inout HTTPRequestHead, needsHost: Bool
  ) throws(RequestFault) {
    guard head.version.major == 1 else {
      throw RequestFault("HTTP/\(head.version.major) is not spoken here", status: 505)
    }
    guard head.method != .CONNECT else {
      throw RequestFault("CONNECT: this server is no proxy", status: 405)
    }
    let hosts = head.headers["Host"]
    guard hosts.count <= 1 else { throw RequestFault("the request has more than one Host") }
    guard let host = hosts.first ?? (needsHost ? nil : "") else {
      throw RequestFault("the request has no Host")
    }
    guard Authority(host) != nil || host.isEmpty else {
      throw RequestFault("the request's Host is malformed")
    }
    guard !head.headers.contains(name: "Transfer-Encoding") || !isOld else {
      throw RequestFault("HTTP/1.0 has no Transfer-Encoding")
    }
    // RFC 9112, 3.2.2: a target with an authority of its own is asked for there.
    if let target = Authority(ofTarget: head.uri) {
      head.headers.replaceOrAdd(name: "Host", value: target.description)
    }
  }
}

/// A host and perhaps a port, as in `Host: 127.0.0.1:8080`.
struct Authority: Equatable, CustomStringConvertible {
  let host: String
  let port: Int?

  init?(_ text: some StringProtocol) {
    let name: Substring
    let rest: Substring
    let text = Substring(text)
    if text.first == "[" {
      guard let end = text.firstIndex(of: "]") else { return nil }
      name = text[...end]
      rest = text[text.index(after: end)...]
      guard name.count > 2, name.dropFirst().dropLast().utf8.allSatisfy(Self.isInIPv6) else {
        return nil
      }
    } else {
      name = text.prefix { $0 != ":" }
      rest = text[name.endIndex...]
      guard !name.isEmpty, name.utf8.allSatisfy(Self.isInName) else { return nil }
    }
    guard name.utf8.count <= 255 else { return nil }
    host = name.lowercased()
    if rest.isEmpty || rest == ":" {
      port = nil
    } else {
      let digits = rest.dropFirst()
      guard rest.first == ":", digits.utf8.allSatisfy({ (48...57).contains($0) }),
        let number = Int(digits), number <= 65535
      else { return nil }
      port = number
    }
  }

  /// Of a target in absolute form, or of an `Origin`: `http://host:port/path`.
  init?(ofTarget target: String) {
    guard let scheme = target.firstRange(of: "://"), !target[..<scheme.lowerBound].contains("/")
    else { return nil }
    self.init(target[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" })
  }

  var description: String { port.map { "\(host):\($0)" } ?? host }

  /// Whether no page of the internet can have this host: an address, a name without a dot, or
  /// below `localhost`.
  var isNoPublicName: Bool {
    if host.hasPrefix("[") || !host.contains(".") || host.hasSuffix(".localhost") { return true }
    let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
    return numbers.count == 4 && numbers.allSatisfy { UInt8($0) != nil }
  }

  private static func isInName(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
      UInt8(ascii: "_"):
      true
    default: false
    }
  }

  private static func isInIPv6(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "A")...UInt8(ascii: "F"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: ":"), UInt8(ascii: "."),
      UInt8(ascii: "%"):
      true
    default: false
    }
  }
}
