import ImagineCore

/// Why a request is not answered with what it asked for: a row of the service's error table, and
/// what this request had to do with it.
struct Failure: Error, Equatable {
  var fault: ServiceFault
  var message: String
  /// Where the HTTP status is another than the table's: routing, and unknown ids.
  var status: Int?
  var field: String?
  /// Seconds.
  var retryAfter: Int?
  /// The methods of a path, where the request's is none of them.
  var allowedMethods: [String]?

  init(
    _ fault: ServiceFault, _ message: String, status: Int? = nil, field: String? = nil,
    retryAfter: Int? = nil, allowedMethods: [String]? = nil
  ) {
    self.fault = fault
    self.message = message
    self.status = status
    self.field = field
    self.retryAfter = retryAfter
    self.allowedMethods = allowedMethods
  }

  static func invalid(_ message: String, field: String? = nil) -> Failure {
    Failure(.requestInvalid, message, field: field)
  }

  static func notFound(_ message: String) -> Failure {
    Failure(.requestInvalid, message, status: 404)
  }

  static func notOffered(_ title: String) -> Failure {
    Failure(.unsupported, "\(title) is not available on this server")
  }

  /// What any error means for the caller. Details of the unexpected stay in the log.
  init(_ error: any Error) {
    switch error {
    case let failure as Failure:
      self = failure
    case let error as ImagineError:
      self = .invalid(error.message, field: error.field)
    case EngineError.unusable(let field, let reason):
      self = .invalid("field '\(field)': \(reason)", field: field)
    case EngineError.notOffered(let title):
      self = .notOffered(title)
    case EngineError.lacking(let reason):
      self = Failure(.unavailable, reason, retryAfter: 10)
    case EngineError.failed:
      self = Failure(.internalError, "the picture could not be drawn")
    case EngineControl.Stop.outOfTime:
      self = Failure(.timedOut, "the work took longer than this server gives to one call")
    case EngineControl.Stop.abandoned:
      self = Failure(.requestInvalid, "the client hung up before the end", status: 499)
    case is StoreUnreachable:
      self = Failure(.storeUnreachable, "the job store cannot be reached", retryAfter: 1)
    case is HomeError:
      self = Failure(.storeUnreachable, "the server's disk cannot be used", retryAfter: 10)
    default:
      self = Failure(.internalError, "internal error")
    }
  }
}
