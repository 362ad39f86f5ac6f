/// What went wrong, described once, from the wire to the script.
///
/// Every layer passes an error on as it got it: the provider makes it, the script reads its fields.
/// It never holds a token.
public struct ImagineError: Error, Sendable, Equatable {
  /// The family of an error: what a script branches on.
  public enum Kind: String, Sendable, CaseIterable {
    /// The token is missing, unknown, expired, or not allowed to do this.
    case authorization
    /// A field is missing, misspelt, of the wrong type, or outside what is allowed.
    case validation
    /// The account has too few tokens.
    case payment
    /// Too many requests; the same call may work after a wait.
    case rateLimit = "rate_limit"
    /// The service is not there for now, or cannot do this at all (`retryable` tells which).
    case unavailable
    /// The deadline passed.
    case timeout
    /// The service could not be reached, or the connection broke.
    case connection
    /// The service failed inside.
    case server
    /// The answer was not one that the service documents.
    case badResponse = "bad_response"
    /// The service does not know the id.
    case notFound = "not_found"
    /// The job ended without a video.
    case jobFailed = "job_failed"
    /// The request was sent in an earlier run and no answer was recorded.
    case uncertain
    /// The call would exceed a budget.
    case budget
    /// A file could not be read or written.
    case io
    /// The call was cancelled.
    case cancelled
  }

  /// Whether the call was billed. In the order of what a later attempt may not take back: what was
  /// `unknown` stays so until the service says `yes`.
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
  /// The service's error code, 1000 … 1300; nil where the service gave none.
  public var code: Int?
  /// The HTTP status; nil where there was no answer.
  public var status: Int?
  /// The service's name for the error, such as `BadRequest`.
  public var name: String?
  public var message: String
  /// The field of the request that is at fault.
  public var field: String?
  /// What the field allows.
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
  /// How many calls a minute the service says that it takes.
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
    var facts = [kind.rawValue]
    if let code { facts.append("code \(code)") }
    if let status { facts.append("HTTP \(status)") }
    if charged != .no { facts.append("charged: \(charged.rawValue)") }
    let line = message.split(whereSeparator: \.isNewline).joined(separator: " ")
    return "\(line) [\(facts.joined(separator: ", "))]"
  }
}

extension ImagineError {
  /// A value that its field does not allow.
  ///
  /// Where it is a misspelt name of those that are allowed, the message names the nearest.
  ///
  /// - Parameters:
  ///   - given: the value as its writer would recognise it; a text in quotes.
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
  ///   - expected: what it takes, in words.
  ///   - allowed: every value that the field takes, if they can be listed.
  public static func missing(
    field: String, of operation: String, expected: String? = nil, allowed: [String]? = nil
  ) -> ImagineError {
    let hint = expected.map { " (expected \($0))" } ?? ""
    return ImagineError(
      .validation, "\(operation): field '\(field)' is missing\(hint)", field: field,
      allowed: allowed)
  }

  /// A field that the operation does not have; names the nearest one that it has.
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
