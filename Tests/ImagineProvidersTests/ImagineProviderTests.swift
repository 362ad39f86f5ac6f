import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Testing

@testable import ImagineProviders

@Suite("The Imagine provider works over a real socket")
struct ImagineProviderTests {
  /// A PNG of 2 by 3 pixels.
  static let png = TinyImage.tallPNG

  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
  }

  private func provider(at address: String, timeout: Double = 30) -> ImagineProvider {
    var timeouts = HTTPTransport.Timeouts()
    timeouts.call = timeout
    return ImagineProvider(
      name: "test", transport: HTTPTransport(timeouts: timeouts, logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: address + "/v2", token: Token("test-token")))
  }

  private func generate(by provider: ImagineProvider) async throws -> Output {
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a \"cat\""), "seed": .integer(5)], source: .script)
    let images = try await provider.outputs(request, count: 1, options: CallOptions(), into: store)
    return try #require(images.first)
  }

  /// The error of a call that a stub answers with `answer`.
  private func fault(_ answer: StubServer.Answer, timeout: Double = 30) async throws -> ImagineError
  {
    let stub = try await StubServer { _ in answer }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await generate(by: provider(at: stub.address, timeout: timeout))
    }
    #expect(stub.requests.count == 1)
    await stub.close()
    return try #require(error)
  }

  @Test("an image is stored whatever its Content-Type says")
  func octets() async throws {
    let stub = try await StubServer { _ in
      .full(status: 200, headers: ["content-type": "application/octet-stream"], body: Self.png)
    }
    let image = try await generate(by: provider(at: stub.address))
    #expect(image.asset.header?.size == PixelSize(width: 2, height: 3))
    #expect(image.engine == nil)
    let request = try #require(stub.requests.first)
    #expect(request.method == "POST")
    #expect(request.target == "/v2/image/generations")
    #expect(request.headers["authorization"] == "Bearer test-token")
    #expect(request.headers["content-type"]?.hasPrefix("multipart/form-data; boundary=") == true)
    #expect(request.text.contains("name=\"prompt\"\r\n\r\na \"cat\"\r\n"))
    #expect(request.text.contains("name=\"style\"\r\n\r\nimagine-turbo\r\n"))
    #expect(request.text.contains("name=\"seed\"\r\n\r\n5\r\n"))
    await stub.close()
  }

  @Test("a call within a trace tells the service so, and no other call does")
  func trace() async throws {
    let stub = try await StubServer { _ in
      .full(status: 200, headers: ["content-type": "image/png"], body: Self.png)
    }
    let trace = TraceContext(
      trace: String(repeating: "4", count: 32), span: String(repeating: "a", count: 16),
      flags: "01")
    _ = try await generate(by: provider(at: stub.address))
    _ = try await TraceContext.$current.withValue(trace) {
      try await generate(by: provider(at: stub.address))
    }
    #expect(
      stub.requests.map { $0.headers["traceparent"] } == [
        nil, "00-44444444444444444444444444444444-aaaaaaaaaaaaaaaa-01",
      ])
    await stub.close()
  }

  @Test(
    "an error body with status 200 is an error under any Content-Type",
    arguments: ["application/json", "image/png"])
  func disguised(type: String) async throws {
    let body = #"{"status":"error","code":1101,"error":"PaymentRequired","message":"no tokens"}"#
    let error = try await fault(
      .full(status: 200, headers: ["content-type": type], body: Array(body.utf8)))
    #expect(error.kind == .payment)
    #expect(error.code == 1101)
  }

  @Test("a body that is not an image is a bad response with an unknown charge")
  func noImage() async throws {
    let error = try await fault(.full(status: 200, body: Array("<html>".utf8)))
    #expect(error.kind == .badResponse)
    #expect(error.charged == .unknown)
  }

  @Test("a truncated answer leaves the charge unknown and no file")
  func cut() async throws {
    let error = try await fault(.cut(length: 1000, body: Self.png))
    #expect(error.kind == .connection)
    #expect(error.charged == .unknown)
    #expect(!error.retryable)
    #expect(folder.files == [])
  }

  @Test("a connection closed after the request leaves the charge unknown")
  func closed() async throws {
    let error = try await fault(.close)
    #expect(error.kind == .connection)
    #expect(error.charged == .unknown)
  }

  @Test("a server that does not answer is a timeout with an unknown charge")
  func silent() async throws {
    let error = try await fault(.silence, timeout: 0.2)
    #expect(error.kind == .timeout)
    #expect(error.charged == .unknown)
  }

  @Test("a refused connection costs nothing and may be retried")
  func refused() async throws {
    let stub = try await StubServer { _ in .close }
    let address = stub.address
    await stub.close()
    let error = await #expect(throws: ImagineError.self) {
      _ = try await generate(by: provider(at: address))
    }
    #expect(error?.kind == .connection)
    #expect(error?.charged == .no)
    #expect(error?.retryable == true)
  }

  @Test("Retry-After is passed to the caller")
  func retryAfter() async throws {
    let error = try await fault(
      .full(status: 429, headers: ["retry-after": "7"], body: []))
    #expect(error.kind == .rateLimit)
    #expect(error.retryAfter == 7)
  }

  @Test("an unknown job id is `notFound`, never finished")
  func unknownID() async throws {
    let stub = try await StubServer { _ in
      .json(404, #"{"status":"error","code":1100,"error":"BadRequest","message":"no such video"}"#)
    }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await provider(at: stub.address).status(of: "abc")
    }
    #expect(error?.kind == .notFound)
    #expect(error?.job == "abc")
    await stub.close()
  }

  @Test(
    "an id that would change the path is refused before a request is sent",
    arguments: ["../x", "a/b", "", "a?b"])
  func hostileID(id: String) async throws {
    let stub = try await StubServer { _ in .close }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await provider(at: stub.address).status(of: id)
    }
    #expect(error?.kind == .validation)
    #expect(stub.requests.isEmpty)
    await stub.close()
  }

  @Test(
    "another origin gets no token, neither by download nor by redirect", arguments: [302, 307])
  func keyStays(status: Int) async throws {
    let elsewhere = try await StubServer { _ in .full(status: 200, body: Self.png) }
    let own = try await StubServer { [address = elsewhere.address] _ in
      .full(status: status, headers: ["location": "\(address)/moved.png"], body: [])
    }
    let provider = provider(at: own.address)
    _ = try await provider.download("\(elsewhere.address)/direct.png", into: store)
    _ = try await provider.download("\(own.address)/redirected.png", into: store)
    #expect(own.requests.map(\.headers["authorization"]) == ["Bearer test-token"])
    #expect(elsewhere.requests.map(\.headers["authorization"]) == [nil, nil])
    await own.close()
    await elsewhere.close()
  }

  @Test("a remote answer cannot lead to a local socket or file")
  func socketNotFollowed() async throws {
    let own = try await StubServer { _ in
      .full(status: 302, headers: ["location": "http+unix://%2Ftmp%2Fs/x"], body: [])
    }
    for address in ["http+unix://%2Ftmp%2Fs/x", "\(own.address)/redirect", "file:///etc/passwd"] {
      let error = await #expect(throws: ImagineError.self) {
        _ = try await provider(at: own.address).download(address, into: store)
      }
      #expect(error?.kind == .badResponse)
    }
    await own.close()
  }

  @Test("a truncated download leaves no file")
  func shortDownload() async throws {
    let own = try await StubServer { _ in .cut(length: 1000, body: Self.png) }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await provider(at: own.address).download("\(own.address)/v.mp4", into: store)
    }
    #expect(error?.kind == .connection)
    #expect(folder.files == [])
    await own.close()
  }
}
