import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Testing

@testable import ImagineProviders

@Suite("Other machines are reached as the environment says")
struct ProxyTests {
  private func proxy(_ address: String, _ environment: [String: String]) throws -> String? {
    try ProxySettings(environment).proxy(for: address)?.description
  }

  @Test(
    "the variable of the scheme comes first, in lower case, then that of all",
    arguments: [
      (["http_proxy": "http://p:8080"], "http://a.org", "http://p:8080 (http_proxy)"),
      (["HTTPS_PROXY": "p:3128"], "https://a.org", "http://p:3128 (https_proxy)"),
      (["https_proxy": "a:1", "HTTPS_PROXY": "b:2"], "https://a.org", "http://a:1 (https_proxy)"),
      (["ALL_PROXY": "socks5://p"], "https://a.org", "socks5://p:1080 (all_proxy)"),
      (["all_proxy": "socks5h://[::2]:9"], "http://a.org", "socks5://[::2]:9 (all_proxy)"),
      (["http_proxy": "u:secret@p:8"], "http://a.org", "http://p:8 (http_proxy)"),
      (["http_proxy": "p:8"], "https://a.org", nil), (["http_proxy": ""], "http://a.org", nil),
      (["http_proxy": "p:8"], "http://127.0.0.1:80/x", nil),
      (["http_proxy": "p:8"], "http://[::1]/", nil),
      (["http_proxy": "p:8"], "http://localhost", nil),
      (["HTTP_PROXY": "p:8", "REQUEST_METHOD": "GET"], "http://a.org", nil),
    ] as [([String: String], String, String?)])
  func selection(environment: [String: String], address: String, proxy: String?) throws {
    #expect(try self.proxy(address, environment) == proxy)
  }

  @Test(
    "no_proxy lists hosts, domains, networks and ports",
    arguments: [
      ("*", "http://a.org", true), ("a.org", "http://a.org", true),
      ("a.org", "http://b.a.org", true), (".a.org", "http://b.a.org:81", true),
      ("a.org", "http://ba.org", false), ("x, a.org", "http://A.org", true),
      ("a.org:81", "http://a.org", false), ("a.org:81", "http://a.org:81", true),
      ("10.0.0.0/8", "http://10.2.3.4", true), ("10.0.0.0/8", "http://11.2.3.4", false),
      ("10.0.0.0/33", "http://10.2.3.4", false), ("[fe80::1]", "http://[fe80::1]:8", true),
      ("fe80::1", "http://[fe80::1]:8", true), ("", "http://a.org", false),
      (",.,*.", "http://a.org", false),
    ])
  func exclusion(list: String, address: String, isDirect: Bool) throws {
    let environment = ["http_proxy": "p:8080", "no_proxy": list]
    #expect((try proxy(address, environment) == nil) == isDirect)
  }

  @Test(
    "what is no proxy is refused by the variable's name and the reason, without its value",
    arguments: [
      ("https://p:1", "over TLS"), ("socks4://p", "this address"), ("http://", "this address"),
      ("http://p:99999", "this address"), ("socks5://u:secret@p", "SOCKS proxy with a user"),
    ])
  func refused(value: String, words: String) {
    let error = #expect(throws: ImagineError.self) {
      try proxy("http://a.org", ["all_proxy": value])
    }
    #expect(error?.field == "all_proxy" && error?.message.contains("secret") == false)
    #expect(error?.message.contains(words) == true, "\(String(describing: error))")
  }

  private func provider(at base: String, _ environment: [String: String]) -> OpenAIProvider {
    OpenAIProvider(
      name: "test",
      transport: HTTPTransport(
        proxies: ProxySettings(environment), userAgent: "imagine/1.2",
        logger: Logger(label: "test")),
      endpoint: Endpoint(baseURL: base, token: Token("service-key")),
      service: OpenAIService(model: "m"))
  }

  private let context = CallContext(store: FileAssetStore(root: "/dev/null"))
  private static let models = StubServer.Answer.json(200, #"{"data":[{"id":"a"}]}"#)

  @Test("a proxy is sent an http address as it is, and its own password")
  func forwarded() async throws {
    let proxy = try await StubServer { _ in Self.models }
    let address = proxy.address.replacing("http://", with: "http://user:pa%20ss@")
    let provider = provider(
      at: "http://images.invalid/v1?version=2", ["http_proxy": address])
    #expect(try await provider.models(context)?.map(\.id) == ["a"])
    let request = try #require(proxy.requests.first)
    #expect(request.target == "http://images.invalid/v1/models?version=2")
    #expect(request.headers["host"] == "images.invalid")
    #expect(request.headers["user-agent"] == "imagine/1.2")
    #expect(request.headers["authorization"] == "Bearer service-key")
    #expect(request.headers["proxy-authorization"] == "Basic dXNlcjpwYSBzcw==")
    #expect(request.headers.keys.allSatisfy { !$0.hasPrefix("imagine-") })
    await proxy.close()
  }

  @Test("a tunnel leads to the service, over SOCKS or for https")
  func tunnels() async throws {
    let service = try await StubServer { _ in Self.models }
    let port = try #require(service.address.split(separator: ":").last.flatMap { Int($0) })
    let tunnel = try await TunnelProxy(to: port)
    let socks = provider(
      at: "http://images.invalid:81/v1", ["all_proxy": "socks5://127.0.0.1:\(tunnel.port)"])
    #expect(try await socks.models(context)?.map(\.id) == ["a"])
    #expect(service.requests.map(\.headers["host"]) == ["images.invalid:81"])
    let secure = provider(
      at: "https://images.invalid/v1", ["https_proxy": "u:p@127.0.0.1:\(tunnel.port)"])
    let error = await #expect(throws: ImagineError.self) { try await secure.models(context) }
    // The service behind the tunnel speaks no TLS.
    #expect(error?.message.contains("TLS") == true && error?.charged == .no)
    #expect(error?.message.contains("http://127.0.0.1:\(tunnel.port) (https_proxy)") == true)
    #expect(tunnel.requests.first == "socks images.invalid:81")
    let head = try #require(tunnel.requests.dropFirst().first)
    #expect(head.hasPrefix("CONNECT images.invalid:443 HTTP/1.1"))
    #expect(head.contains("Basic dTpw") && !head.contains("service-key"))
    await tunnel.close()
    await service.close()
  }

  @Test("a proxy that cannot be reached leaves the call unsent")
  func unreachable() async throws {
    let provider = provider(at: "https://images.invalid/v1", ["https_proxy": "127.0.0.1:1"])
    let request = try #require(provider.profile.operations.first).request(
      from: ["prompt": "x"], source: .script)
    let error = await #expect(throws: ImagineError.self) {
      _ = try await provider.perform(request, context)
    }
    #expect(error?.kind == .connection && error?.charged == .no && error?.retryable == true)
  }

  @Test("an IPv6 address is called")
  func version6() async throws {
    let service = try await StubServer { _ in Self.models }
    let address = service.address.replacing("127.0.0.1", with: "[::ffff:127.0.0.1]")
    #expect(try await provider(at: "\(address)/v1", [:]).models(context)?.map(\.id) == ["a"])
    await service.close()
  }

  @Test("the query of an address gets to every route, and into no message")
  func query() throws {
    let endpoint = Endpoint(baseURL: "https://a.org/v1/?key=secret", token: nil)
    #expect(endpoint.address("/models") == "https://a.org/v1/models?key=secret")
    #expect(endpoint.resolve("x.png") == "https://a.org/v1/x.png")
    #expect(!"\(endpoint)\(String(reflecting: endpoint))".contains("secret"))
  }
}
