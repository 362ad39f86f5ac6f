import ImagineAPI
import Testing

@Suite("A call has a price")
struct PriceTests {
  private func request(
    _ operation: MediaOperation = .generate, style: String? = nil, count: Int = 1
  ) throws -> Request {
    var arguments: [String: Value] = ["prompt": .text("a cat")]
    if let style { arguments["style"] = .text(style) }
    var request = try operation.request(from: arguments, source: .script)
    request.count = count
    return request
  }

  @Test("the price list has the published prices and nil for the others")
  func published() throws {
    #expect(PriceList.imagine.price(of: try request(style: "flux-dev")) == .tokens(15))
    #expect(PriceList.imagine.price(of: try request(count: 4)) == .tokens(4))
    #expect(PriceList.imagine.price(of: try request(style: "sdxl-1.0")) == nil)
    #expect(PriceList.imagine.price(of: try request(.png)) == nil)
    #expect(PriceList.imagine.price(of: try request(.video)) == nil)
  }

  @Test(
    "every operation of a free provider costs 0 tokens",
    arguments: [MediaOperation.png, .video, .generate])
  func free(operation: MediaOperation) throws {
    #expect(PriceList.free.price(of: try request(operation, count: 3)) == .tokens(0))
  }

  @Test("the price of a style overrides that of its operation")
  func special() throws {
    let list = try PriceList(
      ["generate": 0.02, "generate.Flux Dev": 0.03, "video": 1], unit: "USD", of: MediaOperation.all
    )
    #expect(list.price(of: try request())?.description == "0.02 USD")
    #expect(list.price(of: try request(style: "flux-dev", count: 3))?.description == "0.09 USD")
    #expect(list.price(of: try request(.video))?.description == "1 USD")
    #expect(list.price(of: try request(.png)) == nil)
  }

  @Test("a model of an OpenAI-style service may have its own price")
  func model() throws {
    let operation = MediaOperation.openAIGenerate(model: nil)
    let list = try PriceList(["generate.sd-1.5": 0.001], unit: "EUR", of: [operation])
    let request = try operation.request(
      from: ["prompt": .text("a cat"), "model": .text("sd-1.5")], source: .script)
    #expect(list.price(of: request) == Price(millionths: 1000, unit: "EUR"))
  }

  @Test("prices are summed exactly")
  func exact() throws {
    let list = try PriceList(["generate": 0.1], unit: "USD", of: MediaOperation.all)
    #expect(list.price(of: try request(count: 3))?.amount == 0.3)
  }

  @Test(
    "an invalid price list is an error that names the key",
    arguments: [
      (["genrate": 1.0], "genrate", "did you mean 'generate'?"),
      (["generate": -1], "prices.generate", "a number from 0"),
      (["generate": Double.nan], "prices.generate", "a number from 0"),
      (["generate.fluxx": 1], "prices.generate.fluxx", "one of: anime"),
      (["upscale.anime": 1], "prices.upscale.anime", "upscale has no styles"),
    ])
  func wrong(prices: [String: Double], field: String, hint: String) {
    let error = #expect(throws: ImagineError.self) {
      try PriceList(prices, unit: "tokens", of: MediaOperation.all)
    }
    #expect(error?.kind == .validation)
    #expect(error?.field == field)
    #expect(error?.message.contains(hint) == true, "\(error?.message ?? "")")
  }

  @Test("a price list is completed only by a list with the same unit")
  func completed() throws {
    let own = try PriceList(
      ["upscale": 2, "generate.anime": 3], unit: "tokens", of: MediaOperation.all)
    let both = own.completed(by: .imagine)
    #expect(both.price(of: try request(style: "anime")) == .tokens(3))
    #expect(both.price(of: try request(style: "flux-dev")) == .tokens(15))
    let all = try PriceList(["generate": 7], unit: "tokens", of: MediaOperation.all)
    #expect(
      all.completed(by: .imagine).price(of: try request(style: "flux-dev")) == .tokens(7))
    let foreign = try PriceList(["upscale": 0.1], unit: "USD", of: MediaOperation.all)
    #expect(foreign.completed(by: .imagine).price(of: try request()) == nil)
  }

  @Test("a price is described without needless zeros")
  func readable() {
    #expect(Price.tokens(5).description == "5 tokens")
    #expect(Price(millionths: 40_000, unit: "USD").description == "0.04 USD")
    #expect(Price(millionths: 1, unit: "USD").description == "0.000001 USD")
  }
}
