import HTTPTypes
import Hummingbird
import ImagineAPI
import NIOCore

extension APIError {
  /// Head and body of the answer in a dialect.
  func encoded(in dialect: Dialect) -> (head: HTTPResponse, body: ByteBuffer) {
    let status: Int
    let body: ByteBuffer
    switch dialect {
    case .imagine:
      status = self.status ?? fault.status
      body = encodedJSON(
        ImagineErrorBody(code: fault.code, error: name ?? fault.name, message: message))
    case .openAI:
      status = openAIStatus
      body = encodedJSON(
        OpenAIErrorBody(
          error: .init(
            message: message, type: openAIType(status: status), param: field,
            code: name ?? openAICode)))
    case .sdapi:
      status = sdapiStatus
      body = encodedJSON(sdapiBody)
    }
    var headers: HTTPFields = [
      .contentType: "application/json", .contentLength: String(body.readableBytes),
    ]
    if dialect == .sdapi, status == 401 { headers[.wwwAuthenticate] = "Basic" }
    if let retryAfter { headers[.retryAfter] = String(retryAfter) }
    if let allowedMethods { headers[.allow] = allowedMethods.joined(separator: ", ") }
    return (HTTPResponse(status: .init(code: status), headerFields: headers), body)
  }
}

private struct ImagineErrorBody: Encodable {
  var status = "error"
  let code: Int
  let error: String
  let message: String
}

private struct OpenAIErrorBody: Encodable {
  struct Details: Encodable {
    let message: String
    let type: String
    let param: String?
    let code: String?

    enum CodingKeys: CodingKey { case message, type, param, code }

    /// OpenAI writes absent values as null.
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

extension APIError {
  /// `/v1` has one status for all authorization errors.
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

extension APIError {
  /// A1111 answers 422 for a request that does not fit its description.
  fileprivate var sdapiStatus: Int {
    if let status { return status }
    switch fault.kind {
    case .authorization: return 401
    case .validation: return 422
    default: return fault.status
    }
  }

  /// FastAPI's form for a wrong field, and that of A1111's own errors.
  fileprivate var sdapiBody: Value {
    guard let field else {
      return [
        "error": .text(fault.name), "detail": .text(message), "body": "", "errors": .text(message),
      ]
    }
    let fault: Value = [
      "loc": ["body", .text(field)], "msg": .text(message), "type": "value_error",
    ]
    return ["detail": [fault]]
  }
}
