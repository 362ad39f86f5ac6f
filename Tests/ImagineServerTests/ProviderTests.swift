import ImagineAPI
import ImagineTestSupport
import Logging
import ServerStore
import Testing

@testable import ImagineServer

@Suite("The routes draw through a provider")
struct ProviderTests {
  /// Answers each image of a call with a file of its own, or with a job.
  private struct Upstream: Provider {
    var makesJobs = false
    let profile = ProviderProfile(name: "upstream", kind: "upstream", operations: [.generate])

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      guard !makesJobs else { return .running(JobStatus(id: "1", state: .queued)) }
      var outputs: [Output] = []
      for number in 0..<request.count {
        let bytes = TinyImage.png(with: "\(request.prompt ?? "") \(number)")
        outputs.append(Output(asset: try await context.store.store(bytes)))
      }
      return .finished(ImagineAPI.Answer(outputs))
    }
  }

  private func service(in folder: TemporaryFolder) throws -> ImagineService {
    let directory = try DataDirectory(folder.path)
    return try ImagineService(
      ServiceConfiguration(
        address: .tcp(host: "127.0.0.1", port: 0), authentication: .anyToken,
        limits: Limits(cores: 2)),
      dataDirectory: directory, engine: StubEngine(),
      store: SQLiteServiceStore(path: directory.database),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test("any provider's images are the answer, in order; a job in place of images is an error")
  func upstream() async throws {
    let folder = try TemporaryFolder()
    let service = try service(in: folder)
    var request = try MediaOperation.generate.request(
      from: ["prompt": "a cat", "style": "anime"], source: .wire)
    request.count = 2
    let images = try await service.makeImages(request, by: Upstream())
    #expect(
      images.map(\.bytes) == [TinyImage.png(with: "a cat 0"), TinyImage.png(with: "a cat 1")])
    let error = await #expect(throws: APIError.self) {
      try await service.makeImages(request, by: Upstream(makesJobs: true))
    }
    #expect(error?.fault == .internalError)
  }

  @Test("the engine is a provider: its images have its version, and it takes a count")
  func engine() async throws {
    let folder = try TemporaryFolder()
    let service = try service(in: folder)
    let provider = EngineProvider(
      engine: StubEngine(unsupported: ["upscale"]), queue: service.queue,
      demand: .init(bytes: 0, control: EngineControl(account: "a")))
    #expect(provider.profile.takesCount)
    #expect(!provider.profile.operations.contains { $0.name == "upscale" })
    var request = try MediaOperation.generate.request(
      from: ["prompt": "a cat", "style": "anime", "seed": 4], source: .wire)
    request.count = 3
    let store = AnswerStore()
    guard
      case .finished(let answer) = try await provider.perform(request, CallContext(store: store))
    else { throw APIError.invalid("a job") }
    #expect(answer.outputs.map(\.seed) == [4, 5, 6])
    #expect(answer.outputs.allSatisfy { $0.engine == "stub" })
    for output in answer.outputs {
      #expect(output.asset.header?.size == PixelSize(width: 1024, height: 1024))
    }
  }

  @Test("the engine refuses a field that it does not have: it would ignore it")
  func unknownField() throws {
    let strength = Field("strength", .integer(1...9), .optional, summary: "")
    let operation = MediaOperation.upscale.with(
      fields: MediaOperation.upscale.fields + [strength])
    for (given, isRefused) in [(["strength": 3], true), ([:], false)] as [([String: Value], Bool)] {
      let request = try operation.request(
        from: given, images: ["image": [.bytes(TinyImage.tallPNG)]], source: .wire)
      let made = Result { try StubEngine().makeImages(request, EngineControl(account: "a")) }
      guard case .failure(let error) = made else {
        #expect(!isRefused)
        continue
      }
      #expect(isRefused && (error as? APIError)?.field == "strength", "\(error)")
    }
  }
}
