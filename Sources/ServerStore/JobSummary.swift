public import ImagineAPI

/// What the status of a job shows: a job without its request.
public struct JobSummary: Sendable, Hashable {
  public var state: JobState
  /// Seconds since 1970.
  public var createdAt: Double
  /// The part done, 0 … 1.
  public var progress: Double
  /// Why the job failed.
  public var failure: String?
  /// The upstream that makes the video; nil if the server's own engine does.
  public var upstream: String?

  public init(
    state: JobState, createdAt: Double, progress: Double, failure: String?, upstream: String?
  ) {
    self.state = state
    self.createdAt = createdAt
    self.progress = progress
    self.failure = failure
    self.upstream = upstream
  }
}

extension JobStore {
  public func summary(id: String, owner: String) async throws -> JobSummary? {
    try await job(id: id, owner: owner).map {
      JobSummary(
        state: $0.state, createdAt: $0.createdAt, progress: $0.progress, failure: $0.failure,
        upstream: $0.upstream)
    }
  }
}
