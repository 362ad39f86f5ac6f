import Hummingbird
import ImagineCore
import NIOCore

#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// The two ways in which the service speaks: they differ in the shape of their errors.
enum Dialect: Sendable {
  /// The Imagine API, and our own routes.
  case imagine
  /// `/v1`.
  case openAI

  init(path: String) {
    self = path == "/v1" || path.hasPrefix("/v1/") ? .openAI : .imagine
  }
}

/// An answer as JSON. Field order does not matter to anybody, but equal answers should be equal.
func encodedJSON(_ value: some Encodable) -> ByteBuffer {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
  // Only infinite numbers fail to encode, and no answer holds one.
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

  /// An encoded picture.
  static func picture(_ bytes: [UInt8]) -> Response {
    let format = PictureHeader(bytes)?.format
    return Response(
      status: .ok, headers: [.contentType: format?.mediaType ?? "application/octet-stream"],
      body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
  }

  /// A failure, in the shape of a dialect.
  static func failure(_ failure: Failure, in dialect: Dialect) -> Response {
    let encoded = failure.encoded(in: dialect)
    return Response(
      status: encoded.head.status, headers: encoded.head.headerFields,
      body: ResponseBody(byteBuffer: encoded.body))
  }
}

extension Failure {
  /// Head and body of the answer, in the shape of a dialect.
  func encoded(in dialect: Dialect) -> (head: HTTPResponse, body: ByteBuffer) {
    let status: Int
    let body: ByteBuffer
    switch dialect {
    case .imagine:
      status = self.status ?? fault.status
      body = encodedJSON(ImagineFault(code: fault.code, error: fault.name, message: message))
    case .openAI:
      status = openAIStatus
      body = encodedJSON(
        OpenAIFault(
          error: .init(
            message: message, type: openAIType(status: status), param: field, code: openAICode)))
    }
    var headers: HTTPFields = [
      .contentType: "application/json", .contentLength: String(body.readableBytes),
    ]
    if let retryAfter { headers[.retryAfter] = String(retryAfter) }
    if let allowedMethods { headers[.allow] = allowedMethods.joined(separator: ", ") }
    return (HTTPResponse(status: .init(code: status), headerFields: headers), body)
  }
}

private struct ImagineFault: Encodable {
  var status = "error"
  let code: Int
  let error: String
  let message: String
}

private struct OpenAIFault: Encodable {
  struct Details: Encodable {
    let message: String
    let type: String
    let param: String?
    let code: String?

    enum CodingKeys: CodingKey { case message, type, param, code }

    /// OpenAI writes what does not apply as null.
    func encode(to encoder: any Encoder) throws {
      var container = encoder.container(keyedBy: CodingKeys.self)
      try container.encode(message, forKey: .message)
      try container.encode(type, forKey: .type)
      try container.encode(param, forKey: .param)
      try container.encode(code, forKey: .code)
    }
  }

  let error: Details
}

extension Failure {
  /// `/v1` knows one status for everything wrong with a key.
  fileprivate var openAIStatus: Int {
    if let status { return status }
    return fault.kind == .authorization ? 401 : fault.status
  }

  fileprivate func openAIType(status: Int) -> String {
    switch status {
    case 401: "authentication_error"
    case 402: "insufficient_quota"
    case 403: "permission_error"
    case 429: "rate_limit_error"
    case 400..<500: "invalid_request_error"
    default: "server_error"
    }
  }

  fileprivate var openAICode: String? {
    switch fault {
    case .tokenMissing, .tokenInvalid, .tokenExpired: "invalid_api_key"
    case .paymentRequired: "insufficient_quota"
    case .tooManyRequests: "rate_limit_exceeded"
    default: nil
    }
  }
}
