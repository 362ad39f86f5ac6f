import HTTPTypes
import NIOCore

/// Who sent a request, and by which address: as the connection says, or as a trusted proxy does.
struct Client: Sendable, Equatable {
  /// Its address for a log; `unix` on a Unix socket, `unknown` if the proxy does not tell.
  var name: String
  /// Whether it is a program on this machine that no proxy stands before. A trusted proxy never is.
  var isLocal: Bool
  /// The scheme that it used, `http` or `https`, if a trusted proxy tells.
  var scheme: String?
  /// The host that it asked, if a trusted proxy tells.
  var host: Authority?
}

/// Finds out who sent a request.
///
/// Anybody can send `X-Forwarded-For`, so only what trusted proxies say counts, from the last hop back
/// to the first one that is none of them.
struct ClientAddresses: Sendable {
  let trustedProxies: [AddressRange]

  /// One hop of a forwarded request, as a proxy describes it.
  private struct Hop {
    var name: String
    var scheme: String?
    var host: Authority?
  }

  /// What proxies add.
  private static let marks: [HTTPField.Name] =
    [.forwarded, .xForwardedFor, .xForwardedHost, .xForwardedProto, .via]
    + ["x-real-ip", "cf-connecting-ip"].compactMap { HTTPField.Name($0) }

  /// - Parameter peer: the other end of the connection.
  func client(of headers: HTTPFields, peer: SocketAddress?) -> Client {
    let address = IPAddress(peer)
    let isForwarded = trusts(address) || Self.marks.contains { headers.contains($0) }
    var client = Client(
      name: address?.description ?? (peer?.pathname == nil ? "unknown" : "unix"),
      isLocal: !isForwarded && (address?.isLoopback ?? (peer?.pathname != nil)))
    guard trusts(address) else { return client }
    for hop in Self.hops(in: headers).reversed() {
      client.name = hop.name
      client.scheme = hop.scheme ?? client.scheme
      client.host = hop.host ?? client.host
      guard let address = IPAddress(hop.name), trusts(address) else { break }
    }
    return client
  }

  private func trusts(_ address: IPAddress?) -> Bool {
    trustedProxies.contains { $0.contains(address) }
  }

  /// The hops of a request, the client first. A proxy that knows only one of the two forms passes the
  /// other on as its client sent it; `X-Forwarded-*` goes first because most proxies write that.
  private static func hops(in headers: HTTPFields) -> [Hop] {
    let scheme = headers[.xForwardedProto].flatMap { Self.scheme(Self.last($0)) }
    let host = headers[.xForwardedHost].flatMap { Authority(Self.last($0)) }
    if let list = headers[.xForwardedFor] {
      return list.split(separator: ",").map {
        Hop(name: Self.name(of: $0.trimmed), scheme: scheme, host: host)
      }
    }
    if scheme != nil || host != nil { return [Hop(name: "unknown", scheme: scheme, host: host)] }
    return (headers[.forwarded] ?? "").split(separator: ",").map { element in
      let parameters = HeaderValue("hop;\(element)").parameters
      return Hop(
        name: Self.name(of: parameters["for"] ?? ""),
        scheme: parameters["proto"].flatMap(Self.scheme),
        host: parameters["host"].flatMap { Authority($0) })
    }
  }

  /// The value that the last proxy added.
  private static func last(_ list: String) -> String {
    list.split(separator: ",").last.map(\.trimmed) ?? ""
  }

  private static func scheme(_ text: String) -> String? {
    ["http", "https"].first { $0 == text.lowercased() }
  }

  /// The address of `192.0.2.1`, `192.0.2.1:80` or `[2001:db8::1]:80`; `unknown` for anything else.
  private static func name(of node: String) -> String {
    var text = node[...]
    if text.first == "[" {
      text = text.dropFirst().prefix { $0 != "]" }
    } else if text.count(where: { $0 == ":" }) == 1 {
      text = text.prefix { $0 != ":" }
    }
    return IPAddress(text)?.description ?? "unknown"
  }
}
