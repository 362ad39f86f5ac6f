/// A row of the service's error table: a code, and what it means for whoever made the call.
///
/// Server and client read the same table: the server answers with `status`, `code` and `name`,
/// the client makes an ``ImagineError`` from them.
public struct ServiceFault: Sendable, Hashable {
  /// What a call that met the fault may do.
  public enum Remedy: Sendable, Hashable {
    /// The same call fails again.
    case never
    /// The call did not start: send it again, after the wait that the answer names.
    case retry
    /// The work may have been done and billed; only the caller can decide to send it again.
    case uncertain
  }

  public let code: Int
  public let status: Int
  public let name: String
  public let meaning: String
  public let kind: ImagineError.Kind
  public let remedy: Remedy

  /// A row; those that are not in ``all`` are codes that a service answers with undocumented.
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

extension ServiceFault {
  public static let tokenMissing = ServiceFault(
    1000, 400, "BadRequest", "bearer token missing from the header", .authorization)
  public static let tokenInvalid = ServiceFault(
    1001, 401, "Unauthorized", "bearer token invalid", .authorization)
  public static let tokenExpired = ServiceFault(
    1002, 406, "NotAcceptable", "bearer token expired", .authorization)
  public static let captchaInvalid = ServiceFault(
    1003, 400, "BadRequest", "captcha could not be validated", .authorization)
  public static let captchaRequired = ServiceFault(
    1004, 400, "BadRequest", "captcha required", .authorization)
  public static let applicationInvalid = ServiceFault(
    1005, 401, "Unauthorized", "application could not be validated", .authorization)
  public static let deviceInvalid = ServiceFault(
    1006, 401, "Unauthorized", "device validation failed", .authorization)
  public static let accountInvalid = ServiceFault(
    1007, 401, "Unauthorized", "account could not be validated", .authorization)
  public static let requestInvalid = ServiceFault(
    1100, 400, "BadRequest", "request invalid", .validation)
  public static let paymentRequired = ServiceFault(
    1101, 402, "PaymentRequired", "not enough tokens", .payment)
  public static let unavailable = ServiceFault(
    1200, 503, "ServiceUnavailable", "service not available", .unavailable, .retry)
  public static let cacheUnreachable = ServiceFault(
    1201, 503, "ServiceUnavailable", "cannot connect to Redis", .unavailable, .retry)
  public static let tooManyRequests = ServiceFault(
    1202, 429, "TooManyRequests", "too many requests", .rateLimit, .retry)
  public static let storeUnreachable = ServiceFault(
    1203, 503, "ServiceUnavailable", "database connection failed", .unavailable, .retry)
  public static let timedOut = ServiceFault(
    1204, 504, "GatewayTimeout", "request timed out", .timeout, .uncertain)
  public static let unexpectedResponse = ServiceFault(
    1205, 500, "InternalServiceError", "unexpected service response", .server, .uncertain)
  public static let unsupported = ServiceFault(
    1206, 503, "NotImplemented", "unsupported service", .unavailable)
  public static let internalError = ServiceFault(
    1300, 500, "InternalServerError", "internal error", .server, .uncertain)

  /// The whole table, by code.
  public static let all: [ServiceFault] = [
    tokenMissing, tokenInvalid, tokenExpired, captchaInvalid, captchaRequired, applicationInvalid,
    deviceInvalid, accountInvalid, requestInvalid, paymentRequired, unavailable, cacheUnreachable,
    tooManyRequests, storeUnreachable, timedOut, unexpectedResponse, unsupported, internalError,
  ]

  /// The row with a code; nil for a code that is not in the table.
  public static func with(code: Int) -> ServiceFault? {
    all.first { $0.code == code }
  }

  /// The row that says most of an HTTP status whose answer carried no code of the table.
  ///
  /// `remedy` follows from the status alone, with the policy of the table: a 5xx after the request
  /// was written leaves the charge unknown, but for 503, which never started.
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
