import Foundation
import ImagineTestSupport
import Testing

@Suite("A call over TLS is paid once, however its connection ends")
struct EncryptedServiceTests {
  let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileSystem.write(TestCertificate.authority, to: folder.file("authority.pem"))
  }

  private func run(
    _ server: WireServer, at base: String? = nil, trusts: Bool = true, proxy: TunnelProxy? = nil
  ) async throws -> Program.Outcome {
    var environment = [
      "IMAGINE_HOME": folder.file("home"), "XDG_CONFIG_HOME": folder.path,
      "IMAGINE_TOKEN": "test-token", "IMAGINE_BASE_URL": "\(base ?? server.address)/v2",
    ]
    if trusts { environment["SSL_CERT_FILE"] = folder.file("authority.pem") }
    if let proxy { environment["HTTPS_PROXY"] = "http://user:word@127.0.0.1:\(proxy.port)" }
    return try await Program.imagine.run(
      [
        "-e",
        """
        local ok, r = pcall(imagine.generate, {prompt = 'x', style = 'anime', seed = 1})
        print(ok and r.format or r.kind .. ' ' .. r.charged, imagine.spent().tokens or 0)
        """,
      ], environment: environment, in: folder.path)
  }

  @Test("an image that ends without close_notify is accepted and counted once")
  func endOfConnection() async throws {
    let server = try await WireServer(.loopback) { _ in
      [.text("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"), .send(TinyImage.png), .abort]
    }
    let outcome = try await run(server)
    #expect(outcome.output == "png\t5\n", "\(outcome)")
    #expect(server.requests.count == 1)
    await server.close()
  }

  @Test(
    "through a proxy's tunnel the service's own certificate is checked", arguments: [true, false])
  func tunnel(trusts: Bool) async throws {
    let server = try await WireServer(.elsewhere) { _ in
      [
        .text("HTTP/1.1 200 OK\r\nContent-Length: \(TinyImage.png.count)\r\n\r\n"),
        .send(TinyImage.png),
      ]
    }
    let proxy = try await TunnelProxy(to: server.port)
    let outcome = try await run(
      server, at: "https://elsewhere.example:8443", trusts: trusts, proxy: proxy)
    #expect(outcome.output == (trusts ? "png\t5\n" : "connection no\t0\n"), "\(outcome)")
    // The proxy reads the name of the service and its own password, and nothing of the call.
    let head = try #require(proxy.requests.first)
    #expect(head.hasPrefix("CONNECT elsewhere.example:8443 "))
    #expect(head.contains("Basic ") && !head.contains("test-token"))
    #expect(server.requests.count == (trusts ? 1 : 0))
    await proxy.close()
    await server.close()
  }

  @Test("a connection that breaks after the request leaves the charge unknown and counts it")
  func broken() async throws {
    let server = try await WireServer(.loopback) { _ in [.abort] }
    let outcome = try await run(server)
    #expect(outcome.output == "connection unknown\t5\n", "\(outcome)")
    #expect(server.requests.count == 1)
    await server.close()
  }

  @Test("a call to a server with an untrusted certificate is not sent and costs nothing")
  func untrusted() async throws {
    let server = try await WireServer(.loopback) { _ in [.abort] }
    let outcome = try await run(server, trusts: false)
    #expect(outcome.output == "connection no\t0\n", "\(outcome)")
    #expect(server.requests.isEmpty)
    await server.close()
  }
}
