public import ImagineAPI

/// A provider that answers from a recording, without network and key.
public struct ReplayedProvider: Provider {
  private let recorded: RecordedProvider
  private let recording: Recording

  public init(_ recorded: RecordedProvider, recording: Recording) {
    self.recorded = recorded
    self.recording = recording
  }

  public var name: String { recorded.name }
  public var operations: [MediaOperation] { recorded.operations }
  public var takesCount: Bool { recorded.takesCount }
  public var polling: JobPolling { JobPolling(firstPause: 0, maxPause: 0) }
  public var prices: PriceList { recorded.prices }

  public func generate(
    _ request: Request, count: Int, options: CallOptions, into store: any MediaSink
  ) async throws -> [GeneratedImage] {
    let call = RecordedCall.generate(request, count: count, by: name)
    guard case .images(let images) = try recording.answer(to: call) else {
      throw recording.damaged(call)
    }
    var generated: [GeneratedImage] = []
    for image in images {
      let asset = try await recording.file(image.sha256, into: store)
      generated.append(GeneratedImage(asset: asset, engine: image.engine))
    }
    return generated
  }

  public func submit(_ request: Request, options: CallOptions) async throws -> JobStatus {
    try status(answering: .submit(request, to: name))
  }

  public func status(of job: String, options: CallOptions) async throws -> JobStatus {
    try status(answering: .status(of: job, at: name))
  }

  public func delete(job: String) async throws {
    _ = try recording.answer(to: .delete(job, at: name))
  }

  public func download(
    _ address: String, options: CallOptions, into store: any MediaSink
  ) async throws -> Asset {
    try await recording.file(answering: .download(address, from: name), into: store)
  }

  private func status(answering call: RecordedCall) throws -> JobStatus {
    guard case .job(let status) = try recording.answer(to: call) else {
      throw recording.damaged(call)
    }
    return status
  }
}
