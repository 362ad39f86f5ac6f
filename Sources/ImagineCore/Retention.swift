/// What is kept of runs that came to their end. Unfinished ones are kept until they are deleted.
public struct Retention: Sendable, Hashable {
  public var days: Double
  /// Bytes of the files that finished runs gave, together; the oldest runs go first.
  public var bytes: Int

  public init(days: Double = 7, bytes: Int = 10_000_000_000) {
    self.days = days
    self.bytes = bytes
  }
}

/// What a pruning removed.
public struct Pruned: Sendable, Hashable, Codable {
  public var runs = 0
  public var files = 0
  public var bytes = 0

  public init() {}
}

/// What the cache holds.
public struct CacheSize: Sendable, Hashable, Codable {
  public var answers: Int
  public var bytes: Int

  public init(answers: Int, bytes: Int) {
    self.answers = answers
    self.bytes = bytes
  }
}
