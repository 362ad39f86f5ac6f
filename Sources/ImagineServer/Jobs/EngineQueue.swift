import ImagineCore
import NIOPosix
import Synchronization

/// Decides which engine calls run, and on which threads: by cores, by memory, and fairly between
/// accounts.
///
/// An engine call computes for a long time: on an event loop or in the cooperative pool it would
/// hold up everybody's connections.
///
/// Of the calls that wait, one of the account with the fewest calls in work is next, and among
/// those the one that came first. Beyond the usual threads there are as many spare ones, for
/// accounts that have no call in work: an account that fills every thread delays nobody else.
final class EngineQueue: Sendable {
  /// What a call needs, and who asks for it.
  struct Demand: Sendable {
    let account: String
    /// Bytes of memory at its peak.
    let bytes: Int
    let control: EngineControl
  }

  private struct Waiting {
    let number: Int
    let demand: Demand
    let turn: CheckedContinuation<Void, any Error>
    /// How many calls that came later have begun before it.
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
    /// Seconds that a call takes, a moving average.
    var usualSeconds = 0.2
  }

  /// A call that was overtaken so often is not overtaken again.
  private static let mostOvertaken = 16
  /// Calls of all accounts that may wait, in multiples of one account's.
  private static let accountsWaiting = 4

  private let threads: NIOThreadPool
  private let threadCount: Int
  private let places: Int
  private let bytes: Int
  private let seconds: Double
  private let state = Mutex(State())

  /// - Parameters:
  ///   - limits: the threads, places, bytes and seconds of image calls.
  init(_ limits: Limits) {
    threadCount = limits.imageThreads
    places = limits.imageQueue
    bytes = limits.imageBytes
    seconds = limits.imageSeconds
    threads = NIOThreadPool(numberOfThreads: 2 * limits.imageThreads)
    threads.start()
  }

  /// Runs a call when its turn comes. Its deadline begins then.
  ///
  /// - Throws: ``Failure`` 1202 at once where too many wait, 1100 for a call that needs more memory
  ///   than there is for all; ``EngineControl/Stop``; what `work` throws.
  func run<Result: Sendable>(
    _ demand: Demand, _ work: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    let number = try await turn(demand)
    defer { leave(number) }
    try demand.control.check()
    demand.control.hurry(seconds: seconds)
    let clock = ContinuousClock()
    return try await threads.runIfActive { [self] in
      let start = clock.now
      defer { learn((clock.now - start).seconds) }
      return try work()
    }
  }

  /// Brings the deadlines of all calls forward: the service shuts down.
  func hurry(seconds: Double) {
    let demands = state.withLock { Array($0.running.values) + $0.waiting.map(\.demand) }
    for demand in demands { demand.control.hurry(seconds: seconds) }
  }

  /// Ends the threads, once what runs has ended.
  func stop() async throws {
    try await threads.shutdownGracefully()
  }

  /// Waits for a call's turn; gives the number to leave with.
  private func turn(_ demand: Demand) async throws -> Int {
    guard demand.bytes <= bytes else {
      throw Failure.invalid(
        "field 'image': the picture is too large for this operation on this server, which would "
          + "need \(demand.bytes >> 20) MB (at most \(bytes >> 20))",
        field: "image")
    }
    let number = state.withLock { state in
      state.next += 1
      return state.next
    }
    try await withCheckedThrowingContinuation { turn in
      let refusal = state.withLock { state -> Failure? in
        // Those that hung up make room.
        dropAbandoned(&state)
        if let refusal = self.refusal(of: demand, state) { return refusal }
        state.waiting.append(Waiting(number: number, demand: demand, turn: turn))
        begin(&state)
        return nil
      }
      if let refusal { turn.resume(throwing: refusal) }
    }
    return number
  }

  private func refusal(of demand: Demand, _ state: borrowing State) -> Failure? {
    let own = state.waiting.count { $0.demand.account == demand.account }
    let free = canBegin(demand, state) && state.waiting.isEmpty
    guard !free, own >= places || state.waiting.count >= places * Self.accountsWaiting else {
      return nil
    }
    let wait = state.usualSeconds * Double(state.waiting.count) / Double(threadCount)
    return Failure(
      .tooManyRequests, "\(state.waiting.count) image calls wait already",
      retryAfter: min(60, max(1, Int(wait.rounded(.up)))))
  }

  private func leave(_ number: Int) {
    state.withLock { state in
      guard let demand = state.running.removeValue(forKey: number) else { return }
      state.bytes -= demand.bytes
      state.shares[demand.account]?.calls -= 1
      state.shares[demand.account]?.bytes -= demand.bytes
      if state.shares[demand.account]?.calls == 0 { state.shares[demand.account] = nil }
      dropAbandoned(&state)
      begin(&state)
    }
  }

  /// Begins as many of the waiting calls as there are threads and memory for.
  private func begin(_ state: inout State) {
    while let index = nextToBegin(state) {
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

  private func nextToBegin(_ state: borrowing State) -> Int? {
    let last =
      state.waiting.firstIndex { $0.overtaken >= Self.mostOvertaken }
      ?? (state.waiting.count - 1)
    var best: (index: Int, calls: Int)?
    for index in 0..<(last + 1) {
      let demand = state.waiting[index].demand
      let calls = state.shares[demand.account]?.calls ?? 0
      if calls < best?.calls ?? .max, canBegin(demand, state) { best = (index, calls) }
    }
    return best?.index
  }

  private func canBegin(_ demand: Demand, _ state: borrowing State) -> Bool {
    let own = state.shares[demand.account] ?? Share()
    let room = own.calls == 0 ? 2 * threadCount : threadCount
    // One account's calls take half of the memory, or one call what it needs.
    return state.running.count < room && state.bytes + demand.bytes <= bytes
      && (own.calls == 0 || own.bytes + demand.bytes <= bytes / 2)
  }

  private func dropAbandoned(_ state: inout State) {
    guard state.waiting.contains(where: { $0.demand.control.isStopped }) else { return }
    state.waiting.removeAll { waiting in
      guard let reason = waiting.demand.control.stopped else { return false }
      waiting.turn.resume(throwing: reason)
      return true
    }
  }

  private func learn(_ seconds: Double) {
    state.withLock { $0.usualSeconds += (seconds - $0.usualSeconds) / 8 }
  }
}

extension Duration {
  var seconds: Double {
    Double(components.seconds) + Double(components.attoseconds) / 1e18
  }
}
