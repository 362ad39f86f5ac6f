import ImagineCore

/// What a provider answered.
///
/// Bodies are named by their SHA-256 and stand in the recording once.
enum RecordedAnswer: Sendable, Equatable {
  struct Picture: Sendable, Equatable, Codable {
    var sha256: String
    var engine: String?
  }

  case pictures([Picture])
  case job(JobStatus)
  /// A file.
  case file(sha256: String)
  case done
  case fault(ImagineError)
}

extension RecordedAnswer: Codable {
  private enum CodingKeys: String, CodingKey { case pictures, job, file, done, fault }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    switch self {
    case .pictures(let pictures): try container.encode(pictures, forKey: .pictures)
    case .job(let status): try container.encode(status, forKey: .job)
    case .file(let sha256): try container.encode(sha256, forKey: .file)
    case .done: try container.encode(true, forKey: .done)
    case .fault(let error): try container.encode(FaultForm(error), forKey: .fault)
    }
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    if let pictures = try container.decodeIfPresent([Picture].self, forKey: .pictures) {
      self = .pictures(pictures)
    } else if let status = try container.decodeIfPresent(JobStatus.self, forKey: .job) {
      self = .job(status)
    } else if let sha256 = try container.decodeIfPresent(String.self, forKey: .file) {
      self = .file(sha256: sha256)
    } else if let fault = try container.decodeIfPresent(FaultForm.self, forKey: .fault) {
      self = .fault(fault.error)
    } else {
      self = .done
    }
  }
}

/// An error as a recording writes it.
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
    message = RecordedAddress.withoutQueries(error.message)
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
