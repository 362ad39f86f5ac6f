import ImagineAPI
import Logging
import ServerStore
import Synchronization

/// The turns of one upstream, whose capacity all servers of a store share.
///
/// The store decides who runs and who waits; this server keeps its tickets alive (``TurnKeeper``). A
/// slot that cannot be freed, because the store does not answer, is freed as soon as it does.
final class SharedTurns: TurnQueue {
  private struct State {
    var capacity: Int
    /// Calls of this server that wait or run.
    var calls = 0
  }

  private let keeper: TurnKeeper
  private let pool: String
  private let places: Int
  private let seconds: Double
  private let state: Mutex<State>

  /// Seconds between questions for a turn, if the store sends no signal.
  private static let pollSeconds = 0.5

  /// - Parameters:
  ///   - pool: the upstream's name.
  ///   - capacity: calls of all servers that run at once.
  ///   - places: calls of one account that may wait.
  ///   - seconds: how long a call waits before it is refused.
  init(_ keeper: TurnKeeper, pool: String, capacity: Int, places: Int, seconds: Double) {
    self.keeper = keeper
    self.pool = pool
    self.places = places
    self.seconds = seconds
    state = Mutex(State(capacity: max(1, capacity)))
  }

  var fullness: Double { state.withLock { Double($0.calls) / Double($0.capacity) } }

  func setCapacity(_ capacity: Int) { state.withLock { $0.capacity = max(1, capacity) } }

  func slot(for account: String, isBounded: Bool) async throws -> TurnSlot {
    try await slot(for: account) { capacity in
      TurnLimits(
        capacity: capacity, waitingPerAccount: isBounded ? places : .max,
        waiting: isBounded ? places * Turns.accountsWaiting : .max)
    } waiting: {
      isBounded ? seconds : nil
    }
  }

  func occupiedSlot(for account: String) async throws -> TurnSlot {
    try await slot(for: account) { _ in
      TurnLimits(capacity: .max, waitingPerAccount: .max, waiting: .max)
    } waiting: {
      nil
    }
  }

  /// - Parameter waiting: the seconds to wait for the turn; nil for any time.
  private func slot(
    for account: String, limits: (_ capacity: Int) -> TurnLimits, waiting: () -> Double?
  ) async throws -> TurnSlot {
    let ticket = TurnTicket(
      id: try RandomID.next(), pool: pool, account: account, server: keeper.server)
    let capacity = state.withLock { state in
      state.calls += 1
      return state.capacity
    }
    let limits = limits(capacity)
    do {
      try await turn(of: ticket, limits, by: Deadline(in: waiting() ?? .infinity))
    } catch {
      leave(ticket)
      throw error
    }
    return TurnSlot { self.leave(ticket) }
  }

  /// Returns when the ticket has a slot.
  private func turn(
    of ticket: TurnTicket, _ limits: TurnLimits, by deadline: Deadline
  ) async throws {
    while true {
      try Task.checkCancellation()
      switch try await keeper.store.enter(ticket, limits: limits) {
      case .granted: return
      case .refused: throw refusal("too many calls are already waiting")
      case .waiting:
        guard !deadline.hasPassed else {
          throw refusal("the call's turn did not come in \(Int(seconds)) s")
        }
        await keeper.granted.wait(upTo: Self.pollSeconds)
      }
    }
  }

  private func refusal(_ reason: String) -> APIError {
    APIError(.tooManyRequests, reason, retryAfter: 5)
  }

  private func leave(_ ticket: TurnTicket) {
    let capacity = state.withLock { state in
      state.calls -= 1
      return state.capacity
    }
    keeper.leave(
      ticket, TurnLimits(capacity: capacity, waitingPerAccount: places, waiting: places))
  }
}

/// Keeps the tickets of this server alive, and hears of turns that were granted.
final class TurnKeeper: Sendable {
  let store: any TurnStore
  /// The id of this server, of this start.
  let server: String
  /// Signals that some ticket was granted.
  let granted = WorkSignal()
  private let logger: Logger

  private let seconds: Double

  /// - Parameter seconds: after that time the tickets of a dead server are free.
  /// - Throws: ``ImagineError`` of kind `io` if the kernel gives no random bytes.
  init(_ store: any TurnStore, seconds: Double = 15, logger: Logger) throws {
    self.seconds = seconds
    self.store = store
    self.logger = logger
    server = try RandomID.next()
  }

  /// Runs until the task is cancelled.
  func run() async {
    await withDiscardingTaskGroup { group in
      if let grants = store.grantedTurns() {
        group.addTask { for await _ in grants { self.granted.signal() } }
      }
      repeat {
        do {
          try await store.keepTurns(of: server, for: seconds)
        } catch {
          logger.error("the turns were not kept", metadata: ["cause": .string("\(error)")])
        }
      } while (try? await Task.sleep(for: .seconds(seconds / 3))) != nil
      group.cancelAll()
    }
  }

  /// Frees a ticket in a task of its own, which tries until the store answers.
  fileprivate func leave(_ ticket: TurnTicket, _ limits: TurnLimits) {
    Task {
      do {
        // The store frees what is not kept.
        try await untilAnswered(by: Deadline(in: 4 * seconds), pause: 0.5) {
          try await store.leave(ticket, limits: limits)
        }
      } catch {
        logger.error("a turn was not freed", metadata: ["cause": .string("\(error)")])
      }
    }
  }
}
