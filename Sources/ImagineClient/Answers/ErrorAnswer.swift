import ImagineCore

/// What a service says went wrong, in whichever shape it says it.
///
/// Read are `{"error": {"message", "type", "code", "param"}}` (OpenAI), `{"status": "error",
/// "code", "error", "message"}` (Imagine), `{"error": "words"}`, `{"error": "name", "message":
/// "words"}`, `{"detail": "words"}`, `{"detail": [{"loc", "msg"}]}` (FastAPI), `{"errors": […]}`,
/// `{"title", "detail"}` (RFC 9457), a web page by its title, and plain text.
struct ErrorAnswer {
  /// The service's own words; nil where it says nothing.
  let words: String?
  /// The name of the error, such as `BadRequest` or `insufficient_quota`.
  let name: String?
  /// A number as code, such as 1101.
  let code: Int?
  /// The field of the request that is at fault.
  let field: String?
  /// Whether the account is empty.
  let isPayment: Bool

  /// The most characters of the words that are shown.
  private static let mostCharacters = 1000

  init(_ body: [UInt8]) {
    guard let root = JSONValue(body), root.isObject || root.list != nil || root.text != nil else {
      self.init(words: Self.plainWords(body), name: nil, code: nil, field: nil)
      return
    }
    self.init(root)
  }

  private init(
    words: String?, name: String?, code: Int?, field: String?, isPayment: Bool = false
  ) {
    self.isPayment = isPayment
    self.words = words.map { String($0.prefix(Self.mostCharacters)) }
    self.name = name.map { String($0.prefix(200)) }
    self.code = code
    self.field = field.map { String($0.prefix(200)) }
  }

  /// Reads an error within other JSON, such as that of a job.
  init(_ root: JSONValue) {
    guard root.isObject else {
      self.init(words: Self.words(root), name: nil, code: nil, field: Self.location(root))
      return
    }
    // What is nested says more than what stands beside it.
    let error = root["error"]
    let inner = error?.isObject == true ? error : nil
    let said = inner.flatMap(Self.words) ?? Self.words(root)
    let named = inner?[["code", "type", "name", "status"]] ?? root[["code", "type", "name"]]
    let code = (inner?["code"] ?? root["code"])?.integer
    // `error` beside a message is the name of the error; alone it is the message.
    let title = error?.text
    let isTitle = title != nil && said != title
    let names = [title, inner?["code"]?.text, inner?["type"]?.text, root["code"]?.text]
    self.init(
      words: said,
      name: isTitle ? title : Self.name(named) ?? Self.name(inner?["type"]),
      code: code, field: inner?["param"]?.text ?? Self.location(root["detail"] ?? root["errors"]),
      isPayment: names.contains { $0.map { Self.paymentNames.contains($0.lowercased()) } == true })
  }

  /// A name in words: some services repeat the HTTP status as the code.
  private static func name(_ value: JSONValue?) -> String? {
    value?.integer == nil ? value?.text : nil
  }

  private static let wordMembers = [
    "message", "detail", "error_description", "msg", "error", "errors", "reason", "description",
    "title", "details",
  ]

  private static func words(_ value: JSONValue) -> String? {
    switch value {
    case .text: return value.text
    case .list(let values):
      let all = values.prefix(20).compactMap(words)
      return all.isEmpty ? nil : all.joined(separator: "; ")
    case .object:
      for name in wordMembers {
        if let member = value[name], let words = words(member) {
          return location(value).map { "\($0): \(words)" } ?? words
        }
      }
      return nil
    default: return nil
    }
  }

  /// Where FastAPI says that a fault is: `{"loc": ["body", "size"], …}`.
  private static func location(_ value: JSONValue?) -> String? {
    let place = value?["loc"] ?? value?.list?.first?["loc"]
    let names = place?.list?.compactMap(\.word).filter { $0 != "body" } ?? []
    return names.isEmpty ? nil : names.joined(separator: ".")
  }

  /// The words of a body that is no JSON: the title of a page, or the first lines of a text.
  private static func plainWords(_ body: [UInt8]) -> String? {
    guard let text = String(validating: body.prefix(4096), as: UTF8.self) else { return nil }
    if isPage(body) {
      let title = text.firstRange(of: "<title").flatMap { start in
        text[start.upperBound...].firstIndex(of: ">").map { text[text.index(after: $0)...] }
      }
      guard let title, let end = title.firstRange(of: "</") else { return "a web page" }
      return "a web page: \(collapsed(title[..<end.lowerBound]))"
    }
    let words = collapsed(text.prefix(300))
    return words.isEmpty ? nil : words
  }

  /// Whether a body is a web page.
  static func isPage(_ body: [UInt8]) -> Bool {
    let start = body.prefix(1024).drop { $0 <= 0x20 || $0 == 0xEF || $0 == 0xBB || $0 == 0xBF }
    let words = String(decoding: start.prefix(64), as: UTF8.self).lowercased()
    return words.hasPrefix("<!doctype html") || words.hasPrefix("<html") || words.hasPrefix("<head")
  }

  private static func collapsed(_ text: some StringProtocol) -> String {
    text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
  }
}

extension ErrorAnswer {
  /// Names of errors that say that the account is empty, whatever their status. Waiting mends
  /// nothing.
  private static let paymentNames: Set<String> = [
    "billing_hard_limit_reached", "billing_not_active", "insufficient_balance",
    "insufficient_credits", "insufficient_funds", "insufficient_quota", "insufficient_user_quota",
    "payment_required",
  ]

  /// The error that an answer means.
  ///
  /// A code of the Imagine API's table says more than the HTTP status; the status says more than
  /// nothing.
  func error(
    status: Int, endpoint: String, isBilled: Bool, header: (String) -> String? = { _ in nil }
  ) -> ImagineError {
    let row = code.flatMap(ServiceFault.with(code:))
    var (kind, remedy) =
      if let row {
        // An unknown video id has the validation code and the status 404.
        (status == 404 ? .notFound : row.kind, row.remedy)
      } else {
        ServiceFault.with(status: status)
      }
    if isPayment { (kind, remedy) = (.payment, .never) }
    // A success that holds an error, and no code that tells what that means.
    let isContradiction = (200..<300).contains(status) && row == nil
    let isUncertain = remedy == .uncertain || isContradiction
    let message = words ?? row?.meaning ?? "the service answered with HTTP \(status)"
    var error = ImagineError(
      kind, "\(endpoint): \(message)", code: code, status: status, name: name ?? row?.name,
      field: field, retryable: remedy == .retry || (isUncertain && !isBilled),
      charged: isUncertain && isBilled ? .unknown : .no, endpoint: endpoint,
      retryAfter: RetryAfter.seconds(in: header))
    error.rateLimit = header("x-ratelimit-limit").flatMap { Int($0) }
    return error
  }
}
