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
    writer.record(RecordedProvider(provider))
  }

  public var name: String { provider.name }
  public var operations: [MediaOperation] { provider.operations }
  public var takesCount: Bool { provider.takesCount }
  public var polling: JobPolling { provider.polling }
  public var prices: PriceList { provider.prices }
  public var reportsSends: Bool { provider.reportsSends }

  public func generate(
    _ request: Request, count: Int, options: CallOptions, into store: any MediaSink
  ) async throws -> [GeneratedImage] {
    try await writer.recording(.generate(request, count: count, by: name)) {
      try await provider.generate(request, count: count, options: options, into: store)
    } as: { images in
      .images(
        images.map { image in
          writer.record(image.asset)
          return RecordedAnswer.Image(sha256: image.asset.sha256, engine: image.engine)
        })
    }
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    try await writer.recording(.submit(request, to: name)) {
      try await provider.submit(request, options: options)
    } as: {
      .job(replacingAddresses($0))
    }
  }

  public func status(of job: String, options: CallOptions) async throws -> JobStatus {
    try await writer.recording(.status(of: job, at: name)) {
      try await provider.status(of: job, options: options)
    } as: {
      .job(replacingAddresses($0))
    }
  }

  public func delete(job: String) async throws {
    try await writer.recording(.delete(job, at: name)) {
      try await provider.delete(job: job)
    } as: {
      .done
    }
  }

  public func download(
    _ address: String, options: CallOptions, into store: any MediaSink
  ) async throws -> Asset {
    let file = placeholders.withLock { $0[address] } ?? RecordedAddress.hash(address)
    return try await writer.recordingFile(.download(file, from: name)) {
      try await provider.download(address, options: options, into: store)
    }
  }

  /// The status with placeholders for its signed addresses.
  private func replacingAddresses(_ status: JobStatus) -> JobStatus {
    var copy = status
    copy.videoAddress = status.videoAddress.map { placeholder(for: $0, "video", status) }
    copy.thumbnailAddress = status.thumbnailAddress.map {
      placeholder(for: $0, "thumbnail", status)
    }
    copy.failure = status.failure.map(RecordedAddress.redactingAddresses(in:))
    return copy
  }

  private func placeholder(for address: String, _ name: String, _ status: JobStatus) -> String {
    let placeholder = RecordedAddress.placeholder(file: name, ofJob: status.id)
    placeholders.withLock { $0[address] = placeholder }
    return placeholder
  }
}
