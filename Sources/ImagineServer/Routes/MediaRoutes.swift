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
    let address = configuration.address.bound(to: incoming.context.channel.localAddress)
    // On a Unix socket, only a proxy can tell.
    if case .socket = address, client?.host == nil { return address.description }
    let isSecure = client?.scheme.map { $0 == "https" } ?? (configuration.tls != nil)
    // Validated, because it becomes part of the answer.
    let host = client?.host ?? incoming.http.head.authority.flatMap { Authority($0) }
    return host.map { "\(isSecure ? "https" : "http")://\($0)" }
      ?? address.text(isSecure: isSecure)
  }

  private func media(_ file: MediaLinks.File, _ incoming: IncomingRequest) async throws -> Response
  {
    let id = incoming.parameters[0]
    let query = incoming.http.uri.queryParameters
    guard links.allows(id, file, expires: query["expires"], signature: query["signature"]) else {
      throw APIError.notFound("this address is unknown or has expired")
    }
    let path: String
    let tag: String
    if !file.isOfVideo {
      (path, tag) = (temporaryImages.path(of: id), id)
    } else {
      guard let folder = try await store.videoFolder(of: id) else {
        throw APIError.notFound("this video was deleted")
      }
      (path, tag) = ("\(directory.videoFolder(folder, job: id))/\(file.rawValue)", folder)
    }
    return try await send(path, as: file.mediaType, tag: "\"\(tag)\"", to: incoming)
  }

  /// A file, or the range of it that the request asks for.
  func send(
    _ path: String, as mediaType: String, tag: String, to incoming: IncomingRequest
  ) async throws -> Response {
    guard let file = try OpenFile(path) else { throw APIError.notFound("this file was deleted") }
    var headers: HTTPFields = [
      .contentType: mediaType, .acceptRanges: "bytes", .eTag: tag, .cacheControl: "private",
    ]
    // If the file changed since the client's first request, a range of it would corrupt the download.
    let condition = incoming.http.headers[.ifRange]
    let isSame = condition == nil || condition == headers[.eTag]
    switch ByteRange(isSame ? incoming.http.headers[.range] : nil, size: file.size) {
    case .whole:
      return Response(status: .ok, headers: headers, body: file.body(0...file.size - 1))
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(file.size)"
      return Response(status: .partialContent, headers: headers, body: file.body(range))
    case .unsatisfiable:
      throw APIError(
        .requestInvalid, "the range is outside the file's \(file.size) bytes", status: 416)
    }
  }
}
