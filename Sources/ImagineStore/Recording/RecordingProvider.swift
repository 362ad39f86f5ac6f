public import ImagineCore
import Synchronization

/// A provider whose every answer is recorded.
///
/// It stands around everything that knows a token or an address, so neither can come into the
/// recording.
public final class RecordingProvider: Provider {
  private let provider: any Provider
  private let writer: RecordingWriter
  /// What stands in the recording for an address that a job's status gave.
  private let files = Mutex<[String: String]>([:])

  public init(_ provider: any Provider, writer: RecordingWriter) {
    self.provider = provider
    self.writer = writer
    writer.record(RecordedProvider(provider))
  }

  public var name: String { provider.name }
  public var operations: [Operation] { provider.operations }
  public var takesCount: Bool { provider.takesCount }
  public var polling: JobPolling { provider.polling }
  public var prices: PriceList { provider.prices }
  public var tracesSends: Bool { provider.tracesSends }

  public func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing] {
    try await writer.recording(.draw(request, count: count, by: name)) {
      try await provider.draw(request, count: count, options: options, into: store)
    } as: { drawings in
      .pictures(
        try drawings.map { drawing in
          try writer.record(drawing.asset, in: store)
          return RecordedAnswer.Picture(sha256: drawing.asset.sha256, engine: drawing.engine)
        })
    }
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    try await writer.recording(.submit(request, to: name)) {
      try await provider.submit(request, options: options)
    } as: {
      .job(withoutAddresses($0))
    }
  }

  public func status(of job: String, options: CallOptions) async throws -> JobStatus {
    try await writer.recording(.status(of: job, at: name)) {
      try await provider.status(of: job, options: options)
    } as: {
      .job(withoutAddresses($0))
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
    _ address: String, options: CallOptions, into store: any AssetStore
  ) async throws -> Asset {
    let file = files.withLock { $0[address] } ?? RecordedAddress.hash(address)
    return try await writer.recordingFile(.download(file, from: name), in: store) {
      try await provider.download(address, options: options, into: store)
    }
  }

  /// A status with names in place of its addresses, which are signed.
  private func withoutAddresses(_ status: JobStatus) -> JobStatus {
    var copy = status
    copy.videoAddress = status.videoAddress.map { named($0, "video", status) }
    copy.thumbnailAddress = status.thumbnailAddress.map { named($0, "thumbnail", status) }
    copy.failure = status.failure.map(RecordedAddress.withoutQueries)
    return copy
  }

  private func named(_ address: String, _ name: String, _ status: JobStatus) -> String {
    let file = RecordedAddress.file(name, ofJob: status.id)
    files.withLock { $0[address] = file }
    return file
  }
}
