import Foundation
import ImagineAPI
import ImagineRuns
import ImagineTestSupport
import ImagineTesting
import MediaFiles
import Synchronization
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

  @Test("an input file is read once for its key, and its copy once for each send")
  func reads() async throws {
    let folder = try TemporaryFolder()
    let path = folder.file("in.png")
    try Data(BlankImage.png(size: PixelSize(width: 8, height: 8))).write(
      to: URL(fileURLWithPath: path))
    let store = CountingStore()
    let workflow = Workflow(testing: Reader(), store: store)
    _ = try await workflow.images(
      Call("upscale", images: ["image": [.file(path: FilePath(path))]]))
    #expect(store.counts.withLock { $0 } == ["stage": 1, "sync": 1, "content": 1])
  }

  /// Reads its input as providers do when they write a body.
  private struct Reader: Provider {
    let profile = ProviderProfile(name: "reader", kind: "reader", operations: [.upscale])

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      guard case .asset(let asset)? = request.image("image") else {
        throw ImagineError(.badResponse, "the input is no asset")
      }
      let bytes = try context.store.content(of: asset)
      return .finished(
        Answer([Output(asset: try await context.store.store(bytes + Array("again".utf8)))]))
    }
  }

  /// Counts what is read.
  final class CountingStore: AssetStore {
    let counts = Mutex<[String: Int]>([:])
    private let store = MemoryStore()

    private func count(_ name: String) { counts.withLock { $0[name, default: 0] += 1 } }

    func makeWriter() throws -> any AssetWriter { try store.makeWriter() }
    func sha256(of bytes: [UInt8]) -> String { store.sha256(of: bytes) }
    func asset(sha256: String) throws -> Asset? { try store.asset(sha256: sha256) }

    func stage(_ image: ImageInput) throws -> Asset {
      count("stage")
      return try store.stage(image)
    }

    func sync(_ asset: Asset) async throws { count("sync") }

    func content(of asset: Asset) throws -> [UInt8] {
      count("content")
      return try store.content(of: asset)
    }

    func bytes(of asset: Asset, from offset: Int, count: Int) throws -> [UInt8] {
      self.count("bytes")
      return try store.bytes(of: asset, from: offset, count: count)
    }

    func verify(_ asset: Asset) throws { count("verify") }

    func importFile(_ path: FilePath) async throws -> Asset {
      count("importFile")
      return try await store.importFile(path)
    }

    func export(
      _ asset: Asset, to path: FilePath, replacing: Bool, embedding metadata: ImageMetadata?
    ) async throws {}
  }
}
