public import ImagineAPI

/// A provider that answers from a recording, without network and key.
public struct ReplayedProvider: Provider {
  public let profile: ProviderProfile
  private let recording: Recording

  public init(_ recorded: ProviderProfile, recording: Recording) {
    var profile = recorded
    // Waiting takes no time.
    profile.polling = JobPolling(firstPause: 0, maxPause: 0)
    self.profile = profile
    self.recording = recording
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    let call = RecordedCall.perform(request, by: name)
    switch try recording.answer(to: call) {
    case .job(let status): return .running(status)
    case .images(let images, let price, let usage):
      var outputs: [Output] = []
      for image in images {
        let asset = try await recording.file(image.sha256, into: context.store)
        outputs.append(
          Output(
            asset: asset, engine: image.engine, seed: image.seed, confidence: image.confidence))
      }
      return .finished(Answer(outputs, price: price, usage: usage))
    default: throw recording.damaged(call)
    }
  }

  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    let call = RecordedCall.status(of: ticket.id, at: name)
    // The host chooses other tickets than the recorded run did.
    if profile.takesTickets, try !recording.contains(call) {
      throw ImagineError(
        .notFound, "the recording \(recording.path) has no job \(ticket.id)", job: ticket.id)
    }
    guard case .job(let status) = try recording.answer(to: call) else {
      throw recording.damaged(call)
    }
    return status
  }

  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    _ = try recording.answer(to: .delete(ticket.id, at: name))
  }

  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    try await recording.file(answering: .download(address, from: name), into: context.store)
  }
}
