import HTTPTypes
import Hummingbird
import ImagineAPI
import ServerStore

extension ImagineService {
  /// Videos and images. Their addresses are signed, so no token is needed.
  var mediaRoutes: [Route] {
    MediaLinks.File.allCases.map { file in
      Route(.get, "/media/*/\(file.rawValue)", access: .open) { try await media(file, $0) }
    }
  }

  /// Who sent a request, as far as the connection and trusted proxies tell.
  func client(of incoming: IncomingRequest) -> Client {
    clients.client(of: incoming.http.headers, peer: incoming.context.channel.remoteAddress)
  }

  /// The scheme and host of addresses for the caller.
  func baseAddress(for incoming: IncomingRequest) -> String {
    if let address = configuration.publicAddress { return address }
    let client = clients.trustedProxies.isEmpty ? nil : client(of: incoming)
    // On a Unix socket, only a proxy can tell.
    if case .socket = configuration.address, client?.host == nil {
      return configuration.address.description
    }
    let isSecure = client?.scheme.map { $0 == "https" } ?? (configuration.tls != nil)
    // Validated, because it becomes part of the answer.
    let host = client?.host ?? incoming.http.head.authority.flatMap { Authority($0) }
    return host.map { "\(isSecure ? "https" : "http")://\($0)" }
      ?? configuration.address.bound(to: incoming.context.channel.localAddress)
      .text(isSecure: isSecure)
  }

  private func media(_ file: MediaLinks.File, _ incoming: IncomingRequest) async throws -> Response
  {
    let id = incoming.parameters[0]
    let query = incoming.http.uri.queryParameters
    let links = try await linkKeys.current(knowing: query["key"])
    guard
      links.allows(
        id, file, expires: query["expires"], key: query["key"], signature: query["signature"])
    else {
      throw APIError.notFound("this address is unknown or has expired")
    }
    guard file.isOfVideo else {
      return try await send(MediaName.picture(id, file), as: file, tag: id, to: incoming)
    }
    guard let folder = try await store.videoFolder(of: id) else {
      throw APIError.notFound("this video was deleted")
    }
    return try await send(file, ofJob: id, folder, to: incoming)
  }

  /// A file of a finished video.
  ///
  /// - Parameter folder: ``StoredJob/videoFolder``.
  func send(
    _ file: MediaLinks.File, ofJob id: String, _ folder: String, to incoming: IncomingRequest
  ) async throws -> Response {
    let name = MediaName.folder(ofJob: id, lease: folder) + file.rawValue
    return try await send(name, as: file, tag: folder, to: incoming)
  }

  /// A medium, the range of it that the request asks for, or where the client gets it. An address is
  /// signed for GET alone.
  private func send(
    _ name: String, as file: MediaLinks.File, tag: String, to incoming: IncomingRequest
  ) async throws -> Response {
    if incoming.http.method == .get, let address = storage.address(of: name) {
      return Response(
        status: .temporaryRedirect, headers: [.location: address, .cacheControl: "no-store"])
    }
    guard let content = try await storage.content(of: name) else {
      throw APIError.notFound("this file was deleted")
    }
    var headers: HTTPFields = [
      .contentType: file.mediaType, .acceptRanges: "bytes", .eTag: "\"\(tag)\"",
      .cacheControl: "private",
    ]
    // If the file changed since the client's first request, a range of it would corrupt the download.
    let condition = incoming.http.headers[.ifRange]
    let isSame = condition == nil || condition == headers[.eTag]
    switch ByteRange(isSame ? incoming.http.headers[.range] : nil, size: content.size) {
    case .whole:
      return Response(status: .ok, headers: headers, body: content.body(0...content.size - 1))
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(content.size)"
      return Response(status: .partialContent, headers: headers, body: content.body(range))
    case .unsatisfiable:
      throw APIError(
        .requestInvalid, "the range is outside the file's \(content.size) bytes", status: 416)
    }
  }
}
