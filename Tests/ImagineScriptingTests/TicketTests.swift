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

    var sends: [String] { state.withLock { $0.known } }

    func becomeReachable(_ isReachable: Bool) { state.withLock { $0.isReachable = isReachable } }

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      state.withLock { $0.known.append(context.ticket?.id ?? "none") }
      throw ImagineError(.connection, "the connection broke", charged: .unknown)
    }

    func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
      let (isReachable, isKnown) = state.withLock { ($0.isReachable, $0.known.contains(ticket.id)) }
      guard isReachable else { throw ImagineError(.connection, "nobody answers") }
      guard isKnown else { throw ImagineError(.notFound, "no such job") }
      var status = JobStatus(id: ticket.id, state: .finished)
      status.imageAddresses = ["a"]
      return status
    }

    func download(_ address: String, _ context: CallContext) async throws -> Asset {
      try await context.store.store(TinyImage.png)
    }
  }

  private func host(_ provider: LossyProvider) -> ScriptHost {
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
