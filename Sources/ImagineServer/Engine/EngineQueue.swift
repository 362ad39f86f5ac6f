import CoreMetrics
import ImagineAPI
import NIOPosix
import Synchronization

/// Runs engine calls on a thread pool, limited by cores and memory, in fair turns between accounts.
///
/// An engine call computes for a long time: on an event loop or in the cooperative pool it would
/// block all connections.
final class EngineQueue: Sendable {
  /// The caller and the needs of a call.
  struct Demand: Sendable {
    /// Peak memory in bytes.
    let bytes: Int
    let control: EngineControl
    /// Images that are made one after another.
    var count = 1
    /// The time limit, if it is another than that of images.
    var seconds: Double?
    /// False for a call that may wait for any time: its image was paid for.
    var isBounded = true

    fileprivate var account: String { control.account }
  }

  private struct State {
    /// Of all calls that wait or run.
    var controls: [Int: EngineControl] = [:]
    var next = 0
  }

  let turns: Turns
  private let threads: NIOThreadPool
  private let bytes: Int
  private let largeBytes: Int
  private let seconds: Double
  private let state = Mutex(State())
  private let metrics: EngineCallMetrics

  init(_ limits: Limits, metrics: EngineCallMetrics = ServiceMetrics().calls) {
    self.metrics = metrics
    turns = Turns(
      capacity: limits.imageThreads, bytes: limits.imageBytes, places: limits.imageQueue,
      seconds: limits.turnSeconds)
    largeBytes = limits.largeImageBytes
    bytes = limits.imageBytes
    seconds = limits.imageSeconds
    threads = NIOThreadPool(numberOfThreads: limits.imageThreads)
    threads.start()
  }

  /// Waits for a call's turn and runs it. Its time limit starts when it runs.
  ///
  /// - Throws: ``APIError`` 1202 if the queue is full or the turn does not come in time, 1100 for a
  ///   call that alone exceeds the memory limit; ``EngineControl/Stop``; what `work` throws.
  func run<Result: Sendable>(
    _ demand: Demand, _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    guard demand.bytes <= bytes else {
      throw APIError.invalid(
        "field 'image': the image is too large: the operation would need "
          + "\(demand.bytes >> 20) MB of memory (this server allows \(bytes >> 20))",
        field: "image")
    }
    let control = demand.control
    let number = state.withLock { state in
      state.next += 1
      state.controls[state.next] = control
      return state.next
    }
    defer { state.withLock { $0.controls[number] = nil } }
    let clock = ContinuousClock()
    let arrival = clock.now
    let slot = try await turns.enter(
      demand.account, bytes: demand.bytes, isLarge: demand.bytes * demand.count >= largeBytes,
      isBounded: demand.isBounded
    ) { control.stopReason }
    defer { turns.leave(slot) }
    metrics.waits.record((clock.now - arrival).seconds)
    try control.check()
    control.shortenDeadline(seconds: demand.seconds ?? seconds)
    return try await threads.runIfActive { [metrics] in
      let start = clock.now
      defer { metrics.durations.record((clock.now - start).seconds) }
      return try work()
    }
  }

  /// Shortens the deadlines of all calls because the service shuts down.
  func shortenDeadlines(seconds: Double) {
    for control in state.withLock({ Array($0.controls.values) }) {
      control.shortenDeadline(seconds: seconds)
    }
  }

  /// Waits for running calls, then stops the threads.
  func stop() async throws {
    try await threads.shutdownGracefully()
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}

extension ContinuousClock {
  private static let start = ContinuousClock.now

  /// Seconds since this was first asked for.
  @Sendable static func seconds() -> Double { (now - start).seconds }
}
