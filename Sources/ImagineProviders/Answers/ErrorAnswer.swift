import ImagineAPI

/// The error in a service's answer, in any of the forms that services use.
///
/// It reads `{"error": {"message", "type", "code", "param"}}` (OpenAI), `{"status": "error",
/// "code", "error", "message"}` (Imagine), `{"error": "words"}`, `{"error": "name", "message":
/// "words"}`, `{"detail": "words"}`, `{"detail": [{"loc", "msg"}]}` (FastAPI), `{"errors": […]}`,
/// `{"title", "detail"}` (RFC 9457), the title of a web page, and plain text.
struct ErrorAnswer {
  /// The service's message; nil if there is none.
  let message: String?
  /// The name of the error, such as `BadRequest` or `insufficient_quota`.
  let name: String?
  /// A numeric code, such as 1101.
  let code: Int?
  /// The invalid field of the request.
  let field: String?
  /// Whether the account has no credit.
  let isPayment: Bool
  /// Whether the service refuses the content of the request.
  let isRefused: Bool

  /// The maximum length of the message, in characters.
  private static let maxCharacters = 1000

  init(_ body: [UInt8]) {
    guard let root = JSONValue(body), root.isObject || root.list != nil || root.text != nil else {
      self.init(message: Self.plainMessage(body), name: nil, code: nil, field: nil)
      return
    }
    self.init(root)
  }

  private init(
    message: String?, name: String?, code: Int?, field: String?, isPayment: Bool = false,
    isRefused: Bool = false
  ) {
    self.isPayment = isPayment
    self.isRefused = isRefused
    self.message = message.map { String($0.prefix(Self.maxCharacters)) }
    self.name = name.map { String($0.prefix(200)) }
    self.code = code
    self.field = field.map { String($0.prefix(200)) }
  }

  /// Reads an error inside other JSON, such as a job's.
  init(_ root: JSONValue) {
    guard root.isObject else {
      self.init(message: Self.message(root), name: nil, code: nil, field: Self.location(root))
      return
    }
    // A nested error is more specific than its siblings.
    let error = root["error"]
    let inner = error?.isObject == true ? error : nil
    let message = inner.flatMap(Self.message) ?? Self.message(root)
    let named = inner?[["code", "type", "name", "status"]] ?? root[["code", "type", "name"]]
    let code = (inner?["code"] ?? root["code"])?.integer
    // `error` beside a message is the name of the error; alone it is the message.
    let title = error?.text
    let isTitle = title != nil && message != title
    let members = [
      title, inner?["code"]?.text, inner?["type"]?.text, root["code"]?.text, root["type"]?.text,
    ]
    let names = members.compactMap { $0?.lowercased() }
    self.init(
      message: message,
      name: isTitle ? title : Self.name(named) ?? Self.name(inner?["type"]),
      code: code, field: inner?["param"]?.text ?? Self.location(root["detail"] ?? root["errors"]),
      isPayment: code == 402 || names.contains(where: Self.paymentNames.contains),
      // OpenRouter has no name for it, but shows what it objects to.
      isRefused: names.contains(where: Self.refusalNames.contains)
        || inner?["metadata"]?["flagged_input"] != nil)
  }

  /// A name that is not a number: some services repeat the HTTP status as the code.
  private static func name(_ value: JSONValue?) -> String? {
    value?.integer == nil ? value?.text : nil
  }

  private static let messageMembers = [
    "message", "detail", "error_description", "msg", "errors", "error", "reason", "description",
    "title", "details",
  ]

  private static func message(_ value: JSONValue) -> String? {
    switch value {
    case .text: return value.text
    case .list(let values):
      let all = values.prefix(20).compactMap(message)
      return all.isEmpty ? nil : all.joined(separator: "; ")
    case .object:
      for name in messageMembers {
        if let member = value[name], let text = message(member) {
          return location(value).map { "\($0): \(text)" } ?? text
        }
      }
      return nil
    default: return nil
    }
  }

  /// FastAPI's location of an error: `{"loc": ["body", "size"], …}`.
  private static func location(_ value: JSONValue?) -> String? {
    let place = value?["loc"] ?? value?.list?.first?["loc"]
    let names = place?.list?.compactMap(\.identifier).filter { $0 != "body" } ?? []
    return names.isEmpty ? nil : names.joined(separator: ".")
  }

  /// The message of a body that is not JSON: the title of a page, or the beginning of a text.
  private static func plainMessage(_ body: [UInt8]) -> String? {
    guard let text = String(validating: body.prefix(4096), as: UTF8.self) else { return nil }
    if isHTML(body) {
      let title = text.firstRange(of: "<title").flatMap { start in
        text[start.upperBound...].firstIndex(of: ">").map { text[text.index(after: $0)...] }
      }
      guard let title, let end = title.firstRange(of: "</") else { return "a web page" }
      return "a web page: \(collapsed(title[..<end.lowerBound]))"
    }
    let message = collapsed(text.prefix(300))
    return message.isEmpty ? nil : message
  }

  /// Whether a body is a web page (HTML).
  static func isHTML(_ body: [UInt8]) -> Bool {
    let start = body.prefix(1024).drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
    let words = String(decoding: start.prefix(64), as: UTF8.self).lowercased()
    return words.hasPrefix("<!doctype html") || words.hasPrefix("<html") || words.hasPrefix("<head")
  }

  private static func collapsed(_ text: some StringProtocol) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}

extension ErrorAnswer {
  /// Error names that mean that the account has no credit, whatever the HTTP status. A retry cannot
  /// help.
  private static let paymentNames: Set<String> = [
    "account_balance_insufficient", "billing_hard_limit_reached", "billing_limit_user_error",
    "billing_not_active", "credit_balance_too_low", "insufficient_balance", "insufficient_credit",
    "insufficient_credits", "insufficient_funds", "insufficient_quota", "insufficient_user_quota",
    "payment_required",
  ]

  /// Error names that mean that the same content is refused again.
  private static let refusalNames: Set<String> = [
    "content_filter", "content_policy_violation", "image_generation_user_error",
    "moderation_blocked", "responsible_ai_policy_violation", "safety_violation",
  ]

  /// Converts the answer to an error.
  ///
  /// A code of the Imagine API's table takes precedence over the HTTP status.
  func error(
    status: Int, endpoint: String, isBilled: Bool, header: (String) -> String? = { _ in nil }
  ) -> ImagineError {
    let row = code.flatMap(APIErrorCode.with(code:))
    let isSuccess = (200..<300).contains(status)
    // Some gateways answer with success and write the status as the code.
    let meaning = isSuccess ? code.flatMap { (400..<600).contains($0) ? $0 : nil } : nil
    var (kind, remedy) =
      if let row {
        // An unknown video id has the validation code and status 404.
        (status == 404 ? .notFound : row.kind, row.remedy)
      } else {
        APIErrorCode.with(status: meaning ?? status)
      }
    if isPayment { (kind, remedy) = (.payment, .never) }
    if isRefused { kind = .refused }
    // A success status with an error of an unknown code.
    let isContradiction = isSuccess && row == nil && !isPayment
    // A refused image may have been generated first, and billed.
    let isUncertain = remedy == .uncertain || isContradiction || isRefused
    let text = message ?? row?.meaning ?? "the service answered with HTTP \(status)"
    var error = ImagineError(
      kind, "\(endpoint): \(text)", code: code, status: status, name: name ?? row?.name,
      field: field, retryable: !isRefused && (isUncertain ? !isBilled : remedy == .retry),
      charged: isUncertain && isBilled ? .unknown : .no, endpoint: endpoint,
      retryAfter: RetryAfter.seconds(in: header))
    error.rateLimit = header("x-ratelimit-limit").flatMap { Int($0) }
    return error
  }
}
