/// The state of a job; raw values are those of scripts.
public enum JobState: String, Sendable, Hashable, CaseIterable, Codable {
  case queued, processing, finished, failed, cancelled

  /// Whether the state cannot change any more.
  public var isFinal: Bool { self == .finished || self == .failed || self == .cancelled }
}

/// A service's answer about a job.
public struct JobStatus: Sendable, Hashable, Codable {
  public var id: String
  public var state: JobState
  /// As the service wrote it, ISO 8601; nil if it did not say.
  public var createdAt: String?
  /// Addresses of the finished video: signed and expiring.
  public var videoAddress: String?
  public var thumbnailAddress: String?
  /// Addresses of the finished images of a job that makes images.
  public var imageAddresses: [String] = []
  /// Progress, 0 … 1; nil if the service does not tell.
  public var progress: Double?
  /// Why the job failed, if the service tells.
  public var failure: String?
  /// Whether it failed because the service refuses its content.
  public var isRefused = false
  /// The built-in engine's version if it generates the video; nil for a model.
  public var engine: String?
  /// The service's name of the state, if it is not a documented one.
  public var undocumentedState: String?
  /// Seconds to wait before the next question, if the service tells. They are not kept with the rest.
  public var retryAfter: Double?

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

  public var ticket: Ticket { Ticket(id: id) }

  private enum CodingKeys: String, CodingKey {
    case id, state, createdAt, videoAddress, thumbnailAddress, imageAddresses, progress, failure
    case engine
    case isRefused = "refused"
    case undocumentedState = "word"
  }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    self.init(
      id: try container.decode(String.self, forKey: .id),
      state: try container.decode(JobState.self, forKey: .state),
      createdAt: try container.decodeIfPresent(String.self, forKey: .createdAt),
      videoAddress: try container.decodeIfPresent(String.self, forKey: .videoAddress),
      thumbnailAddress: try container.decodeIfPresent(String.self, forKey: .thumbnailAddress),
      progress: try container.decodeIfPresent(Double.self, forKey: .progress),
      failure: try container.decodeIfPresent(String.self, forKey: .failure),
      engine: try container.decodeIfPresent(String.self, forKey: .engine))
    imageAddresses = try container.decodeIfPresent([String].self, forKey: .imageAddresses) ?? []
    isRefused = try container.decodeIfPresent(Bool.self, forKey: .isRefused) ?? false
    undocumentedState = try container.decodeIfPresent(String.self, forKey: .undocumentedState)
  }
}
