import HTTPTypes
import ImagineTestSupport
import NIOCore
import Testing

@testable import ImagineServer

@Suite("The client of a request")
struct ClientTests {
  private static let proxies = ["10.0.0.0/8", "127.0.0.1", "2001:db8:1::/48", "unix"]

  /// What is found for a connection from `peer` with these headers.
  struct Case: Sendable, CustomTestStringConvertible {
    var peer: String
    var headers: [(String, String)] = []
    var name: String
    var scheme: String?
    var host: String?
    var testDescription: String { "\(peer) \(headers)" }
  }

  @Test(
    "is what the connection says, or what trusted proxies say, back to the first that is none",
    arguments: [
      Case(peer: "192.0.2.7", name: "192.0.2.7"),
      Case(
        peer: "192.0.2.7",
        headers: [
          ("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Proto", "https"),
          ("X-Forwarded-Host", "evil.example"), ("Forwarded", "for=1.2.3.4;host=evil.example"),
        ], name: "192.0.2.7"),
      Case(peer: "10.1.2.3", name: "10.1.2.3"),
      Case(
        peer: "10.1.2.3",
        headers: [
          ("X-Forwarded-For", "6.6.6.6, 192.0.2.7, 10.9.9.9"), ("X-Forwarded-Proto", "https"),
          ("X-Forwarded-Host", "images.example.org:8443"),
        ], name: "192.0.2.7", scheme: "https", host: "images.example.org:8443"),
      Case(
        peer: "10.1.2.3", headers: [("X-Forwarded-For", "10.9.9.9, 10.8.8.8")], name: "10.9.9.9"),
      Case(
        peer: "::ffff:10.1.2.3", headers: [("X-Forwarded-For", "192.0.2.7:4711")],
        name: "192.0.2.7"),
      Case(
        peer: "2001:db8:1::5", headers: [("X-Forwarded-For", "2001:db8:2::9")],
        name: "2001:db8:2::9"),
      Case(peer: "2001:db8:3::5", headers: [("X-Forwarded-For", "1.2.3.4")], name: "2001:db8:3::5"),
      Case(
        peer: "unix",
        headers: [
          (
            "Forwarded",
            #"for="[2001:db8:2::9]:4711";proto=HTTPS;host="a.example", for=10.1.1.1;proto=http"#
          )
        ], name: "2001:db8:2::9", scheme: "https", host: "a.example"),
      Case(
        peer: "10.1.2.3", headers: [("Forwarded", "for=unknown;proto=https")], name: "unknown",
        scheme: "https"),
      Case(
        peer: "10.1.2.3",
        headers: [("X-Forwarded-For", "<script>"), ("X-Forwarded-Proto", "javascript")],
        name: "unknown"),
      Case(
        peer: "10.1.2.3",
        headers: [("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-Host", "a b/c")], name: "1.2.3.4"),
      Case(
        peer: "10.1.2.3", headers: [("X-Forwarded-Proto", "http, https")], name: "unknown",
        scheme: "https"),
      Case(peer: "10.1.2.3", headers: [("Forwarded", ",;=,\"")], name: "unknown"),
    ])
  func found(test: Case) throws {
    let addresses = ClientAddresses(trustedProxies: Self.proxies.compactMap(AddressRange.init))
    #expect(addresses.trustedProxies.count == Self.proxies.count)
    var headers = HTTPFields()
    for (name, value) in test.headers {
      headers[try #require(HTTPField.Name(name))] = value
    }
    let peer =
      test.peer == "unix"
      ? try SocketAddress(unixDomainSocketPath: "/tmp/s")
      : try SocketAddress(ipAddress: test.peer, port: 1)
    let client = addresses.client(of: headers, peer: peer)
    #expect(client.name == test.name)
    #expect(client.scheme == test.scheme)
    #expect(client.host?.description == test.host)
    #expect(client.isLocal == (test.peer == "unix" && test.headers.isEmpty))
  }

  @Test(
    "ranges of addresses have bounds",
    arguments: [
      "", "unix/3", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0/8", "::/129", "10.0.0.0/8/8",
      "example.org", "fe80::1%eth0",
    ])
  func malformed(range: String) {
    #expect(AddressRange(range) == nil)
  }

  @Test("ranges of addresses hold what shares their first bits, and everything for no bits")
  func ranges() throws {
    let odd = try #require(AddressRange("192.0.2.128/25"))
    #expect(odd.contains(IPAddress("192.0.2.255")))
    #expect(!odd.contains(IPAddress("192.0.2.127")))
    #expect(!odd.contains(nil))
    let all = try #require(AddressRange("0.0.0.0/0"))
    #expect(all.contains(IPAddress("255.1.2.3")))
    #expect(!all.contains(IPAddress("::1")))
    #expect(AddressRange("unix")?.contains(nil) == true)
    #expect(AddressRange("unix")?.contains(IPAddress("127.0.0.1")) == false)
  }

  @Test("gets links to the address that it used, if a trusted proxy tells")
  func links() async throws {
    let headers = [("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "images.example.org")]
    for (proxies, start) in [
      (["127.0.0.0/8"], "https://images.example.org/media/"), ([], "http://127.0.0.1:"),
      (["10.0.0.0/8"], "http://127.0.0.1:"),
    ] {
      try await RunningServer.with {
        $0.trustedProxies = proxies.compactMap(AddressRange.init)
      } _: { server in
        let id = try await server.submitVideo("waves")
        _ = try await server.video(id, until: ["finished"])
        let answer = try await server.send(.get, "/v2/video/\(id)/status", headers: headers)
        let video = try #require(try answer.json["video"] as? [String: Any])
        let url = try #require((video["url"] as? [String: Any])?["generation"] as? String)
        #expect(url.hasPrefix(start), "\(url)")
      }
    }
  }
}
