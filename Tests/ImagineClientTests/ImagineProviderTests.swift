import ImagineCore
import ImagineStore
import ImagineTestSupport
import Logging
import Testing

@testable import ImagineClient

@Suite("The Imagine API, over a real socket")
struct ImagineProviderTests {
  /// A PNG of 2 by 3 pixels.
  static let png = TinyPicture.tallPNG

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

  private func draw(by provider: ImagineProvider) async throws -> Drawing {
    let request = try Operation.generate.request(
      from: ["prompt": .text("a \"cat\""), "seed": .integer(5)], by: .script)
    let drawings = try await provider.draw(
      request, count: 1, options: CallOptions(), into: store)
    return try #require(drawings.first)
  }

  /// The error of a call that a stub answers in one way.
  private func fault(_ answer: StubServer.Answer, timeout: Double = 30) async throws -> ImagineError
  {
    let stub = try await StubServer { _ in answer }
    let error = await #expect(throws: ImagineError.self) {
      _ = try await draw(by: provider(at: stub.address, timeout: timeout))
    }
    #expect(stub.requests.count == 1)
    await stub.close()
    return try #require(error)
  }

  @Test("a picture is stored whatever its header calls it")
  func octets() async throws {
    let stub = try await StubServer { _ in
      .full(status: 200, headers: ["content-type": "application/octet-stream"], body: Self.png)
    }
    let drawing = try await draw(by: provider(at: stub.address))
    #expect(drawing.asset.header?.size == PixelSize(width: 2, height: 3))
    #expect(drawing.engine == nil)
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

  @Test(
    "JSON under 200 is an error, with or without its name",
    arguments: ["application/json", "image/png"])
  func disguised(type: String) async throws {
    let body = #"{"status":"error","code":1101,"error":"PaymentRequired","message":"no tokens"}"#
    let error = try await fault(
      .full(status: 200, headers: ["content-type": type], body: Array(body.utf8)))
    #expect(error.kind == .payment)
    #expect(error.code == 1101)
  }

  @Test("what is no picture is a bad answer, and its charge unknown")
  func noPicture() async throws {
    let error = try await fault(.full(status: 200, body: Array("<html>".utf8)))
    #expect(error.kind == .badResponse)
    #expect(error.charged == .unknown)
  }

  @Test("an answer that is cut leaves the charge unknown, and no file")
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

  @Test("silence is a timeout, and its charge unknown")
  func silent() async throws {
    let error = try await fault(.silence, timeout: 0.2)
    #expect(error.kind == .timeout)
    #expect(error.charged == .unknown)
  }

  @Test("a refused connection costs nothing and may be tried again")
  func refused() async throws {
    let stub = try await StubServer { _ in .close }
    let address = stub.address
    await stub.close()
    let error = await #expect(throws: ImagineError.self) {
      _ = try await draw(by: provider(at: address))
    }
    #expect(error?.kind == .connection)
    #expect(error?.charged == .no)
    #expect(error?.retryable == true)
  }

  @Test("Retry-After is passed on")
  func retryAfter() async throws {
    let error = try await fault(
      .full(status: 429, headers: ["retry-after": "7"], body: []))
    #expect(error.kind == .rateLimit)
    #expect(error.retryAfter == 7)
  }

  @Test("an unknown id is not found, never finished")
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
    "an id that would lead elsewhere is refused before it is sent",
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

  @Test("a download elsewhere gets no key, and a redirect there neither")
  func keyStays() async throws {
    let elsewhere = try await StubServer { _ in .full(status: 200, body: Self.png) }
    let own = try await StubServer { [address = elsewhere.address] _ in
      .full(status: 302, headers: ["location": "\(address)/moved.png"], body: [])
    }
    let provider = provider(at: own.address)
    _ = try await provider.download("\(elsewhere.address)/direct.png", into: store)
    _ = try await provider.download("\(own.address)/redirected.png", into: store)
    #expect(own.requests.map(\.headers["authorization"]) == ["Bearer test-token"])
    #expect(elsewhere.requests.map(\.headers["authorization"]) == [nil, nil])
    await own.close()
    await elsewhere.close()
  }

  @Test("a remote answer never leads to a socket of this machine")
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

  @Test("a download that ends early is no file")
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
