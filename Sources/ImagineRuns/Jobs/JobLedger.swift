/// A submitted job, as the host remembers it across runs.
public struct SubmittedJob: Sendable, Hashable, Codable {
  public var id: String
  /// The name of the provider that issued the id.
  public var provider: String
  /// The operation's name, such as `video`.
  public var operation: String
  public var prompt: String
  /// Seconds since 1970.
  public var submittedAt: Double
  /// The last state from the provider.
  public var state: String

  public init(
    id: String, provider: String, operation: String, prompt: String, submittedAt: Double,
    state: String
  ) {
    self.id = id
    self.provider = provider
    self.operation = operation
    self.prompt = prompt
    self.submittedAt = submittedAt
    self.state = state
  }
}

extension SubmittedJob {
  /// Identifies a job. The id alone does not: each service has its own numbering.
  public struct Key: Sendable, Hashable {
    /// The name of the provider that issued the id.
    public var provider: String
    public var id: String

    public init(provider: String, id: String) {
      self.provider = provider
      self.id = id
    }
  }

  public var key: Key { Key(provider: provider, id: id) }
}

/// Remembers across runs which provider issued a job's id.
public protocol JobLedger: Sendable {
  /// Inserts a job or updates it.
  func record(_ job: SubmittedJob) throws
  /// The jobs with an id: one for each provider that issued it.
  func jobs(id: String) throws -> [SubmittedJob]
  /// Every job, the newest first.
  func jobs() throws -> [SubmittedJob]
  func forget(_ job: SubmittedJob.Key) throws
}
