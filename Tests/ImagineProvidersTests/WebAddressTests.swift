import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Testing

@testable import ImagineProviders

@Suite("Addresses from outside are validated before a request is sent")
struct WebAddressTests {
  static let uncallable = [
    "http://127.0.0.1:70000/x", "http://127.0.0.1:0/x", "http://127.0.0.1:-1/x",
    "http://127.0.0.1:99999999999/x", "http://127.0.0.1:184467440737095516160/x",
    "http://127.0.0.1:/x", "http://127.0.0.1:8a/x", "http://127.0.0.1:٨٠/x", "http://[]/x",
    "http://[::1]:70000/x", "http://[::1", "http://[::1]x/", "http://", "http:///x", "http://:80/",
    "http://a b/x", "http://a\u{0}b/x", "http://a%00b/x", "http://user:word@host/x", "ftp://host/x",
    "host/x", "", "://", "http+unix:///x",
  ]

  @Test("an invalid address is an error and costs nothing", arguments: uncallable)
  func notCalled(address: String) async throws {
    let transport = HTTPTransport(logger: Logger(label: "test"))
    let call = HTTPTransport.Call(
      method: "POST", address: address, endpoint: "POST /x", isBilled: true,
      limit: TimeLimit(total: 5))
    let error = await #expect(throws: ImagineError.self) {
      try await transport.perform(call) { _ in }
    }
    #expect(error?.kind == .validation, "\(String(describing: error))")
    #expect(error?.charged == .no)
    #expect(!Endpoint.isBase(address))
  }

  @Test(
    "this machine is known by every name and number",
    arguments: [
      "localhost", "LOCALHOST", "localhost.", "a.localhost", "a.localhost.", "127.0.0.1", "127.1",
      "127.9.9.9", "0x7f.1", "0177.0.0.1", "2130706433", "0.0.0.0", "0", "[::1]", "[::]",
      "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::FFFF:7f00:1]", "[::ffff:0.0.0.0]",
    ])
  func loopback(host: String) {
    #expect(Origin("http://\(host):80/x")?.isLoopback == true)
    #expect(Endpoint.isOnThisMachine("https://\(host)/x"))
  }

  @Test(
    "another machine is not this one",
    arguments: [
      "localhost.example", "notlocalhost", "128.0.0.1", "1.127.0.0", "127.example", "10.0.0.1",
      "[::2]", "[::ffff:10.0.0.1]", "[fe80::1]", "[1::127.0.0.1]", "a127.0.0.1",
    ])
  func elsewhere(host: String) {
    #expect(Origin("http://\(host)/x")?.isLoopback == false)
  }

  @Test(
    "an address in a message has no password and no query",
    arguments: [
      ("http://u:p@h/x?sig=1", "http://h/x"), ("u:p@h", "h"), ("http://h/x@2?a=@b", "http://h/x@2"),
      ("http://u:p w@h/", "http://h/"), ("http://u:p#w@h/", "http://h/"),
      ("http://h/\nx", "http://h/ x"),
    ])
  func shown(address: String, expected: String) {
    #expect(WebAddress.shown(address) == expected)
    #expect(!FilePath(address).description.contains("/u:p@"))
  }

  @Test(
    "a base address is printable ASCII without a fragment",
    arguments: [
      "https://a.example/v2?x=1#y", "https://a.example/v2#x", "https://a.example/v 2",
      "https://a.example/v2\r\nX: y", "https://a.example/\u{0}", "https://bücher.example/v2",
    ])
  func noBase(address: String) {
    #expect(!Endpoint.isBase(address))
  }

  @Test("a base address may have a port, a path and a numeric host")
  func bases() {
    for address in [
      "http://127.0.0.1:65535", "https://a-b.example.com:1/v2", "http://[::1]:8080/v1",
      " http://x ",
    ] {
      #expect(Endpoint.isBase(address), "\(address)")
    }
  }

  @Test(
    "a reference is resolved against the address of its document",
    arguments: [
      ("final.png", "http://h:1/img/final.png"), ("/f.png", "http://h:1/f.png"),
      ("//k/f.png", "http://k/f.png"), ("../f.png", "http://h:1/f.png"),
      ("?a=b", "http://h:1/img/start?a=b"), ("https://k/f", "https://k/f"),
      (" /a b.png ", "http://h:1/a%20b.png"),
    ])
  func resolved(reference: String, whole: String) {
    #expect(WebAddress.resolve(reference, at: "http://h:1/img/start") == whole)
  }

  @Test("a reference from the private server resolves to its socket")
  func socket() {
    let endpoint = Endpoint(baseURL: "http+unix://%2Ftmp%2Fs/v2", token: nil)
    #expect(endpoint.resolve("/v2/video/x.mp4") == "http+unix://%2Ftmp%2Fs/v2/video/x.mp4")
    #expect(endpoint.resolve("") == nil)
  }
}

@Suite("A service's redirects are followed only within the service")
struct RedirectTests {
  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
  }

  private func generate(at address: String) async throws -> [Output] {
    let provider = ImagineProvider(
      name: "test", transport: HTTPTransport(logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: "\(address)/v2", token: Token("test-token")))
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a cat")], source: .script)
    return try await provider.outputs(request, count: 1, options: CallOptions(), into: store)
  }

  @Test(
    "a redirect within the service repeats the request, or gets its result for a 303",
    arguments: [303, 307, 308])
  func followed(status: Int) async throws {
    let server = try await StubServer { request in
      request.target.hasSuffix("/there")
        ? .full(status: 200, body: TinyImage.png)
        : .full(status: status, headers: ["location": "there"], body: [])
    }
    #expect(try await generate(at: server.address).count == 1)
    #expect(server.requests.map(\.method) == ["POST", status == 303 ? "GET" : "POST"])
    #expect(server.requests.map(\.target).last == "/v2/image/there")
    #expect(server.requests.last?.headers["authorization"] == "Bearer test-token")
    #expect((server.requests.last?.body.isEmpty == true) == (status == 303))
    await server.close()
  }

  @Test(
    "a redirect to another origin is an error that names the target",
    arguments: [(301, "no"), (302, "unknown"), (303, "unknown"), (307, "no"), (308, "no")])
  func refused(status: Int, charged: String) async throws {
    let other = try await StubServer { _ in .full(status: 200, body: TinyImage.png) }
    let target = "\(other.address)/elsewhere?signature=1"
    let server = try await StubServer { _ in
      .full(status: status, headers: ["location": target], body: [])
    }
    let error = await #expect(throws: ImagineError.self) { try await generate(at: server.address) }
    #expect(error?.message.contains("\(other.address)/elsewhere") == true)
    #expect(error?.message.contains("signature") == false)
    #expect(error?.charged.rawValue == charged)
    #expect(server.requests.count == 1)
    #expect(other.requests.isEmpty)
    await server.close()
    await other.close()
  }

  @Test("a redirect loop ends, and an invalid target gets no request")
  func loop() async throws {
    let loop = try await StubServer { request in
      .full(status: 308, headers: ["location": request.target], body: [])
    }
    let error = await #expect(throws: ImagineError.self) { try await generate(at: loop.address) }
    #expect(error?.message.contains("more than 5 times") == true)
    await loop.close()
    for address in WebAddressTests.uncallable where !address.contains("\u{0}") {
      let server = try await StubServer { _ in
        .full(status: 307, headers: ["location": address], body: [])
      }
      _ = await #expect(throws: ImagineError.self) { try await generate(at: server.address) }
      await server.close()
    }
  }
}
