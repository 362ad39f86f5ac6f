/// How long finished runs are kept. Unfinished runs are kept until they are deleted.
public struct Retention: Sendable, Hashable {
  /// Age of a run in days.
  public var days: Double
  /// Total size of the files of finished runs, in bytes; the oldest runs are deleted first.
  public var bytes: Int

  public init(days: Double = 7, bytes: Int = 10_000_000_000) {
    self.days = days
    self.bytes = bytes
  }
}

/// What pruning removed.
public struct Pruned: Sendable, Hashable, Codable {
  /// Deleted runs.
  public var runs = 0
  /// Deleted files of the asset store.
  public var files = 0
  /// Total size of the deleted files.
  public var bytes = 0

  public init() {}
}

/// Size of the cache.
public struct CacheSize: Sendable, Hashable, Codable {
  /// Cached answers.
  public var answers: Int
  /// Total size of their files.
  public var bytes: Int

  public init(answers: Int, bytes: Int) {
    self.answers = answers
    self.bytes = bytes
  }
}
