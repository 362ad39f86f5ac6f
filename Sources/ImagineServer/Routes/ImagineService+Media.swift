import HTTPTypes
import Hummingbird
import ImagineCore

extension ImagineService {
  /// Films and pictures. Their addresses are the permission.
  var mediaRoutes: [Route] {
    MediaLinks.File.allCases.map { file in
      Route(.get, "/media/*/\(file.rawValue)", access: .open) { try await media(file, $0) }
    }
  }

  /// What stands before a path in an address that the caller can use.
  func baseAddress(for call: Call) -> String {
    if let address = configuration.publicAddress { return address }
    let address = configuration.address.bound(to: call.context.channel.localAddress)
    guard case .tcp = address else { return address.description }
    // It has been checked, and goes into an answer.
    let host = call.request.head.authority.flatMap { Authority($0) }
    return host.map { "http://\($0)" } ?? address.description
  }

  private func media(_ file: MediaLinks.File, _ call: Call) async throws -> Response {
    let id = call.parameters[0]
    let query = call.request.uri.queryParameters
    guard links.allows(id, file, expires: query["expires"], signature: query["signature"]) else {
      throw Failure.notFound("this address is unknown or has expired")
    }
    let path: String
    let tag: String
    if !file.isOfFilm {
      (path, tag) = (shelf.path(of: id), id)
    } else {
      guard let film = try await jobs.film(of: id) else {
        throw Failure.notFound("this video was deleted")
      }
      (path, tag) = ("\(home.folder(ofFilm: film, job: id))/\(file.rawValue)", film)
    }
    return try await send(path, as: file.mediaType, tag: "\"\(tag)\"", to: call)
  }

  private func send(
    _ path: String, as mediaType: String, tag: String, to call: Call
  ) async throws -> Response {
    guard let file = try OpenFile(path) else { throw Failure.notFound("this file was deleted") }
    var headers: HTTPFields = [
      .contentType: mediaType, .acceptRanges: "bytes", .eTag: tag, .cacheControl: "private",
    ]
    // A range of another film than the client began with would be spliced into it.
    let condition = call.request.headers[.ifRange]
    let isSame = condition == nil || condition == headers[.eTag]
    switch ByteRange(isSame ? call.request.headers[.range] : nil, size: file.size) {
    case .whole:
      return Response(status: .ok, headers: headers, body: file.body(0...file.size - 1))
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(file.size)"
      return Response(status: .partialContent, headers: headers, body: file.body(range))
    case .unsatisfiable:
      throw Failure(
        .requestInvalid, "the range is outside the file's \(file.size) bytes", status: 416)
    }
  }
}

/// What a `Range` header asks for. Only one range is served; for several the whole file is.
enum ByteRange: Equatable {
  case whole
  case part(ClosedRange<Int>)
  case unsatisfiable

  /// - Parameter size: bytes of the file, at least 1.
  init(_ header: String?, size: Int) {
    guard let header, header.hasPrefix("bytes="), !header.contains(",") else {
      self = .whole
      return
    }
    let ends = header.dropFirst("bytes=".count)
      .split(separator: "-", omittingEmptySubsequences: false).map(\.trimmed)
    guard ends.count == 2, ends.allSatisfy({ $0.utf8.allSatisfy { (48...57).contains($0) } }) else {
      self = .whole
      return
    }
    switch (Int(ends[0]), Int(ends[1])) {
    case (let first?, let last) where last.map({ $0 >= first }) ?? ends[1].isEmpty:
      self = first < size ? .part(first...min(last ?? .max, size - 1)) : .unsatisfiable
    case (nil, let count?) where ends[0].isEmpty:
      self = count > 0 ? .part(max(0, size - count)...size - 1) : .unsatisfiable
    default:
      self = .whole
    }
  }
}
