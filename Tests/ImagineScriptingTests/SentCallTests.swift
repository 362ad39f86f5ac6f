import ImagineAPI
import ImagineRuns
import ImagineScripting
import ImagineTestSupport
import ImagineTesting
import Testing

@Suite("A call that was sent belongs to the workflow")
struct SentCallTests {
  /// Answers when the gate opens.
  private struct SlowProvider: Provider {
    let profile = ProviderProfile(name: "slow", kind: "slow", operations: [.generate])
    let memory = MemoryProvider()
    let arrived = Gate(1)
    let answer = Gate(1)

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      await arrived.open()
      await answer.arrive()
      return try await memory.perform(request, context)
    }
  }

  @Test("a cancelled caller returns at once, and the answer is stored")
  func cancelled() async throws {
    let folder = try TemporaryFolder()
    let provider = SlowProvider()
    var configuration = ScriptHost.Configuration(
      service: .program("/nonexistent"), environment: ["XDG_CONFIG_HOME": folder.path])
    configuration.home = folder.file("home")
    configuration.providers = [provider]
    configuration.provider = "slow"
    configuration.run.script.path = "/slow"
    let host = ScriptHost(configuration)
    let workflow = try host.workflow()
    let caller = Task { try await workflow.generate("a cat") }
    await provider.arrived.arrive()
    caller.cancel()
    await #expect(throws: CancellationError.self) { try await caller.value }
    #expect(await workflow.finish(within: 0.01) == 1)
    await provider.answer.open()
    #expect(await workflow.finish(within: 30) == 0)
    #expect(try workflow.history().map(\.isAnswered) == [true])
    host.close()
  }
}
