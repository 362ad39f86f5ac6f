import ImagineAPI
import ImagineTestSupport
import ServerStore
import Testing

@Suite("Balances")
struct BalanceTests {
  private let data = TestData()
  private var clock: TestClock { data.clock }

  private func hold(_ key: String, _ amount: Int64, of account: String = "alice") -> Hold {
    Hold(key: key, account: account, amount: amount)
  }

  @Test(
    "cover their holds, however many calls begin at once on two servers",
    arguments: StoreEngine.allCases)
  func concurrency(_ engine: StoreEngine) async throws {
    let stores = [try await data.open(engine), try await data.open(engine)]
    try await stores[0].open(grants: ["alice": 17])
    let held = try await withThrowingTaskGroup(of: Bool.self) { group in
      for number in 0..<20 {
        let hold = hold("call \(number)", 5)
        group.addTask {
          guard try await stores[number % 2].hold(hold, for: 60) == .held else { return false }
          return try await stores[number % 2].settle(hold, for: "call")
        }
      }
      return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
    }
    #expect(held == 3)
    #expect(try await stores[0].balance(of: "alice") == 2)
  }

  @Test(
    "pay for a job when it is accepted, and get a refund when it fails or is deleted",
    arguments: StoreEngine.allCases)
  func jobs(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 100])
    for id in ["made", "failed", "deleted"] {
      #expect(try await store.add(.sample(id, price: 30), limits: .init(all: 10)) == .accepted)
    }
    #expect(
      try await store.add(.sample("too many", price: 30), limits: .init(all: 10)) == .balanceTooLow)
    #expect(try await store.balance(of: "alice") == 10)
    _ = try await store.lease(by: "A", for: 10, maxCrashes: 5)
    _ = try await store.finish(id: "made", by: "A", as: .finished(videoFolder: "A"))
    _ = try await store.lease(by: "B", for: 10, maxCrashes: 5)
    _ = try await store.finish(id: "failed", by: "B", as: .failed(reason: "no reason"))
    #expect(try await store.balance(of: "alice") == 40)
    _ = try await store.delete(id: "deleted", owner: "alice")
    _ = try await store.delete(id: "made", owner: "alice")
    #expect(try await store.balance(of: "alice") == 70)
  }

  @Test(
    "are charged once for a call, however often it is held, settled or released",
    arguments: StoreEngine.allCases)
  func repetitions(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 10])
    let call = hold("one", 6)
    for _ in 0..<3 { #expect(try await store.hold(call, for: 60) == .held) }
    #expect(try await store.statement(of: "alice")?.held == 6)
    #expect(try await store.hold(hold("two", 6), for: 60) == .balanceTooLow)
    #expect(
      try await store.add(.sample("three", price: 6), limits: .init(all: 9)) == .balanceTooLow)
    for _ in 0..<3 { #expect(try await store.settle(call, for: "call")) }
    try await store.release(call)
    #expect(try await store.balance(of: "alice") == 4)
    #expect(try await store.hold(call, for: 60) == .settled)
    #expect(try await store.statement(of: "alice")?.held == 0)
    #expect(try await store.statement(of: "alice")?.isBalanced == true)
  }

  @Test(
    "get back what a dead server held, and what a failed call held", arguments: StoreEngine.allCases
  )
  func expiry(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 10])
    #expect(try await store.hold(hold("dead", 10), for: 60) == .held)
    #expect(try await store.hold(hold("next", 10), for: 60) == .balanceTooLow)
    clock.seconds += 61
    #expect(try await store.hold(hold("next", 10), for: 60) == .held)
    try await store.release(hold("next", 10))
    #expect(try await store.hold(hold("last", 10), for: 60) == .held)
    #expect(try await store.holdCount() == 1)
    clock.seconds += 61
    _ = try await store.removeExpired(chargesBefore: 0, limit: 10)
    #expect(try await store.holdCount() == 0)
    #expect(try await store.statement(of: "alice")?.held == 0)
  }

  @Test(
    "pay for a call whose hold has expired, if they still cover it", arguments: StoreEngine.allCases
  )
  func lateSettle(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 10])
    let (late, later) = (hold("late", 6), hold("later", 6))
    _ = try await store.hold(late, for: 60)
    clock.seconds += 61
    _ = try await store.hold(later, for: 60)
    // The other call has the tokens on hold now.
    #expect(try await !store.settle(late, for: "call"))
    try await store.release(later)
    #expect(try await store.settle(late, for: "call"))
    #expect(try await store.balance(of: "alice") == 4)
  }

  @Test("are of opened accounts only; others pay nothing", arguments: StoreEngine.allCases)
  func unopened(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    let call = hold("one", 6, of: "nobody")
    #expect(try await store.hold(call, for: 60) == .held)
    #expect(try await store.settle(call, for: "call"))
    #expect(try await store.statement(of: "nobody") == nil)
    #expect(try await store.holdCount() == 0)
  }

  @Test("are opened once, and a later grant adds the difference", arguments: StoreEngine.allCases)
  func grants(_ engine: StoreEngine) async throws {
    try await data.open(engine).open(grants: ["alice": 10])
    #expect(try await data.open(engine).hold(hold("one", 4), for: 60) == .held)
    #expect(try await data.open(engine).settle(hold("one", 4), for: "call"))
    try await data.open(engine).open(grants: ["alice": 10])
    #expect(try await data.open(engine).balance(of: "alice") == 6)
    try await data.open(engine).open(grants: ["alice": 15])
    #expect(try await data.open(engine).balance(of: "alice") == 11)
    try await data.open(engine).open(grants: ["alice": 0])
    #expect(try await data.open(engine).balance(of: "alice") == 0)
    #expect(try await data.open(engine).hold(hold("two", 1), for: 60) == .balanceTooLow)
    // What was spent stays spent.
    try await data.open(engine).open(grants: ["alice": 15])
    #expect(try await data.open(engine).balance(of: "alice") == 11)
  }

  @Test("stay right when old charges are added up", arguments: StoreEngine.allCases)
  func sums(_ engine: StoreEngine) async throws {
    let store = try await data.open(engine)
    try await store.open(grants: ["alice": 100])
    for number in 0..<7 {
      _ = try await store.settle(hold("\(number)", 2), for: "call")
      clock.seconds += 10
    }
    #expect(try await store.removeExpired(chargesBefore: clock.seconds - 25, limit: 3))
    while try await store.removeExpired(chargesBefore: clock.seconds - 25, limit: 3) {}
    let statement = try #require(try await store.statement(of: "alice"))
    #expect(statement.isBalanced && statement.charged == 14)
    // A recent charge is still known.
    #expect(try await store.hold(hold("6", 2), for: 60) == .settled)
  }
}
