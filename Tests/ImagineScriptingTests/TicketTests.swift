import Foundation
import HostStore
import ImagineAPI
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

@Suite("A call with a ticket is asked about before it is sent again")
struct TicketTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
  }

  /// Takes each call and loses its answer.
  private final class LossyProvider: Provider {
    let profile = ProviderProfile(
      name: "lossy", kind: "lossy", operations: [.generate], prices: .imagine,
      polling: JobPolling(firstPause: 0, maxPause: 0), takesTickets: true)

    private struct State {
      var known: [String] = []
      var isReachable = true
    }
    private let state = Mutex(State())
    private let willPoll: @Sendable () throws -> Void

    /// - Parameter willPoll: called when it can be reached and is asked about a call.
    init(willPoll: @escaping @Sendable () throws -> Void = {}) { self.willPoll = willPoll }

    var sends: [String] { state.withLock { $0.known } }

    func becomeReachable(_ isReachable: Bool) { state.withLock { $0.isReachable = isReachable } }

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      state.withLock { $0.known.append(context.ticket?.id ?? "none") }
      throw ImagineError(.connection, "the connection broke", charged: .unknown)
    }

    func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
      let (isReachable, isKnown) = state.withLock { ($0.isReachable, $0.known.contains(ticket.id)) }
      guard isReachable else { throw ImagineError(.connection, "nobody answers") }
      try willPoll()
      guard isKnown else { throw ImagineError(.notFound, "no such job") }
      var status = JobStatus(id: ticket.id, state: .finished)
      status.imageAddresses = ["a"]
      return status
    }

    func download(_ address: String, _ context: CallContext) async throws -> Asset {
      try await context.store.store(TinyImage.png)
    }
  }

  /// A free server of the user's own, which loses some calls.
  private final class ForgetfulProvider: Provider {
    enum Fate { case made, lost, notReceived }

    let profile: ProviderProfile
    private struct State {
      var fates: [Fate]
      var sends: [String] = []
      var known: Set<String> = []
    }
    private let state: Mutex<State>

    init(_ fates: [Fate], prices: PriceList) {
      profile = ProviderProfile(
        name: "lossy", kind: "lossy", operations: [.generate], prices: prices,
        polling: JobPolling(firstPause: 0, maxPause: 0), takesTickets: true)
      state = Mutex(State(fates: fates))
    }

    var sends: [String] { state.withLock { $0.sends } }

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      let id = context.ticket?.id ?? "none"
      return try state.withLock { state in
        state.sends.append(id)
        switch state.fates.isEmpty ? .made : state.fates.removeFirst() {
        case .made: state.known.insert(id)
        case .lost: break
        case .notReceived:
          throw ImagineError(.connection, "the connection broke", charged: .unknown)
        }
        return .running(JobStatus(id: id, state: .queued))
      }
    }

    func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
      guard state.withLock({ $0.known.contains(ticket.id) }) else {
        throw ImagineError(.notFound, "no such job")
      }
      var status = JobStatus(id: ticket.id, state: .finished)
      status.imageAddresses = ["a"]
      return status
    }

    func download(_ address: String, _ context: CallContext) async throws -> Asset {
      try await context.store.store(TinyImage.png)
    }
  }

  @Test("a free call that is lost is sent again with another ticket, and the journal has both")
  func sentAgain() async throws {
    let provider = ForgetfulProvider([.lost, .notReceived, .made], prices: .free)
    let host = host(provider)
    let workflow = try host.workflow()
    _ = try await workflow.generate("a cat")
    let call = try #require(try workflow.history().first)
    #expect(provider.sends.count == 3 && Set(provider.sends).count == 3)
    #expect(call.job == provider.sends[2] && call.earlierJobs == Array(provider.sends[..<2]))
    #expect(call.state == .done && call.charged == .no)
    host.close()
  }

  @Test("it is sent again as often as a call is retried; a call that costs something never")
  func bounded() async throws {
    let lost: [ForgetfulProvider.Fate] = Array(repeating: .lost, count: 9)
    // Both ways of being lost count together.
    let mixed: [ForgetfulProvider.Fate] = [.notReceived, .lost, .lost, .notReceived, .lost, .lost]
    for (fates, prices, sends) in [
      (lost, PriceList.free, 3), (lost, .imagine, 1), (mixed, .free, 3),
    ] {
      let provider = ForgetfulProvider(fates, prices: prices)
      let host = host(provider)
      let workflow = try host.workflow()
      let error = await #expect(throws: ImagineError.self) { try await workflow.generate("a cat") }
      #expect(error?.kind == .notFound && provider.sends.count == sends)
      try host.close(succeeded: true)
    }
  }

  @Test(
    "a chain does not go on after a call that is parked and may be paid for",
    arguments: [ImagineError.Charged.unknown, .yes])
  func parked(charged: ImagineError.Charged) async throws {
    let provider = LossyProvider()
    provider.becomeReachable(false)
    let first = host(provider)
    _ = await #expect(throws: ImagineError.self) {
      try await first.workflow().generate("a cat")
    }
    try first.close(succeeded: false)
    try await changeCall { call in
      call.crashCount = 3
      call.sends[0].charged = charged
      if charged == .yes { call.state = .accepted }
    }
    let second = host(provider)
    let workflow = try second.workflow()
    let other = MemoryProvider()
    let chain = try PreparedChain(
      [provider, other].map { (provider: any Provider) in
        try workflow.prepare(Call("generate", ["prompt": "a cat"], provider: provider))
      })
    let error = await #expect(throws: ImagineError.self) { try await chain.value() }
    #expect(error?.kind == .uncertain && error?.charged == charged)
    #expect(error?.message.contains("is parked") == true && other.requests.isEmpty)
    try second.close(succeeded: false)
  }

  @Test("a fault of the journal after a call was sent keeps a chain from its next provider")
  func journalIsGone() async throws {
    let journal = folder.file("home/journal.sqlite")
    let provider = LossyProvider { try FileManager.default.removeItem(atPath: journal) }
    provider.becomeReachable(false)
    let first = host(provider)
    _ = await #expect(throws: ImagineError.self) {
      try await first.workflow().generate("a cat")
    }
    try first.close(succeeded: false)
    provider.becomeReachable(true)
    let second = host(provider)
    let workflow = try second.workflow()
    let other = MemoryProvider()
    let chain = try PreparedChain(
      [provider, other].map { (provider: any Provider) in
        try workflow.prepare(Call("generate", ["prompt": "a cat"], provider: provider))
      })
    let error = await #expect(throws: ImagineError.self) { try await chain.value() }
    #expect(error?.kind == .io && error?.charged != .no, "\(String(describing: error))")
    #expect(other.requests.isEmpty && provider.sends.count == 1)
    try? second.close(succeeded: false)
  }

  /// Changes the one call of the unfinished run in the journal.
  private func changeCall(_ change: (inout JournaledCall) -> Void) async throws {
    let journal = SQLiteJournal(
      database: JournalDatabase(path: folder.file("home/journal.sqlite")),
      locks: folder.file("home/runs"))
    let run = try #require(try journal.resume(Script(path: "/lossy")))
    var call = try #require(run.earlierCalls.first)
    change(&call)
    try await run.record(call)
    try run.end(.failed)
  }

  private func host(_ provider: any Provider) -> ScriptHost {
    var configuration = ScriptHost.Configuration(
      service: .program("/nonexistent"), environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    configuration.providers = [provider]
    configuration.provider = "lossy"
    configuration.run.script.path = "/lossy"
    configuration.run.resumption = .lastUnfinished
    return ScriptHost(configuration)
  }

  @Test("a lost answer is found in the same attempt")
  func sameAttempt() async throws {
    let provider = LossyProvider()
    let host = host(provider)
    let workflow = try host.workflow()
    _ = try await workflow.generate("a cat")
    let calls = try workflow.history()
    #expect(provider.sends.count == 1)
    #expect(calls.map(\.charged) == [.yes] && calls.map(\.sends.count) == [1])
    #expect(workflow.spent.amounts == [.tokens(1)])
    host.close()
  }

  @Test("a service that cannot be asked leaves the call uncertain, and is asked again")
  func unreachable() async throws {
    let provider = LossyProvider()
    provider.becomeReachable(false)
    for _ in 1...2 {
      let host = host(provider)
      let workflow = try host.workflow()
      let error = await #expect(throws: ImagineError.self) { try await workflow.generate("a cat") }
      #expect(error?.charged == .unknown)
      #expect(try workflow.history().map(\.isUncertain) == [true])
      try host.close(succeeded: false)
    }
    provider.becomeReachable(true)
    let host = host(provider)
    let workflow = try host.workflow()
    _ = try await workflow.generate("a cat")
    #expect(provider.sends.count == 1)
    #expect(try workflow.history().map(\.charged) == [.yes])
    #expect(workflow.spent.amounts == [.tokens(1)])
    host.close()
  }
}
