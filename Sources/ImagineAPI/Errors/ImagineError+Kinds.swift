extension ImagineError.Kind {
  /// When the error occurs, in a line.
  public var summary: String {
    switch self {
    case .authorization: "the token is missing, unknown, expired, or not allowed to do this"
    case .validation: "a field is missing, misspelt, of the wrong type, or outside what is allowed"
    case .refused: "the service refuses the content of the request; it is never retried"
    case .payment: "the account has no credit left"
    case .rateLimit: "too many requests; the same call may work after a wait"
    case .unavailable: "the service is unavailable for now, or does not support the call at all"
    case .timeout: "the deadline passed"
    case .connection: "the service could not be reached, or the connection broke"
    case .server: "the service had an internal error"
    case .badResponse: "the answer was not in a form that the service documents"
    case .notFound: "the service does not know the id"
    case .jobFailed: "the job ended without a video"
    case .uncertain: "the request was sent in an earlier run and no answer was recorded"
    case .budget: "the call would exceed a budget"
    case .io: "a file could not be read or written"
    case .cancelled: "the call was cancelled"
    }
  }
}
