public import ImagineAPI

/// A job as the server keeps it: the request, its owner, and its result.
public struct StoredJob: Sendable, Hashable {
  /// The request of a job: everything that any server needs for the engine call.
  ///
  /// Encoded as JSON in the database, so its keys are part of the format.
  public struct Work: Sendable, Hashable, Codable {
    /// The operation's name, such as `video`.
    public var operation: String
    public var prompt: String
    public var style: String
    /// Nil if the aspect ratio follows from the input image.
    public var aspectRatio: AspectRatio?
    public var seed: Int64
    /// Name of the input image within the job's folder, if the operation takes one.
    public var image: String?

    private enum CodingKeys: String, CodingKey {
      case operation, prompt, style, aspectRatio, seed
      case image = "picture"
    }

    public init(
      operation: String, prompt: String, style: String, aspectRatio: AspectRatio?, seed: Int64,
      image: String? = nil
    ) {
      self.operation = operation
      self.prompt = prompt
      self.style = style
      self.aspectRatio = aspectRatio
      self.seed = seed
      self.image = image
    }
  }

  public var id: String
  /// The account that submitted the job. No other account can see it.
  public var owner: String
  public var work: Work
  /// Tokens that the owner paid; refunded if the job fails.
  public var price: Int64
  public var state: JobState
  /// Seconds since 1970.
  public var createdAt: Double
  /// Seconds since 1970 when the job finished or failed; nil before that.
  public var endedAt: Double?
  /// The part done, 0 … 1.
  public var progress: Double
  /// Attempts that were started and not released by a shutdown or for a missing resource.
  public var attempts: Int
  /// Attempts that failed because of the job itself.
  public var faults: Int
  /// Why the job failed.
  public var failure: String?
  /// Name of the folder, within the job's folder, that holds the finished video.
  public var videoFolder: String?
  /// The upstream that makes the video; nil if the server's own engine does.
  public var upstream: String?
  /// The upstream's ticket as JSON; nil until it is known.
  public var ticket: String?

  public init(
    id: String, owner: String, work: Work, price: Int64 = 0, state: JobState = .queued,
    createdAt: Double, progress: Double = 0, attempts: Int = 0, faults: Int = 0,
    failure: String? = nil, videoFolder: String? = nil, upstream: String? = nil,
    ticket: String? = nil
  ) {
    self.id = id
    self.owner = owner
    self.work = work
    self.price = price
    self.state = state
    self.createdAt = createdAt
    self.progress = progress
    self.attempts = attempts
    self.faults = faults
    self.failure = failure
    self.videoFolder = videoFolder
    self.upstream = upstream
    self.ticket = ticket
  }
}
