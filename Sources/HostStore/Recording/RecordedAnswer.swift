import ImagineAPI

/// A provider's answer.
///
/// Bodies are stored once, and identified by their SHA-256.
enum RecordedAnswer: Sendable, Equatable {
  struct Image: Sendable, Equatable, Codable {
    var sha256: String
    var engine: String?
    var seed: Int64?
    var confidence: Double?
  }

  /// The files of an answer, with its price and usage.
  case images([Image], price: Price? = nil, usage: [String: Int64] = [:])
  case job(JobStatus)
  /// A file.
  case file(sha256: String)
  /// An edit with the original outside the mask; no file if only the drift was asked for.
  case composite(sha256: String?, drift: Double)
  case done
  case fault(ImagineError)
}

extension RecordedAnswer: Codable {
  private enum CodingKeys: String, CodingKey {
    case job, file, drift, done, fault, price, usage
    case images = "pictures"
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .images(let images, let price, let usage):
      try container.encode(images, forKey: .images)
      try container.encodeIfPresent(price, forKey: .price)
      if !usage.isEmpty { try container.encode(usage, forKey: .usage) }
    case .job(let status): try container.encode(status, forKey: .job)
    case .file(let sha256): try container.encode(sha256, forKey: .file)
    case .composite(let sha256, let drift):
      try container.encodeIfPresent(sha256, forKey: .file)
      try container.encode(drift, forKey: .drift)
    case .done: try container.encode(true, forKey: .done)
    case .fault(let error): try container.encode(FaultForm(error), forKey: .fault)
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let images = try container.decodeIfPresent([Image].self, forKey: .images) {
      self = .images(
        images, price: try container.decodeIfPresent(Price.self, forKey: .price),
        usage: try container.decodeIfPresent([String: Int64].self, forKey: .usage) ?? [:])
    } else if let status = try container.decodeIfPresent(JobStatus.self, forKey: .job) {
      self = .job(status)
    } else if let drift = try container.decodeIfPresent(Double.self, forKey: .drift) {
      self = .composite(
        sha256: try container.decodeIfPresent(String.self, forKey: .file), drift: drift)
    } else if let sha256 = try container.decodeIfPresent(String.self, forKey: .file) {
      self = .file(sha256: sha256)
    } else if let fault = try container.decodeIfPresent(FaultForm.self, forKey: .fault) {
      self = .fault(fault.error)
    } else {
      self = .done
    }
  }
}

/// The form of an error in a recording.
private struct FaultForm: Codable {
  var kind: String
  var code: Int?
  var status: Int?
  var name: String?
  var message: String
  var field: String?
  var allowed: [String]?
  var retryable: Bool
  var charged: String
  var endpoint: String?
  var job: String?
  var retryAfter: Double?
  var rateLimit: Int?

  init(_ error: ImagineError) {
    kind = error.kind.rawValue
    code = error.code
    status = error.status
    name = error.name
    message = error.message.redactingAddresses
    field = error.field
    allowed = error.allowed
    retryable = error.retryable
    charged = error.charged.rawValue
    endpoint = error.endpoint
    job = error.job
    retryAfter = error.retryAfter
    rateLimit = error.rateLimit
  }

  var error: ImagineError {
    var error = ImagineError(
      ImagineError.Kind(rawValue: kind) ?? .badResponse, message, code: code, status: status,
      name: name, field: field, allowed: allowed, retryable: retryable,
      charged: ImagineError.Charged(rawValue: charged) ?? .unknown, endpoint: endpoint, job: job,
      retryAfter: retryAfter)
    error.rateLimit = rateLimit
    return error
  }
}
