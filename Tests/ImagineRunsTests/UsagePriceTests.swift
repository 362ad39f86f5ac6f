import ImagineAPI
import ImagineRuns
import ImagineTestSupport
import ImagineTesting
import Synchronization
import Testing

@Suite("A call that is billed by usage is reserved, waited for and settled")
struct UsagePriceTests {
  private static func prices() throws -> PriceList {
    try PriceList(
      ConfigTable(
        [
          "unit": "USD",
          "per_million": ["text_in": 5, "image_in": 8, "image_out": 30],
          "reserve": [
            "any": 0.3, "gpt-image-2 low": 0.02, "gpt-image-2 1024x1024 high": 0.25, "high": 0.28,
          ],
        ], in: "prices"), of: OpenAIService().operations)
  }

  private static func dollars(_ amount: Double) -> Price {
    Price(millionths: Int64((amount * 1_000_000).rounded()), unit: "USD")
  }

  @Test(
    "the reserve with the most words of model, size and quality applies",
    arguments: [
      (["model": "gpt-image-2", "quality": "low"], 0.02),
      (["model": "gpt-image-2", "quality": "high", "size": "1024x1024"], 0.25),
      (["model": "gpt-image-2", "quality": "high", "aspect_ratio": "1:1"], 0.25),
      (["model": "gpt-image-2", "quality": "high"], 0.28), (["model": "other"], 0.3),
      (["model": "gpt-image-2"], 0.3),
    ] as [([String: Value], Double)])
  func reserves(fields: [String: Value], amount: Double) throws {
    let operation = try #require(OpenAIService().operations.first)
    var request = try operation.request(
      from: fields.merging(["prompt": "x"]) { $1 }, source: .script)
    #expect(try Self.prices().price(of: request) == Self.dollars(amount))
    request.count = 3
    #expect(try Self.prices().price(of: request) == Self.dollars(amount * 3))
  }

  @Test(
    "what was counted is priced exactly, and a count that nobody could bill counts as not told",
    arguments: [
      ([.textIn: 100, .imageIn: 1000, .imageOut: 4000], 0.1285), ([.imageOut: 1], 0.00003),
      ([.imageOut: 0], nil), ([.imageOut: -5], nil), ([.imageOut: .max], nil), ([:], nil),
    ] as [([UsagePrices.Item: Int64], Double?)])
  func amounts(counts: [UsagePrices.Item: Int64], amount: Double?) throws {
    #expect(try Self.prices().price(of: counts) == amount.map(Self.dollars))
  }

  @Test(
    "a list of prices with a mistake names it",
    arguments: [
      (["per_million": ["image_inn": 5]], "image_inn"),
      (["per_million": ["text_in": -5]], "prices.per_million.text_in"),
      (["reserve": -1], "prices.reserve"), (["reserve": ["any": 1e9]], "prices.reserve.any"),
      (["reserve": "much"], "prices.reserve"), (["per_million": 5], "prices.per_million"),
    ] as [([String: Value], String)])
  func mistakes(settings: [String: Value], field: String) {
    let error = #expect(throws: ImagineError.self) {
      try PriceList(
        ConfigTable(settings.merging(["unit": "USD"]) { $1 }, in: "prices"),
        of: OpenAIService().operations)
    }
    #expect(error?.field == field)
  }

  @Test("the cost of n images is split so that the parts add up")
  func split() {
    for (millionths, count) in [(10, 3), (2, 3), (0, 2), (1_000_001, 7), (5, 1)] {
      let price = Price(millionths: Int64(millionths), unit: "USD")
      let parts = (0..<count).map { price.part($0, of: count).millionths }
      #expect(parts.reduce(0, +) == price.millionths)
      #expect((parts.max() ?? 0) - (parts.min() ?? 0) <= 1)
    }
  }

  /// Reserves 1 USD for each call and bills what the test says, when it says so.
  private final class Metered: Provider {
    let profile: ProviderProfile
    /// Opened by the test for each answer.
    let answer = Gate(1)
    let arrived = Gate(1)
    private let bills: Mutex<[Price?]>
    private let memory = MemoryProvider()

    init(_ bills: [Double?], fails: Bool = false, takesCount: Bool = false) throws {
      let prices = ConfigTable(["unit": "USD", "reserve": 1], in: "prices")
      profile = ProviderProfile(
        name: "metered", kind: "metered", operations: [.generate], takesCount: takesCount,
        prices: try PriceList(prices, of: [.generate]))
      self.bills = Mutex(bills.map { $0.map(UsagePriceTests.dollars) })
      self.fails = fails
    }

    private let fails: Bool

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      await arrived.open()
      await answer.arrive()
      if fails { throw ImagineError(.connection, "it broke", charged: .unknown) }
      guard case .finished(var answer) = try await memory.perform(request, context) else {
        throw ImagineError(.badResponse, "no image")
      }
      answer.price = bills.withLock { $0.isEmpty ? nil : $0.removeFirst() }
      return .finished(answer)
    }
  }

  private func workflow(_ provider: Metered, limit: Double) -> Workflow {
    Workflow(testing: provider, limit: Budget.Limit(price: Self.dollars(limit)))
  }

  @Test(
    "a call that fits only after one in flight has settled waits for it",
    arguments: [(0.2, true), (0.5, true), (0.6, false), (3, false)])
  func waits(billed: Double, fits: Bool) async throws {
    let provider = try Metered([billed, 0.1])
    let workflow = workflow(provider, limit: 1.5)
    let first = Task { try await workflow.generate("a") }
    await provider.arrived.arrive()
    let second = Task { try await workflow.generate("b") }
    await provider.answer.open()
    #expect(try await first.value.cost == Self.dollars(billed))
    if fits {
      #expect(try await second.value.cost == Self.dollars(0.1))
      #expect(workflow.spent.amounts == [Self.dollars(billed + 0.1)])
    } else {
      let error = await #expect(throws: ImagineError.self) { try await second.value }
      #expect(error?.kind == .budget && error?.charged == .no)
      #expect(workflow.spent.amounts == [Self.dollars(billed)])
    }
  }

  @Test("a call in flight counts its reserve, then its bill; of n images n times, split exactly")
  func reserved() async throws {
    for count in [1, 3] {
      let provider = try Metered([0.7], takesCount: true)
      let workflow = workflow(provider, limit: 3)
      var call = Call("generate", ["prompt": "a"])
      call.count = count
      let made = Task { [call] in try await workflow.images(call) }
      await provider.arrived.arrive()
      #expect(workflow.spent.amounts == [Self.dollars(Double(count))])
      await provider.answer.open()
      let images = try await made.value
      #expect(images.count == count)
      #expect(images.compactMap(\.cost?.millionths).reduce(0, +) == 700_000)
      #expect(workflow.spent.amounts == [Self.dollars(0.7)])
    }
  }

  @Test("without a call in flight it is refused at once; beyond the budget even then")
  func refused() async throws {
    let provider = try Metered([])
    let workflow = workflow(provider, limit: 0.9)
    let error = await #expect(throws: ImagineError.self) { try await workflow.generate("a") }
    #expect(error?.kind == .budget)
  }

  @Test("a waiting call that is cancelled is never sent")
  func cancelled() async throws {
    let provider = try Metered([0.2])
    let workflow = workflow(provider, limit: 1.5)
    let first = Task { try await workflow.generate("a") }
    await provider.arrived.arrive()
    let second = Task { try await workflow.generate("b") }
    second.cancel()
    await #expect(throws: (any Error).self) { try await second.value }
    await provider.answer.open()
    _ = try await first.value
    #expect(workflow.spent.calls == 1)
  }

  @Test("an answer that is lost counts its reserve, and so does one without a price")
  func unknown() async throws {
    for fails in [true, false] {
      let provider = try Metered([nil], fails: fails)
      let workflow = workflow(provider, limit: 1.5)
      await provider.answer.open()
      _ = try? await workflow.generate("a")
      #expect(workflow.spent.amounts == [Self.dollars(1)])
      let error = await #expect(throws: ImagineError.self) { try await workflow.generate("b") }
      #expect(error?.kind == .budget)
    }
  }

  @Test("the budget of a part waits too, and holds nothing of the run's meanwhile")
  func parts() async throws {
    let provider = try Metered([0.2, 0.1, 0.1])
    let workflow = workflow(provider, limit: 2.5)
    let scope = BudgetScope(limit: Budget.Limit(price: Self.dollars(1.5)))
    let first = Task { try await workflow.generate("a", in: scope) }
    await provider.arrived.arrive()
    let second = Task { try await workflow.generate("b", in: scope) }
    let third = Task { try await workflow.generate("c") }
    await provider.answer.open()
    for task in [first, second, third] { _ = try await task.value }
    #expect(workflow.spent.amounts == [Self.dollars(0.4)])
    #expect(scope.budget.spent.calls == 2)
  }
}
