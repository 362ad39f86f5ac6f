/// Measures peers in turns, so that whatever else the machine does meets all of them.
enum Clock {
  /// The least seconds of each body over so many rounds.
  static func best<Failure: Error>(
    rounds: Int = 40, _ bodies: [() throws(Failure) -> Void]
  ) throws(Failure) -> [Double] {
    var best = Array(repeating: Double.infinity, count: bodies.count)
    for _ in 0..<rounds {
      for (index, body) in bodies.enumerated() {
        let start = ContinuousClock.now
        try body()
        best[index] = min(best[index], (ContinuousClock.now - start) / .seconds(1))
      }
    }
    return best
  }
}
