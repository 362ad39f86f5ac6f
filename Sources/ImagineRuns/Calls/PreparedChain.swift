public import ImagineAPI

/// One call prepared for several providers: the first that answers makes it.
///
/// It goes to the next provider only after an error that says the call was not charged. What an
/// earlier attempt of the run has sent comes before anything that is not sent yet, whichever provider
/// it was sent to.
public struct PreparedChain: Sendable {
  private let calls: [PreparedCall]

  /// - Parameter calls: the call at each provider, in their order; at least one. All are prepared, so
  ///   the number of a call among equal ones does not depend on which provider answers.
  public init(_ calls: [PreparedCall]) {
    precondition(!calls.isEmpty)
    self.calls = calls
  }

  /// The operation that is called.
  public var operation: MediaOperation { calls[0].operation }

  /// Sends the call, or takes its answer from the journal or the cache; see ``PreparedCall/value()``.
  public func value() async throws -> CallValue {
    try await calls[0].workflow.sentCalls.run { try await perform() }
  }

  /// Does the same, but is not cancelled before the answer of a sent call is stored.
  package func perform() async throws -> CallValue {
    var left = calls.enumerated().map { ($0.offset, $0.element, $0.element.standing) }
      .sorted { ($0.2, $0.0) < ($1.2, $1.0) }.map { $0.1 }
    while true {
      let call = left.removeFirst()
      do {
        return try await call.perform()
      } catch let error as ImagineError {
        guard let next = left.first, call.mayAskNext(after: error) else { throw error }
        call.workflow.notice("\(call.provider.name): \(error); asking \(next.provider.name)")
      }
    }
  }
}

extension PreparedCall {
  /// What earlier attempts of the run left of this call.
  fileprivate var standing: JournaledCall.Standing {
    workflow.run.standing(of: keys, count: count ?? 1)
  }

  /// Whether another provider may be asked in place of this one.
  fileprivate func mayAskNext(after error: ImagineError) -> Bool {
    guard error.kind != .cancelled, !Task.isCancelled else { return false }
    switch error.charged {
    case .no: return error.kind != .uncertain || options.retry.retriesUncertain
    case .unknown: return options.retry.retriesUncertain
    case .yes: return false
    }
  }
}

extension JournaledCall {
  /// What is left of a call, from what is certainly paid for to what is not.
  enum Standing: Int, Comparable {
    case answered, accepted, uncertain, unsent

    static func < (one: Standing, other: Standing) -> Bool { one.rawValue < other.rawValue }
  }

  var standing: Standing {
    if isAnswered { return .answered }
    if state == .accepted { return .accepted }
    return isUncertain ? .uncertain : .unsent
  }
}
