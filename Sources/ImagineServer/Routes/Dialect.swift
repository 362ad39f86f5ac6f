import Hummingbird
import ImagineAPI
import MediaFiles
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The APIs of the service, which differ in the JSON of their errors.
enum Dialect: Sendable {
  /// The Imagine API and our own routes.
  case imagine
  /// `/v1`.
  case openAI
  /// `/sdapi`, the API of A1111.
  case sdapi

  init(path: String) {
    func isBelow(_ prefix: String) -> Bool { path == prefix || path.hasPrefix(prefix + "/") }
    self = isBelow("/v1") ? .openAI : isBelow("/sdapi") ? .sdapi : .imagine
  }

  /// The token in an `Authorization` header. Clients of A1111 send it as the password of some user.
  func token(inAuthorization header: String) -> String? {
    let words = header.utf8.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
      .map { String(Substring($0)) }
    guard words.count == 2 else { return nil }
    switch (self, words[0].lowercased()) {
    case (_, "bearer"): return words[1]
    case (.sdapi, "basic"):
      guard let login = Data(base64Encoded: words[1]),
        let colon = login.firstIndex(of: UInt8(ascii: ":")),
        let password = String(validating: login[(colon + 1)...], as: UTF8.self), !password.isEmpty
      else { return nil }
      return password
    default: return nil
    }
  }
}

/// Encodes an answer as JSON. Keys are sorted, so equal answers have equal bytes.
func encodedJSON(_ value: some Encodable) -> ByteBuffer {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // Only infinite numbers fail to encode, and no answer contains one.
  let data = (try? encoder.encode(value)) ?? Data("{}".utf8)
  return ByteBuffer(bytes: data)
}

extension Response {
  /// A JSON body.
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: encodedJSON(value)))
  }

  /// A JSON body that is already encoded.
  static func json(bytes: [UInt8]) -> Response {
    Response(
      status: .ok, headers: [.contentType: "application/json"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// An encoded image.
  static func image(_ bytes: [UInt8]) -> Response {
    let format = ImageHeader(bytes)?.format
    return Response(
      status: .ok, headers: [.contentType: format?.mediaType ?? "application/octet-stream"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  static func error(_ error: APIError, in dialect: Dialect) -> Response {
    let encoded = error.encoded(in: dialect)
    return Response(
      status: encoded.head.status, headers: encoded.head.headerFields,
      body: ResponseBody(byteBuffer: encoded.body))
  }
}
