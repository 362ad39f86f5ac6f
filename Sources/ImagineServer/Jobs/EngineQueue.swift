import ImagineCore
import NIOPosix
import Synchronization

/// The threads that engine calls run on, and how many calls may wait for one.
///
/// An engine call computes for a long time: on an event loop or in the cooperative pool it would
/// hold up everybody's connections.
final class EngineQueue: Sendable {
  private struct State {
    var inside = 0
    /// Seconds that a call takes, a moving average.
    var usualSeconds = 0.2
  }

  private let threads: NIOThreadPool
  private let threadCount: Int
  private let places: Int
  private let state = Mutex(State())

  /// - Parameters:
  ///   - threads: calls that run at once.
  ///   - waiting: calls that wait; one more is refused.
  init(threads: Int, waiting: Int) {
    self.threads = NIOThreadPool(numberOfThreads: threads)
    self.threads.start()
    threadCount = threads
    places = threads + waiting
  }

  /// Runs a call when a thread is free.
  ///
  /// - Parameter isWanted: asked when its turn has come: whether anybody still waits for it.
  /// - Throws: ``Failure`` 1202 at once where too many wait; ``HungUp`` where nobody waits any more;
  ///   what `work` throws.
  func run<Result: Sendable>(
    while isWanted: @autoclosure @escaping @Sendable () -> Bool = true,
    _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try enter()
    defer { state.withLock { $0.inside -= 1 } }
    let clock = ContinuousClock()
    return try await threads.runIfActive { [self] in
      guard isWanted() else { throw HungUp() }
      let start = clock.now
      defer { learn((clock.now - start).seconds) }
      return try work()
    }
  }

  /// Ends the threads, once what runs has ended.
  func stop() async throws {
    try await threads.shutdownGracefully()
  }

  private func enter() throws {
    let refusal: Int? = state.withLock { state in
      guard state.inside >= places else {
        state.inside += 1
        return nil
      }
      let wait = state.usualSeconds * Double(places - threadCount) / Double(threadCount)
      return min(60, max(1, Int(wait.rounded(.up))))
    }
    if let seconds = refusal {
      throw Failure(
        .tooManyRequests, "\(places) image calls wait or are worked on already",
        retryAfter: seconds)
    }
  }

  private func learn(_ seconds: Double) {
    state.withLock { $0.usualSeconds += (seconds - $0.usualSeconds) / 8 }
  }
}

/// The client closed its connection before its call's turn came.
struct HungUp: Error {}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
