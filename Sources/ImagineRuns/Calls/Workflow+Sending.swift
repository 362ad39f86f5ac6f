import ImagineAPI

/// A request in the form in which it is sent.
struct ReadyCall {
  fileprivate let request: Request
  fileprivate var context: CallContext
  fileprivate let provider: any Provider
  /// What the journal has of the request.
  fileprivate let description: RequestDescription
  fileprivate let price: Price?
  /// How often it may be sent again.
  fileprivate var resends: Int

  /// Whether a call that the service does not know is sent again: a free one, as often as a call is
  /// retried.
  mutating func takeResend(of entry: CallEntry) -> Bool {
    guard entry.record.isFree, resends > 0 else { return false }
    resends -= 1
    return true
  }
}

/// Sends calls of any operation.
extension Workflow {
  /// Does what must be done before a request is sent, and puts on the disk what must be there.
  ///
  /// - Parameter description: what the journal has of the request.
  func ready(
    _ request: Request, of call: PreparedCall, as description: RequestDescription,
    _ price: Price?, _ entry: CallEntry
  ) async throws -> ReadyCall {
    try checkInputs(of: request)
    for asset in call.staged { try await assets.sync(asset) }
    let request = try await withPlainMask(request, for: call.provider.profile)
    var context = call.context(observedBy: entry)
    context.derived = try await uprightInputs(of: call, as: request)
    let retention = try? await call.provider.keyRetention(context)
    if entry.notePromise(retention) { context.idempotencyKey = idempotencyKey(of: entry) }
    context.derived.merge(try await call.provider.derivedInputs(of: request, context)) { $1 }
    return ReadyCall(
      request: request, context: context, provider: call.provider, description: description,
      price: price, resends: call.options.retry.retries)
  }

  /// The key of a call at its service: a hash, because the journal's key has the prompt.
  private func idempotencyKey(of entry: CallEntry) -> String {
    let record = entry.record
    // A run without a journal has no id.
    let text = record.run.isEmpty ? "\(processKey)#\(record.beganAt)#" : ""
    return assets.sha256(of: Array("\(text)\(record.idempotencyText)".utf8))
  }

  /// Sends a request. A free call that the service turns out not to know is sent again.
  func send(_ ready: inout ReadyCall, _ entry: CallEntry) async throws -> Outcome {
    while true {
      ready.context.ticket = entry.ticket
      try await entry.recordIntent(ready.description, price: ready.price)
      if !ready.provider.reportsSends { try await entry.willSend() }
      do {
        return try await ready.provider.perform(ready.request, ready.context)
      } catch let error as ImagineError where error.charged == .unknown && entry.ticket != nil {
        // The answer is lost; the service may know the call.
        do {
          guard let status = try await status(ofTicket: entry, at: ready.provider) else {
            throw error
          }
          try await entry.recordFound()
          return .running(status)
        } catch let answer as ImagineError where answer.kind == .notFound {
          // It may still be on its way, so only a free call is sent again.
          guard ready.takeResend(of: entry) else { throw error }
        } catch is ImagineError {
          throw error
        }
        try await entry.recordNotReceived()
      }
    }
  }

  /// Asks the provider about a call that an earlier attempt may have sent, if the host chose its
  /// ticket: it is accepted then, or it was certainly not received and may be sent.
  ///
  /// - Throws: ``ImagineError`` with the charge of the call if the provider cannot be asked.
  func askByTicket(_ entry: CallEntry, at provider: any Provider) async throws {
    guard let ticket = entry.ticket, entry.record.job == ticket.id, entry.record.mayBeKnown
    else { return }
    do {
      _ = try await status(ofTicket: entry, at: provider)
      try await entry.recordFound()
      run.register(entry)
    } catch let error as ImagineError where error.kind == .notFound {
      try await entry.recordNotReceived()
    } catch var error as ImagineError {
      error.job = ticket.id
      throw error
    }
  }

  /// Asks the provider about a free job that an earlier attempt left accepted. One that the server
  /// has lost is forgotten, so that the call is sent again.
  func forgetLostJob(of entry: CallEntry, at provider: any Provider) async throws {
    guard entry.ticket != nil, entry.record.state == .accepted, entry.record.isFree else { return }
    do {
      _ = try await status(ofTicket: entry, at: provider)
    } catch let error as ImagineError where error.kind == .notFound {
      try await entry.recordLost()
    } catch is ImagineError {
      // A server that does not answer now may have it.
    }
  }

  private func status(
    ofTicket entry: CallEntry, at provider: any Provider
  ) async throws -> JobStatus? {
    guard let ticket = entry.ticket else { return nil }
    return try await provider.poll(ticket, CallContext(store: assets))
  }
}
