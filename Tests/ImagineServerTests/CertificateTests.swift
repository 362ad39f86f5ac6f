import AsyncHTTPClient
import Foundation
import ImagineTestSupport
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Testing

@testable import ImagineServer

@Suite("A service with a certificate")
struct CertificateTests {
  private let folder: TemporaryFolder
  private let files: CertificateFiles

  init() throws {
    folder = try TemporaryFolder()
    files = CertificateFiles(
      certificate: folder.file("certificate.pem"), key: folder.file("key.pem"))
    try write(.loopback)
    try FileSystem.write(TestCertificate.authority, to: folder.file("authority.pem"))
  }

  private func write(_ certificate: TestCertificate) throws {
    try FileSystem.write(certificate.chain, to: files.certificate)
    try FileSystem.write(certificate.key, to: files.key)
    chmod(files.key, 0o600)
  }

  @Test("speaks TLS: forms, pictures, links and connections that are kept")
  func speaks() async throws {
    var configuration = HTTPClient.Configuration()
    configuration.tlsConfiguration = .makeClientConfiguration()
    configuration.tlsConfiguration?.trustRoots = .file(folder.file("authority.pem"))
    let client = HTTPClient(
      eventLoopGroup: .singletonMultiThreadedEventLoopGroup, configuration: configuration)
    do {
      try await RunningServer.with {
        $0.tls = files
      } _: { server in
        let address = server.address.replacing("http://", with: "https://")
        func send(_ method: Method, _ path: String, _ form: FormWriter? = nil) async throws
          -> [UInt8]
        {
          var request = HTTPClientRequest(url: address + path)
          request.method = .init(rawValue: method.rawValue)
          request.headers.add(name: "Authorization", value: "Bearer test")
          if let form {
            request.headers.add(
              name: "Content-Type", value: "multipart/form-data; boundary=\(form.boundary)")
            request.body = .bytes(form.bytes)
          }
          let response = try await client.execute(request, timeout: .minutes(1))
          #expect(response.status == .ok)
          return Array(try await response.body.collect(upTo: 64 << 20).readableBytesView)
        }
        // A body larger than one TLS record and one socket buffer.
        let image = FormWriter([
          "prompt": "a cat", "style": "anime",
        ])
        for _ in 0..<3 {
          #expect(try await send(.post, "/v2/image/generations", image).count > 16)
        }
        let id = try await json(
          send(.post, "/v2/video/text-to-video", FormWriter(["prompt": "a", "style": "fast-svd"])))[
            "id"]
        let link = try await eventually {
          let video =
            try await json(send(.get, "/v2/video/\(id as? String ?? "")/status"))["video"]
            as? [String: Any]
          return (video?["url"] as? [String: Any])?["generation"] as? String
        }
        #expect(link.hasPrefix("\(address)/media/"))
        #expect(try await send(.get, String(link.dropFirst(address.count))).count > 0)
        // Without TLS there is no answer, and the server goes on.
        _ = try? await server.send(.get, "/healthz")
        _ = try await send(.get, "/healthz")
      }
    } catch {
      try await client.shutdown()
      throw error
    }
    try await client.shutdown()
  }

  private func json(_ bytes: [UInt8]) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any])
  }

  @Test("says which file is wrong, and what is")
  func faults() throws {
    func expect(_ words: String..., sourceLocation: SourceLocation = #_sourceLocation) {
      let error = #expect(throws: SettingsError.self, sourceLocation: sourceLocation) {
        _ = try ServerCertificate(files)
      }
      for word in words {
        #expect(
          error?.description.contains(word) == true, "\(error.debugDescription)",
          sourceLocation: sourceLocation)
      }
    }
    _ = try ServerCertificate(files)
    chmod(files.key, 0o644)
    expect("key.pem", "others may read it")
    chmod(files.key, 0o600)
    try FileSystem.write(TestCertificate.elsewhere.key, to: files.key)
    expect("key.pem", "does not belong", "certificate.pem")
    try FileSystem.write("no key", to: files.key)
    expect("key.pem", "no private key")
    try FileManager.default.removeItem(atPath: files.key)
    expect("key.pem", "no such file")
    for text in ["", "no certificate", String(TestCertificate.loopback.chain.dropLast(60))] {
      try FileSystem.write(text, to: files.certificate)
      expect("certificate.pem", "no certificate")
    }
  }

  @Test("takes a new certificate on SIGHUP, and keeps the old one where the new one is broken")
  func reload() async throws {
    let server = try ServerProcess([
      "--home", folder.file("home"), "--port", "0", "--tls-certificate", files.certificate,
      "--tls-key", files.key,
    ])
    let address = try await server.address()
    #expect(address.hasPrefix("https://127.0.0.1:"))
    let port = address.split(separator: ":").last.map(String.init) ?? ""
    func health(_ host: String) async throws -> String {
      try await ServerProcess.curl([
        "--cacert", folder.file("authority.pem"), "--resolve",
        "elsewhere.example:\(port):127.0.0.1",
        "-o", "/dev/null", "-w", "%{http_code} %{http_version}", "https://\(host):\(port)/healthz",
      ])
    }
    #expect(try await health("127.0.0.1") == "200 1.1")
    #expect(try await health("elsewhere.example").hasPrefix("000"))
    try FileSystem.write("broken", to: files.certificate)
    server.signal(SIGHUP)
    _ = try await eventually { server.log.contains("nothing was reloaded") ? true : nil }
    #expect(try await health("127.0.0.1") == "200 1.1")
    try write(.elsewhere)
    server.signal(SIGHUP)
    _ = try await eventually { server.log.contains("reloaded the files") ? true : nil }
    #expect(try await health("127.0.0.1").hasPrefix("000"))
    // The host check of a server that accepts any token refuses the name; the certificate is right.
    #expect(try await health("elsewhere.example") == "421 1.1")
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
  }

  @Test(
    "refuses half a certificate, and one for a socket",
    arguments: [
      (["--tls-certificate", "c"], "--tls-key"), (["--tls-key", "k"], "--tls-certificate"),
      (["--tls-certificate", "c", "--tls-key", "k", "--socket", "s"], "--socket"),
      (["--tls-certificate", "/none", "--tls-key", "/none"], "/none: there is no such file"),
      (["--trusted-proxy", "10.0.0.0/99"], "--trusted-proxy"), (["--drain", "-1"], "--drain"),
      (["--page", "maybe"], "--page"), (["--log-format", "xml"], "--log-format"),
      (["--metrics-token", "/none"], "/none: there is no such file"),
    ])
  func options(arguments: [String], words: String) async throws {
    let server = try ServerProcess(["--home", folder.file("home"), "--port", "0"] + arguments)
    #expect(await server.exit() != 0)
    #expect(server.log.contains(words), "\(server.log)")
  }
}
