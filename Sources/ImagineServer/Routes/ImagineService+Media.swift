import HTTPTypes
import Hummingbird
import ImagineCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

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
    if let authority = call.request.head.authority, Self.isAuthority(authority) {
      return "http://\(authority)"
    }
    return address.description
  }

  /// Whether a `Host` header holds a host and a port and nothing else: it goes into an answer.
  private static func isAuthority(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 260
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."),
          UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "["), UInt8(ascii: "]"):
          true
        default: false
        }
      }
  }

  private func media(_ file: MediaLinks.File, _ call: Call) async throws -> Response {
    let id = call.parameters[0]
    let query = call.request.uri.queryParameters
    guard links.allows(id, file, expires: query["expires"], signature: query["signature"]) else {
      throw Failure.notFound("this address is unknown or has expired")
    }
    let path: String
    let tag: String
    if file == .picture {
      (path, tag) = (shelf.path(of: id), id)
    } else {
      guard let film = try await asking({ try await jobs.film(of: id) }) else {
        throw Failure.notFound("this video was deleted")
      }
      (path, tag) = ("\(home.folder(ofFilm: film, job: id))/\(file.rawValue)", film)
    }
    return try await send(path, as: file.mediaType, tag: "\"\(tag)\"", to: call)
  }

  private func send(
    _ path: String, as mediaType: String, tag: String, to call: Call
  ) async throws -> Response {
    var info = stat()
    guard stat(path, &info) == 0, info.st_size > 0 else {
      throw Failure.notFound("this file was deleted")
    }
    let size = Int(info.st_size)
    var headers: HTTPFields = [
      .contentType: mediaType, .acceptRanges: "bytes", .eTag: tag, .cacheControl: "private",
    ]
    // A range of another film than the client began with would be spliced into it.
    let condition = call.request.headers[.ifRange]
    let isSame = condition == nil || condition == headers[.eTag]
    switch ByteRange(isSame ? call.request.headers[.range] : nil, size: size) {
    case .whole:
      let body = try await FileIO().loadFile(path: path, context: call.context)
      return Response(status: .ok, headers: headers, body: body)
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
      let body = try await FileIO().loadFile(path: path, range: range, context: call.context)
      return Response(status: .partialContent, headers: headers, body: body)
    case .unsatisfiable:
      throw Failure(
        .requestInvalid, "the range is outside the file's \(size) bytes", status: 416)
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
