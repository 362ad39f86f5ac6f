import ImagineAPI
import NIOPosix
import Synchronization

/// Runs engine calls on a thread pool, limited by cores and memory, and fairly between accounts.
///
/// An engine call computes for a long time: on an event loop or in the cooperative pool it would
/// block all connections.
///
/// The next call is the oldest of the account with the fewest running calls. Besides the normal
/// threads there are as many spare ones for accounts without a running call, so an account that uses
/// all threads does not delay the others.
final class EngineQueue: Sendable {
  /// The caller and the needs of a call.
  struct Demand: Sendable {
    let account: String
    /// Peak memory in bytes.
    let bytes: Int
    let control: EngineControl
    /// The time limit, if it is another than that of images.
    var seconds: Double?
  }

  private struct Waiting {
    let number: Int
    let demand: Demand
    let turn: CheckedContinuation<Void, any Error>
    /// How many later calls started before it.
    var overtaken = 0
  }

  private struct Share {
    var calls = 0
    var bytes = 0
  }

  private struct State {
    var waiting: [Waiting] = []
    var running: [Int: Demand] = [:]
    var shares: [String: Share] = [:]
    var bytes = 0
    var next = 0
    /// Duration of a call in seconds, a moving average.
    var averageSeconds = 0.2
  }

  /// A call is overtaken at most this often.
  private static let maxOvertaken = 16
  /// The queue of all accounts is this many times as long as one account's.
  private static let accountsWaiting = 4

  private let threads: NIOThreadPool
  private let threadCount: Int
  private let places: Int
  private let bytes: Int
  private let seconds: Double
  private let state = Mutex(State())

  init(_ limits: Limits) {
    threadCount = limits.imageThreads
    places = limits.imageQueue
    bytes = limits.imageBytes
    seconds = limits.imageSeconds
    threads = NIOThreadPool(numberOfThreads: 2 * limits.imageThreads)
    threads.start()
  }

  /// Queues a call and runs it. Its time limit starts when it runs.
  ///
  /// - Throws: ``APIError`` 1202 at once if the queue is full, 1100 for a call that alone exceeds the
  ///   memory limit; ``EngineControl/Stop``; what `work` throws.
  func run<Result: Sendable>(
    _ demand: Demand, _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    let number = try await turn(demand)
    defer { leave(number) }
    try demand.control.check()
    demand.control.shortenDeadline(seconds: demand.seconds ?? seconds)
    let clock = ContinuousClock()
    return try await threads.runIfActive { [self] in
      let start = clock.now
      defer { recordDuration((clock.now - start).seconds) }
      return try work()
    }
  }

  /// Shortens the deadlines of all calls because the service shuts down.
  func shortenDeadlines(seconds: Double) {
    let demands = state.withLock { Array($0.running.values) + $0.waiting.map(\.demand) }
    for demand in demands { demand.control.shortenDeadline(seconds: seconds) }
  }

  /// Waits for running calls, then stops the threads.
  func stop() async throws {
    try await threads.shutdownGracefully()
  }

  /// Waits until a call may run; returns its number for ``leave(_:)``.
  private func turn(_ demand: Demand) async throws -> Int {
    guard demand.bytes <= bytes else {
      throw APIError.invalid(
        "field 'image': the image is too large: the operation would need "
          + "\(demand.bytes >> 20) MB of memory (this server allows \(bytes >> 20))",
        field: "image")
    }
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    try await withCheckedThrowingContinuation { turn in
      let refusal = state.withLock { state -> APIError? in
        // Calls whose client hung up make room.
        removeStopped(&state)
        if let refusal = self.refusal(of: demand, state) { return refusal }
        state.waiting.append(Waiting(number: number, demand: demand, turn: turn))
        start(&state)
        return nil
      }
      if let refusal { turn.resume(throwing: refusal) }
    }
    return number
  }

  private func refusal(of demand: Demand, _ state: borrowing State) -> APIError? {
    let own = state.waiting.count { $0.demand.account == demand.account }
    let free = canStart(demand, state) && state.waiting.isEmpty
    guard !free, own >= places || state.waiting.count >= places * Self.accountsWaiting else {
      return nil
    }
    let wait = state.averageSeconds * Double(state.waiting.count) / Double(threadCount)
    return APIError(
      .tooManyRequests, "\(state.waiting.count) image calls are already waiting",
      retryAfter: min(60, max(1, Int(wait.rounded(.up)))))
  }

  private func leave(_ number: Int) {
    state.withLock { state in
      guard let demand = state.running.removeValue(forKey: number) else { return }
      state.bytes -= demand.bytes
      state.shares[demand.account]?.calls -= 1
      state.shares[demand.account]?.bytes -= demand.bytes
      if state.shares[demand.account]?.calls == 0 { state.shares[demand.account] = nil }
      removeStopped(&state)
      start(&state)
    }
  }

  /// Starts as many waiting calls as threads and memory allow.
  private func start(_ state: inout State) {
    while let index = nextToStart(state) {
      let waiting = state.waiting.remove(at: index)
      for earlier in 0..<index { state.waiting[earlier].overtaken += 1 }
      let demand = waiting.demand
      state.running[waiting.number] = demand
      state.bytes += demand.bytes
      state.shares[demand.account, default: Share()].calls += 1
      state.shares[demand.account, default: Share()].bytes += demand.bytes
      waiting.turn.resume()
    }
  }

  private func nextToStart(_ state: borrowing State) -> Int? {
    let last =
      state.waiting.firstIndex { $0.overtaken >= Self.maxOvertaken }
      ?? (state.waiting.count - 1)
    var best: (index: Int, calls: Int)?
    for index in 0..<(last + 1) {
      let demand = state.waiting[index].demand
      let calls = state.shares[demand.account]?.calls ?? 0
      if calls < best?.calls ?? .max, canStart(demand, state) { best = (index, calls) }
    }
    return best?.index
  }

  private func canStart(_ demand: Demand, _ state: borrowing State) -> Bool {
    let own = state.shares[demand.account] ?? Share()
    let room = own.calls == 0 ? 2 * threadCount : threadCount
    // One account may use half of the memory, or run a single call of any size.
    return state.running.count < room && state.bytes + demand.bytes <= bytes
      && (own.calls == 0 || own.bytes + demand.bytes <= bytes / 2)
  }

  private func removeStopped(_ state: inout State) {
    guard state.waiting.contains(where: { $0.demand.control.isStopped }) else { return }
    state.waiting.removeAll { waiting in
      guard let reason = waiting.demand.control.stopReason else { return false }
      waiting.turn.resume(throwing: reason)
      return true
    }
  }

  private func recordDuration(_ seconds: Double) {
    state.withLock { $0.averageSeconds += (seconds - $0.averageSeconds) / 8 }
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
