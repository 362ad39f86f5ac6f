import ImagineAPI
import ServerStore

/// An error answer: a row of the service's error table with this request's message.
///
/// ``APIErrorCode`` is the row: code, HTTP status and name, shared with the client. Handlers throw any
/// error; ``RequestPipeline`` turns it into an ``APIError``, and the ``Dialect`` decides its JSON.
struct APIError: Error, Equatable {
  var fault: APIErrorCode
  var message: String
  /// The HTTP status if it differs from the table's, as for routing errors and unknown ids.
  var status: Int?
  var field: String?
  /// Seconds until a retry may succeed.
  var retryAfter: Int?
  /// The methods of the path, for a 405.
  var allowedMethods: [String]?
  /// The name of the error in place of the table's.
  var name: String?

  init(
    _ fault: APIErrorCode, _ message: String, status: Int? = nil, field: String? = nil,
    retryAfter: Int? = nil, allowedMethods: [String]? = nil
  ) {
    self.fault = fault
    self.message = message
    self.status = status
    self.field = field
    self.retryAfter = retryAfter
    self.allowedMethods = allowedMethods
  }

  static func invalid(_ message: String, field: String? = nil) -> APIError {
    APIError(.requestInvalid, message, field: field)
  }

  static func notFound(_ message: String) -> APIError {
    APIError(.requestInvalid, message, status: 404)
  }

  static func notOffered(_ title: String) -> APIError {
    APIError(.unsupported, "\(title) is not available on this server")
  }

  /// The error answer for any error. Details of unexpected errors are only logged.
  init(_ error: any Error) {
    switch error {
    case let error as APIError:
      self = error
    case let error as ImagineError where error.kind == .io:
      self = APIError(.storeUnreachable, "the server's disk cannot be used", retryAfter: 10)
    case let error as ImagineError:
      self = .invalid(error.message, field: error.field)
    case EngineError.unusable(let field, let reason):
      self = .invalid("field '\(field)': \(reason)", field: field)
    case EngineError.notOffered(let title):
      self = .notOffered(title)
    case EngineError.resourceMissing(let reason):
      self = APIError(.unavailable, reason, retryAfter: 10)
    case EngineError.aborted(let reason):
      self = APIError(.unexpectedResponse, reason)
    case EngineError.failed:
      self = APIError(.internalError, "the image or video could not be made")
    case EngineControl.Stop.timedOut:
      self = APIError(.timedOut, "the call exceeded this server's time limit")
    case EngineControl.Stop.cancelled, is CancellationError:
      self = APIError(
        .requestInvalid, "the client closed the connection before the answer", status: 499)
    case is StoreUnreachable:
      self = APIError(.storeUnreachable, "the job store cannot be reached", retryAfter: 1)
    default:
      self = APIError(.internalError, "internal error")
    }
  }
}

extension APIError {
  /// Whether the call that failed so was certainly not begun by anybody who bills it.
  var isOfUndoneCall: Bool {
    switch fault {
    case .unavailable, .tooManyRequests, .storeUnreachable: true
    // What an upstream refuses for its content, it may bill.
    case .requestInvalid: name != Self.refusal && status != 499
    default: false
    }
  }

  /// Whether whoever got the call may have an answer to it.
  var isOfLostCall: Bool { fault == .unexpectedResponse || fault == .timedOut }
}
