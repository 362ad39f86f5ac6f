/// When to ask for a job again: soon at first, seldom later.
public struct JobPolling: Sendable, Hashable {
  /// Seconds before the second question.
  public var first: Double
  /// The longest pause, in seconds.
  public var longest: Double
  /// What each pause is longer than the one before.
  public var growth: Double

  public init(first: Double = 1, longest: Double = 10, growth: Double = 1.5) {
    self.first = first
    self.longest = longest
    self.growth = growth
  }

  /// Seconds to wait after question number `question`, the first being 1.
  public func pause(after question: Int) -> Double {
    var pause = first
    for _ in 1..<max(1, min(question, 64)) { pause = min(pause * growth, longest) }
    return min(pause, longest)
  }
}
