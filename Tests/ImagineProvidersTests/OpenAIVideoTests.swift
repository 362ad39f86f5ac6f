import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Testing

@testable import ImagineProviders

@Suite("Videos and models of an OpenAI-style service are read")
struct OpenAIVideoTests {
  private func provider(_ stub: StubServer, videos: Bool = true) -> OpenAIProvider {
    OpenAIProvider(
      name: "test", transport: HTTPTransport(logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: "\(stub.address)/v1", token: Token("key")),
      service: OpenAIService(model: "m", hasVideos: videos))
  }

  @Test(
    "each form of a job's state is read",
    arguments: [
      (#""status":"queued","progress":0"#, JobState.queued, 0.0),
      (#""status":"in_progress","progress":40"#, .processing, 0.4),
      (#""status":"running","progress":0.4"#, .processing, 0.4),
      (#""status":"completed","progress":100"#, .finished, 1),
      (#""status":"succeeded""#, .finished, nil), (#""status":"expired""#, .failed, nil),
      (#""status":"cancelled""#, .cancelled, nil), (#""status":"warming_up""#, .processing, nil),
    ] as [(String, JobState, Double?)])
  func states(members: String, state: JobState, progress: Double?) async throws {
    let stub = try await StubServer { _ in
      .json(200, #"{"id":"v1","object":"video","error":null,\#(members)}"#)
    }
    let status = try await provider(stub).status(of: "v1")
    #expect(status.state == state && status.progress == progress)
    #expect(stub.requests.map(\.target) == ["/v1/videos/v1"])
    let address = status.videoAddress
    #expect(address == (state == .finished ? "\(stub.address)/v1/videos/v1/content" : nil))
    await stub.close()
  }

  @Test("a job that fails because of its content says so")
  func refused() async throws {
    let stub = try await StubServer { _ in
      .json(
        200,
        #"{"id":"v1","status":"failed","error":{"code":"moderation_blocked","message":"no"}}"#)
    }
    let status = try await provider(stub).status(of: "v1")
    #expect(status.isRefused && status.failure == "no")
    await stub.close()
  }

  @Test("a video is downloaded with the key of its origin")
  func content() async throws {
    let folder = try TemporaryFolder()
    let stub = try await StubServer { _ in .full(status: 200, body: SampleMedia.mp4) }
    let provider = provider(stub)
    let asset = try await provider.download(
      "\(stub.address)/v1/videos/v1/content", into: FileAssetStore(root: folder.file("assets")))
    #expect(asset.byteCount == SampleMedia.mp4.count)
    #expect(stub.requests.first?.headers["authorization"] == "Bearer key")
    await stub.close()
  }

  @Test("an id cannot lead to another route, and a provider without videos has no jobs")
  func ids() async throws {
    let stub = try await StubServer { _ in .json(200, "{}") }
    for (provider, id) in [(provider(stub), "../models"), (provider(stub, videos: false), "v1")] {
      let error = await #expect(throws: ImagineError.self) { try await provider.status(of: id) }
      #expect(error?.kind == .validation)
    }
    #expect(stub.requests.isEmpty)
    await stub.close()
  }

  @Test(
    "models are listed, with the date of their end",
    arguments: [
      (#"{"data":[{"id":"a","shutdown_date":"2026-12-01"},{"id":"b"},7]}"#, ["a", "b"]),
      (#"{"data":[{"id":"a","shutdown_date":1796083200}]}"#, ["a"]),
      (#"{"models":["a"]}"#, ["a"]), (#"[{"name":"a","shutdown_date":"soon"}]"#, ["a"]),
    ])
  func models(body: String, ids: [String]) async throws {
    let stub = try await StubServer { _ in .json(200, body) }
    let context = CallContext(store: FileAssetStore(root: "/dev/null"))
    let models = try #require(try await provider(stub).models(context))
    #expect(models.map(\.id) == ids)
    let hasEnd = body.contains("2026") || body.contains("1796")
    #expect(models.first?.endsAt == (hasEnd ? 1_796_083_200 : nil))
    #expect(stub.requests.map(\.target) == ["/v1/models"])
    await stub.close()
  }

  @Test("a service without a list has no models, and another error is told")
  func noModels() async throws {
    let context = CallContext(store: FileAssetStore(root: "/dev/null"))
    let without = try await StubServer { _ in .json(404, "{}") }
    #expect(try await provider(without).models(context) == nil)
    let strict = try await StubServer { _ in .json(401, #"{"error":{"message":"bad key"}}"#) }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await provider(strict).models(context)
    }
    #expect(error?.kind == .authorization && error?.message.contains("bad key") == true)
    await without.close()
    await strict.close()
  }
}
