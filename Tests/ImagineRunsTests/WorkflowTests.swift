import ImagineAPI
import ImagineRuns
import ImagineTesting
import MediaFiles
import Testing

@Suite("A workflow makes calls from Swift")
struct WorkflowTests {
  @Test("images, edits and a video are made by typed functions")
  func operations() async throws {
    let provider = MemoryProvider()
    let store = MemoryStore()
    let workflow = Workflow(testing: provider, store: store)
    let boat = try await workflow.generate("a boat", ["aspect_ratio": "16:9", "seed": 7])
    #expect(boat.header.size == AspectRatio.sixteenToNine.pixelSize)
    #expect(boat.metadata?.seed == 7 && boat.cost == .tokens(1))
    let large = try await boat.removeBackground().upscale()
    #expect(large.header.size.width == 2 * boat.header.size.width)
    let masked = try await boat.fill("a gull", mask: boat)
    #expect(masked.asset != boat.asset)
    let job = try await large.animate("it sails away")
    let video = try await job.wait()
    try await video.save(to: "boat.mp4")
    #expect(store.saved["boat.mp4"] == (try video.content()))
    #expect(
      provider.requests.map(\.operation.name) == [
        "generate", "remove_background", "upscale", "fill", "animate",
      ])
    #expect(workflow.spent.calls == 5)
  }

  @Test("a list of images has the order and the seeds of what was asked")
  func lists() async throws {
    let provider = MemoryProvider()
    let workflow = Workflow(testing: provider)
    var call = Call("generate", ["prompt": "a cat", "seed": 5])
    call.count = 3
    let images = try await workflow.images(call)
    #expect(images.map(\.metadata?.seed) == [5, 6, 7])
    #expect(Set(images.map(\.asset.sha256)).count == 3)
  }

  @Test("seeds of a list stay among those that the provider takes")
  func lastSeeds() async throws {
    let profile = ProviderProfile(name: "gpu", kind: "sdapi", operations: SDAPIService().operations)
    let provider = MemoryProvider(profile)
    var call = Call("generate", ["prompt": "a cat", "seed": 4_294_967_294])
    call.count = 4
    _ = try await Workflow(testing: provider).images(call)
    #expect(
      Set(provider.requests.map(\.seed)) == [4_294_967_294, 4_294_967_295, 0, 1])
  }

  @Test(
    "an invalid call names its field and is not sent",
    arguments: [
      (Call("generate", ["promt": "x"]), "promt"), (Call("generate"), "prompt"),
      (Call("generate", ["prompt": "x", "seed": ["a"]]), "seed"),
      (Call("upscale", images: ["image": [.bytes([1, 2, 3])]]), "image"),
      (Call("upscale", ["image": "a.png"]), "image"),
      (Call("generate", ["prompt": "x"], images: ["seed": [.bytes([])]]), "seed"),
    ])
  func invalid(call: Call, field: String) async throws {
    let provider = MemoryProvider()
    let workflow = Workflow(testing: provider)
    let error = #expect(throws: ImagineError.self) { try workflow.prepare(call) }
    #expect(error?.field == field && error?.kind == .validation)
    #expect(provider.requests.isEmpty)
  }

  @Test("a part of a program has its own budget within the run's")
  func budgets() async throws {
    let workflow = Workflow(testing: MemoryProvider(), limit: Budget.Limit(calls: 3))
    let scope = BudgetScope(limit: Budget.Limit(price: .tokens(1)))
    _ = try await workflow.generate("a", in: scope)
    let inner = await #expect(throws: ImagineError.self) {
      try await workflow.generate("b", in: scope)
    }
    #expect(inner?.kind == .budget && scope.budget.spent.calls == 1)
    _ = try await workflow.generate("c")
    _ = try await workflow.generate("d")
    let outer = await #expect(throws: ImagineError.self) { try await workflow.generate("e") }
    #expect(outer?.message.contains("the run has reached its limit of calls (3)") == true)
  }

  @Test("a price that the service names replaces the reserved one")
  func settled() async throws {
    let workflow = Workflow(testing: try Metered(), limit: Budget.Limit(price: .tokens(10)))
    let image = try await workflow.generate("a")
    #expect(image.cost == .tokens(3))
    #expect(workflow.spent.amounts == [.tokens(3)])
  }

  /// Reserves 8 tokens and bills 3.
  private struct Metered: Provider {
    let profile: ProviderProfile
    private let memory = MemoryProvider()

    init() throws {
      profile = ProviderProfile(
        name: "metered", kind: "metered", operations: [.generate],
        prices: try PriceList(["generate": 8], unit: Price.tokens, of: [.generate]))
    }

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      guard case .finished(var answer) = try await memory.perform(request, context) else {
        throw ImagineError(.badResponse, "no image")
      }
      answer.price = .tokens(3)
      answer.usage = ["output_tokens": 300]
      return .finished(answer)
    }
  }

  /// Lets nobody pass before all calls have asked.
  private actor Waiting: SpendingApproval {
    private let calls: Int
    private(set) var totals: [Price] = []

    init(for calls: Int) { self.calls = calls }

    func approve(_ price: Price, of spent: [Price]) async throws {
      totals += spent
      while totals.count < calls {
        try Task.checkCancellation()
        await Task.yield()
      }
    }
  }

  @Test("a person who is asked about a call is told of the calls at the same time too")
  func approval() async throws {
    let approval = Waiting(for: 10)
    let workflow = Workflow(testing: try Metered(), approval: approval)
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<10 { group.addTask { _ = try await workflow.generate("a") } }
      try await group.waitForAll()
    }
    #expect(await approval.totals.map(\.millionths).max() == Price.tokens(80).millionths)
    #expect(workflow.spent.amounts == [.tokens(30)])
  }

  @Test("a call that a person does not allow is not sent and costs nothing")
  func refusedApproval() async throws {
    let provider = try Metered()
    let workflow = Workflow(
      testing: provider, approval: AskingApproval(above: .tokens(10)) { _ in false })
    _ = try await workflow.generate("a")
    let error = await #expect(throws: ImagineError.self) { try await workflow.generate("b") }
    #expect(error?.kind == .budget && error?.charged == .no)
    #expect(workflow.spent.amounts == [.tokens(3)])
  }

  @Test("events tell the states of calls, and a slow listener loses the oldest ones")
  func events() async throws {
    let workflow = Workflow(testing: MemoryProvider())
    let events = workflow.events()
    for number in 0..<600 {
      _ = try await workflow.generate("a", ["seed": .integer(Int64(number + 1))])
    }
    var states: [JournaledCall.State] = []
    for await event in events {
      if case .call(let call) = event { states.append(call.state) }
      if states.count == EventSource.capacity { break }
    }
    #expect(Array(states.suffix(4)) == [.intent, .sent, .stored, .done])
  }
}
