/// An error, described once for every layer from the wire to the script.
///
/// The provider makes it, every layer passes it on unchanged, and the script reads its fields. It
/// never contains a token.
public struct ImagineError: Error, Sendable, Equatable {
  /// The category of an error, which scripts branch on; ``Kind/summary`` says when each occurs.
  public enum Kind: String, Sendable, CaseIterable {
    case authorization, validation, refused, payment
    case rateLimit = "rate_limit"
    case unavailable, timeout, connection, server
    case badResponse = "bad_response"
    case notFound = "not_found"
    case jobFailed = "job_failed"
    case uncertain, budget, io, cancelled
  }

  /// Whether the call was billed. Ordered by certainty of cost: a later attempt may raise `unknown`
  /// to `yes`, never lower it.
  public enum Charged: String, Sendable, Codable, Comparable {
    case no, yes, unknown

    public static func < (left: Charged, right: Charged) -> Bool { left.weight < right.weight }

    private var weight: Int {
      switch self {
      case .no: 0
      case .unknown: 1
      case .yes: 2
      }
    }
  }

  public var kind: Kind
  /// The service's error code, 1000 … 1300; nil if the service gave none.
  public var code: Int?
  /// The HTTP status; nil if there was no answer.
  public var status: Int?
  /// The service's name for the error, such as `BadRequest`.
  public var name: String?
  public var message: String
  /// The invalid field of the request.
  public var field: String?
  /// The values that the field allows.
  public var allowed: [String]?
  /// Whether the same call may succeed later, unchanged.
  public var retryable: Bool
  public var charged: Charged
  /// Method and path, such as `POST /image/generations`.
  public var endpoint: String?
  /// The id of the job that the error is about.
  public var job: String?
  /// How long the service asked to wait, in seconds.
  public var retryAfter: Double?
  /// The service's rate limit, in calls per minute.
  public var rateLimit: Int?

  public init(
    _ kind: Kind, _ message: String, code: Int? = nil, status: Int? = nil, name: String? = nil,
    field: String? = nil, allowed: [String]? = nil, retryable: Bool = false,
    charged: Charged = .no, endpoint: String? = nil, job: String? = nil,
    retryAfter: Double? = nil
  ) {
    self.kind = kind
    self.message = message
    self.code = code
    self.status = status
    self.name = name
    self.field = field
    self.allowed = allowed
    self.retryable = retryable
    self.charged = charged
    self.endpoint = endpoint
    self.job = job
    self.retryAfter = retryAfter
  }
}

extension ImagineError: CustomStringConvertible {
  /// One line: the message, then kind, code and status in brackets.
  public var description: String {
    var details = [kind.rawValue]
    if let code { details.append("code \(code)") }
    if let status { details.append("HTTP \(status)") }
    if charged != .no { details.append("charged: \(charged.rawValue)") }
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    return "\(line) [\(details.joined(separator: ", "))]"
  }
}

extension ImagineError {
  /// A value that its field does not allow.
  ///
  /// If the value is misspelt, the message suggests the nearest allowed name.
  ///
  /// - Parameters:
  ///   - given: the value as the user wrote it; text in quotes.
  ///   - allowed: every value that the field takes, if they can be listed.
  public static func invalid(
    field: String, given: String, expected: String, allowed: [String]? = nil
  ) -> ImagineError {
    let isText = given.count > 2 && given.hasPrefix("\"") && given.hasSuffix("\"")
    let nearest =
      isText
      ? Spelling.nearest(to: String(given.dropFirst().dropLast()), among: allowed ?? []) : nil
    let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
    return ImagineError(
      .validation, "field '\(field)': \(given) is not allowed\(hint) (expected \(expected))",
      field: field, allowed: allowed)
  }

  /// A required field that was not given.
  ///
  /// - Parameters:
  ///   - expected: what the field takes, in words.
  ///   - allowed: every value that the field takes, if they can be listed.
  public static func missing(
    field: String, of operation: String, expected: String? = nil, allowed: [String]? = nil
  ) -> ImagineError {
    let hint = expected.map { " (expected \($0))" } ?? ""
    return ImagineError(
      .validation, "\(operation): field '\(field)' is missing\(hint)", field: field,
      allowed: allowed)
  }

  /// A field that the operation does not have. The message suggests the nearest name that it has.
  public static func unknown(
    field: String, of operation: String, allowed: [String]
  ) -> ImagineError {
    let nearest = Spelling.nearest(to: field, among: allowed)
    let hint = nearest.map { "; did you mean '\($0)'?" } ?? ""
    return ImagineError(
      .validation,
      "\(operation): unknown field '\(field)'\(hint) (fields: \(allowed.joined(separator: ", ")))",
      field: field, allowed: allowed)
  }
}
