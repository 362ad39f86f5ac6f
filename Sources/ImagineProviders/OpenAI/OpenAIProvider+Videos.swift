public import ImagineAPI

/// Videos: jobs with an id that the service chooses.
extension OpenAIProvider {
  func submit(_ call: HTTPTransport.Call) async throws -> JobStatus {
    try await transport.performFollowingRedirects(call) { try await $0.submittedJob() }
  }

  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    let path = try path(of: ticket)
    return try await transport.performFollowingRedirects(call("GET", path, context)) {
      [endpoint] answer in
      var status = try await answer.status(ofJob: ticket.id, resolve: endpoint.resolve)
      if status.state == .finished, status.videoAddress == nil {
        status.videoAddress = endpoint.address("\(path)/content")
      }
      return status
    }
  }

  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    let call = call("DELETE", try path(of: ticket), context)
    try await transport.performFollowingRedirects(call) { answer in
      _ = try await answer.json(about: ticket.id)
    }
  }

  /// - Throws: ``ImagineError`` of kind `validation` if the provider makes no videos.
  private func path(of ticket: Ticket) throws(ImagineError) -> String {
    guard profile.operations.contains(where: { $0.answer == .job }) else {
      throw .unsupportedOperation(operation: "job", by: name)
    }
    return "/videos/\(try WebAddress.pathComponent(ticket.id))"
  }
}
