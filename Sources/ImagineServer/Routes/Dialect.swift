import Hummingbird
import ImagineAPI
import MediaFiles
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The two APIs of the service, which differ in the JSON of their errors.
enum Dialect: Sendable {
  /// The Imagine API and our own routes.
  case imagine
  /// `/v1`.
  case openAI

  init(path: String) {
    self = path == "/v1" || path.hasPrefix("/v1/") ? .openAI : .imagine
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
