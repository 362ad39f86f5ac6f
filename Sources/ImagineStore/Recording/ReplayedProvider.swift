public import ImagineCore

/// A provider that answers from a recording: at once, with no network and no key.
public struct ReplayedProvider: Provider {
  private let facts: RecordedProvider
  private let recording: Recording

  public init(_ facts: RecordedProvider, recording: Recording) {
    self.facts = facts
    self.recording = recording
  }

  public var name: String { facts.name }
  public var operations: [Operation] { facts.operations }
  public var takesCount: Bool { facts.takesCount }
  public var polling: JobPolling { JobPolling(first: 0, longest: 0) }
  public var prices: PriceList { facts.prices }

  public func draw(
    _ request: Request, count: Int, options: CallOptions, into store: any AssetStore
  ) async throws -> [Drawing] {
    let call = RecordedCall.draw(request, count: count, by: name)
    guard case .pictures(let pictures) = try recording.answer(to: call) else {
      throw recording.damaged(call)
    }
    var drawings: [Drawing] = []
    for picture in pictures {
      let asset = try await recording.file(picture.sha256, into: store)
      drawings.append(Drawing(asset: asset, engine: picture.engine))
    }
    return drawings
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
    _ address: String, options: CallOptions, into store: any AssetStore
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
