/// How far a job is, in the words of scripts.
public enum JobState: String, Sendable, Hashable, CaseIterable, Codable {
  case queued, processing, finished, failed, cancelled

  /// Whether the state is the last one.
  public var isFinal: Bool { self == .finished || self == .failed || self == .cancelled }
}

/// What a service says of a job when asked.
public struct JobStatus: Sendable, Hashable, Codable {
  public var id: String
  public var state: JobState
  /// As the service wrote it, ISO 8601; nil where it did not say.
  public var createdAt: String?
  /// Addresses of the finished video: signed, and expiring.
  public var videoAddress: String?
  public var thumbnailAddress: String?
  /// The part done, 0 … 1; nil where the service does not tell.
  public var progress: Double?
  /// Why the job failed, where the service tells.
  public var failure: String?
  /// What films it, by its version, where that is the built-in engine and no model.
  public var engine: String?
  /// The service's own word for the state, where that is none of those documented.
  public var word: String?

  public init(
    id: String, state: JobState, createdAt: String? = nil, videoAddress: String? = nil,
    thumbnailAddress: String? = nil, progress: Double? = nil, failure: String? = nil,
    engine: String? = nil
  ) {
    self.id = id
    self.state = state
    self.createdAt = createdAt
    self.videoAddress = videoAddress
    self.thumbnailAddress = thumbnailAddress
    self.progress = progress
    self.failure = failure
    self.engine = engine
  }
}
