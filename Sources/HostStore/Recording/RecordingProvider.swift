public import ImagineAPI
import Synchronization

/// Records every answer of another provider.
///
/// It wraps everything that knows a token or an address, so neither gets into the recording.
public final class RecordingProvider: Provider {
  private let provider: any Provider
  private let writer: RecordingWriter
  /// Placeholders for the addresses of job statuses.
  private let placeholders = Mutex<[String: String]>([:])

  public init(_ provider: any Provider, writer: RecordingWriter) {
    self.provider = provider
    self.writer = writer
    writer.record(provider.profile)
  }

  public var profile: ProviderProfile { provider.profile }
  public var reportsSends: Bool { provider.reportsSends }
  public var stopsCalls: Bool { provider.stopsCalls }

  public func derivedInputs(
    of request: Request, _ context: CallContext
  ) async throws -> [String: [ImageInput]] {
    try await provider.derivedInputs(of: request, context)
  }

  public func imageSize(of request: Request) throws(ImagineError) -> PixelSize? {
    try provider.imageSize(of: request)
  }

  public func keyRetention(_ context: CallContext) async throws -> Double? {
    try await provider.keyRetention(context)
  }

  public func models(_ context: CallContext) async throws -> [ListedModel]? {
    try await provider.models(context)
  }

  public func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
    try await writer.recording(.perform(request, by: name)) {
      try await provider.perform(request, context)
    } as: { outcome in
      switch outcome {
      case .running(let status): return .job(replacingAddresses(status))
      case .finished(let answer):
        let files = answer.outputs.map { output in
          writer.record(output.asset)
          return RecordedAnswer.Image(
            sha256: output.asset.sha256, engine: output.engine, seed: output.seed,
            confidence: output.confidence)
        }
        return .images(files, price: answer.price, usage: answer.usage)
      }
    }
  }

  public func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
    try await writer.recording(.status(of: ticket.id, at: name)) {
      try await provider.poll(ticket, context)
    } as: {
      .job(replacingAddresses($0))
    }
  }

  public func cancel(_ ticket: Ticket, _ context: CallContext) async throws {
    try await writer.recording(.delete(ticket.id, at: name)) {
      try await provider.cancel(ticket, context)
    } as: {
      .done
    }
  }

  public func download(_ address: String, _ context: CallContext) async throws -> Asset {
    let file = placeholders.withLock { $0[address] } ?? RecordedAddress.hash(address)
    return try await writer.recordingFile(.download(file, from: name)) {
      try await provider.download(address, context)
    }
  }

  /// The status with placeholders for its signed addresses.
  private func replacingAddresses(_ status: JobStatus) -> JobStatus {
    var copy = status
    copy.videoAddress = status.videoAddress.map { placeholder(for: $0, "video", status) }
    copy.thumbnailAddress = status.thumbnailAddress.map {
      placeholder(for: $0, "thumbnail", status)
    }
    copy.imageAddresses = status.imageAddresses.enumerated().map { index, address in
      placeholder(for: address, "image-\(index + 1)", status)
    }
    copy.failure = status.failure?.redactingAddresses
    return copy
  }

  private func placeholder(for address: String, _ name: String, _ status: JobStatus) -> String {
    let placeholder = RecordedAddress.placeholder(file: name, ofJob: status.id)
    placeholders.withLock { $0[address] = placeholder }
    return placeholder
  }
}
