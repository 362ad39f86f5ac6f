import ImagineAPI

extension ImagineError {
  /// Whether an upstream certainly did not begin the call, so that it may be sent to another one.
  var isCertainlyUndone: Bool {
    guard charged == .no else { return false }
    switch kind {
    case .connection, .unavailable, .rateLimit, .authorization, .payment, .notFound, .io:
      return true
    case .timeout: return retryable
    default: return false
    }
  }
}

extension APIError {
  /// The error of a call at an upstream. It repeats the upstream's words only about the request.
  init(_ error: ImagineError, of upstream: Upstream) {
    switch error.kind {
    case .validation:
      self = .invalid(upstream.publicMessage(of: error), field: error.field)
    case .refused:
      self = APIError(.requestInvalid, upstream.publicMessage(of: error), field: "prompt")
      name = Self.refusal
    case .rateLimit:
      self = APIError(
        .tooManyRequests, "the model has too many calls at present",
        retryAfter: Int(min(error.retryAfter ?? 10, 3600).rounded(.up)))
    case .cancelled: self = APIError(EngineControl.Stop.cancelled)
    case _ where error.isCertainlyUndone: self = .unreachable()
    case .timeout: self = APIError(.timedOut, "the model did not answer in time")
    default: self = APIError(.unexpectedResponse, "the model failed, or its answer was lost")
    }
  }

  /// The model of a call cannot be reached; nothing was sent.
  static func unreachable(retryAfter: Double = 5) -> APIError {
    APIError(
      .unavailable, "the model is not available at present",
      retryAfter: max(1, Int(min(retryAfter, 3600).rounded(.up))))
  }

  /// The name of the error of a call whose content is refused, as OpenAI writes it.
  static let refusal = "content_policy_violation"
}
