/// How to make a call, independent of its operation.
public struct CallOptions: Sendable {
  /// Timeout of each attempt in seconds, from its turn in the limiter to the last byte of its
  /// answer, including its downloads. A retry pause of that length is not started. Nil for the
  /// provider's default.
  public var timeout: Double?
  /// Deadline of the wait that the call is part of; otherwise that of the attempt, set from
  /// ``timeout`` when its turn comes.
  public var deadline: Deadline?
  public var retry: RetryPolicy

  /// Their names in scripts.
  public static let names = CallField.sending.map(\.name)

  public init(
    timeout: Double? = nil, deadline: Deadline? = nil, retry: RetryPolicy = RetryPolicy()
  ) {
    self.timeout = timeout
    self.deadline = deadline
    self.retry = retry
  }
}
