/// A row of the service's error table: a code and what it means for the caller.
///
/// The server answers with `status`, `code` and `name`; the client makes an ``ImagineError`` from
/// them.
public struct APIErrorCode: Sendable, Hashable {
  /// What the caller may do after the error.
  public enum Remedy: Sendable, Hashable {
    /// The same call would fail again.
    case never
    /// The call did not start: retry it after the wait that the answer names.
    case retry
    /// The work may have been done and billed; only the user can decide to retry it.
    case uncertain
  }

  public let code: Int
  public let status: Int
  public let name: String
  public let meaning: String
  public let kind: ImagineError.Kind
  public let remedy: Remedy

  /// Makes a row. Rows outside ``all`` are undocumented codes of a service.
  public init(
    _ code: Int, _ status: Int, _ name: String, _ meaning: String, _ kind: ImagineError.Kind,
    _ remedy: Remedy = .never
  ) {
    self.code = code
    self.status = status
    self.name = name
    self.meaning = meaning
    self.kind = kind
    self.remedy = remedy
  }
}

extension APIErrorCode {
  public static let tokenMissing = APIErrorCode(
    1000, 400, "BadRequest", "bearer token missing from the header", .authorization)
  public static let tokenInvalid = APIErrorCode(
    1001, 401, "Unauthorized", "bearer token invalid", .authorization)
  public static let tokenExpired = APIErrorCode(
    1002, 406, "NotAcceptable", "bearer token expired", .authorization)
  public static let captchaInvalid = APIErrorCode(
    1003, 400, "BadRequest", "captcha could not be validated", .authorization)
  public static let captchaRequired = APIErrorCode(
    1004, 400, "BadRequest", "captcha required", .authorization)
  public static let applicationInvalid = APIErrorCode(
    1005, 401, "Unauthorized", "application could not be validated", .authorization)
  public static let deviceInvalid = APIErrorCode(
    1006, 401, "Unauthorized", "device validation failed", .authorization)
  public static let accountInvalid = APIErrorCode(
    1007, 401, "Unauthorized", "account could not be validated", .authorization)
  public static let requestInvalid = APIErrorCode(
    1100, 400, "BadRequest", "request invalid", .validation)
  public static let paymentRequired = APIErrorCode(
    1101, 402, "PaymentRequired", "not enough tokens", .payment)
  public static let unavailable = APIErrorCode(
    1200, 503, "ServiceUnavailable", "service not available", .unavailable, .retry)
  public static let cacheUnreachable = APIErrorCode(
    1201, 503, "ServiceUnavailable", "cannot connect to Redis", .unavailable, .retry)
  public static let tooManyRequests = APIErrorCode(
    1202, 429, "TooManyRequests", "too many requests", .rateLimit, .retry)
  public static let storeUnreachable = APIErrorCode(
    1203, 503, "ServiceUnavailable", "database connection failed", .unavailable, .retry)
  public static let timedOut = APIErrorCode(
    1204, 504, "GatewayTimeout", "request timed out", .timeout, .uncertain)
  public static let unexpectedResponse = APIErrorCode(
    1205, 500, "InternalServiceError", "unexpected service response", .server, .uncertain)
  public static let unsupported = APIErrorCode(
    1206, 503, "NotImplemented", "unsupported service", .unavailable)
  public static let internalError = APIErrorCode(
    1300, 500, "InternalServerError", "internal error", .server, .uncertain)

  /// The whole table, ordered by code.
  public static let all: [APIErrorCode] = [
    tokenMissing, tokenInvalid, tokenExpired, captchaInvalid, captchaRequired, applicationInvalid,
    deviceInvalid, accountInvalid, requestInvalid, paymentRequired, unavailable, cacheUnreachable,
    tooManyRequests, storeUnreachable, timedOut, unexpectedResponse, unsupported, internalError,
  ]

  /// The row with a code; nil for a code that is not in the table.
  public static func with(code: Int) -> APIErrorCode? {
    all.first { $0.code == code }
  }

  /// The kind and remedy of an HTTP status whose answer has no code of the table.
  ///
  /// The remedy follows the policy of the table: a 5xx status leaves the charge unknown, except
  /// 503, which means that the call did not start.
  public static func with(status: Int) -> (kind: ImagineError.Kind, remedy: Remedy) {
    switch status {
    case 401, 403, 406: (.authorization, .never)
    case 402: (.payment, .never)
    case 404, 410: (.notFound, .never)
    case 408, 504: (.timeout, .uncertain)
    case 429: (.rateLimit, .retry)
    case 400..<500: (.validation, .never)
    case 501: (.unavailable, .never)
    case 503: (.unavailable, .retry)
    case 500..<600: (.server, .uncertain)
    default: (.badResponse, .uncertain)
    }
  }
}
