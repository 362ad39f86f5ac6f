import ImagineAPI
import ImagineTestSupport
import Logging
import PostgresStore
import ServerStore
import Synchronization
import Testing

@testable import ImagineServer

@Suite("The turns of several servers")
struct SharedTurnsTests {
  private let server: PostgresServer
  private let database: String
  private let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

  init() throws {
    server = try PostgresServer.shared.get()
    database = try server.makeDatabase()
  }

  /// A server with its own connections, whose tickets live for two seconds.
  private func keeper() async throws -> TurnKeeper {
    let store = try await PostgresServiceStore(
      url: server.url(of: database), connections: 4)
    return try TurnKeeper(try #require(store.turns), seconds: 2, logger: logger)
  }

  private func turns(_ keeper: TurnKeeper, capacity: Int, seconds: Double = 30) -> SharedTurns {
    SharedTurns(keeper, pool: "gpu", capacity: capacity, places: 50, seconds: seconds)
  }

  /// The calls that ran, and how many ran at once.
  private final class Log: Sendable {
    let state = Mutex((now: 0, most: 0, order: [String]()))
  }

  @Test("share one capacity, and alternate between accounts")
  func capacity() async throws {
    let keepers = [try await keeper(), try await keeper()]
    let keeping = keepers.map { keeper in Task { await keeper.run() } }
    defer { for task in keeping { task.cancel() } }
    let log = Log()
    // Two calls that hold the slots until all others wait.
    let first = turns(keepers[0], capacity: 2)
    let held = [
      try await first.slot(for: "many", isBounded: true),
      try await first.slot(for: "many", isBounded: true),
    ]
    try await withThrowingTaskGroup(of: Void.self) { group in
      for number in 0..<24 {
        let account = number < 20 ? "many" : "few"
        let turns = turns(keepers[number % 2], capacity: 2)
        group.addTask {
          let slot = try await turns.slot(for: account, isBounded: true)
          log.state.withLock { state in
            state.now += 1
            state.most = max(state.most, state.now)
            state.order.append(account)
          }
          try await Task.sleep(for: .milliseconds(5))
          log.state.withLock { $0.now -= 1 }
          slot.leave()
        }
      }
      let (server, database) = (server, database)
      _ = try await eventually {
        server.sql("SELECT count(*) FROM turn_ticket", in: database) == "26" ? true : nil
      }
      for slot in held { slot.leave() }
      try await group.waitForAll()
    }
    let (most, order) = log.state.withLock { ($0.most, $0.order) }
    #expect(most <= 2)
    // Whoever has four calls is not behind one that has twenty.
    #expect(order.prefix(12).count { $0 == "few" } == 4, "\(order)")
  }

  @Test("are not given to those who wait when work goes on in a slot beyond the capacity")
  func occupied() async throws {
    let keeper = try await keeper()
    let keeping = Task { await keeper.run() }
    defer { keeping.cancel() }
    let turns = turns(keeper, capacity: 1)
    let slot = try await turns.slot(for: "a", isBounded: true)
    let waiting = Task { try await turns.slot(for: "b", isBounded: true) }
    let count = "SELECT count(*) FROM turn_ticket WHERE"
    func tickets(_ condition: String) -> String {
      server.sql("\(count) \(condition)", in: database)
    }
    #expect(await eventually { tickets("NOT is_granted") == "1" })
    let occupied = try await turns.occupiedSlot(for: "a")
    #expect(tickets("is_granted") == "2" && tickets("NOT is_granted") == "1")
    occupied.leave()
    #expect(await eventually { tickets("account = 'a'") == "1" })
    #expect(tickets("NOT is_granted") == "1")
    slot.leave()
    try await waiting.value.leave()
  }

  @Test("free what a dead server had")
  func deadServer() async throws {
    let (dead, live) = (try await keeper(), try await keeper())
    let dying = Task { await dead.run() }
    _ = try await turns(dead, capacity: 1).slot(for: "a", isBounded: true)
    let keeping = Task { await live.run() }
    defer { keeping.cancel() }
    await #expect(throws: APIError.self) {
      _ = try await turns(live, capacity: 1, seconds: 0.2).slot(for: "b", isBounded: true)
    }
    dying.cancel()
    let slot = try await turns(live, capacity: 1).slot(for: "b", isBounded: true)
    slot.leave()
  }

  @Test("give a place back when the caller goes")
  func cancelled() async throws {
    let keeper = try await keeper()
    let keeping = Task { await keeper.run() }
    defer { keeping.cancel() }
    let turns = turns(keeper, capacity: 1)
    let slot = try await turns.slot(for: "a", isBounded: true)
    let waiting = Task { try await turns.slot(for: "a", isBounded: true) }
    waiting.cancel()
    await #expect(throws: CancellationError.self) { _ = try await waiting.value }
    slot.leave()
    let next = try await turns.slot(for: "b", isBounded: true)
    next.leave()
  }
}
