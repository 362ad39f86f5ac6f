import Foundation
import ImagineTestSupport
import ImagineTesting
import Testing

@testable import ImagineServer

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The real program, as a service manager, a load balancer and a log collector see it.
@Suite("The program in operation", .serialized)
struct OperationTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func server(
    _ arguments: String..., environment: [String: String] = [:]
  ) throws -> ServerProcess {
    try ServerProcess(
      ["--home", folder.file("home"), "--port", "0"] + arguments, environment: environment)
  }

  /// The status of a GET; 000 if there is no answer.
  private func status(_ address: String, _ headers: String...) async throws -> String {
    try await ServerProcess.curl(
      ["-o", "/dev/null", "-w", "%{http_code}", address] + headers.flatMap { ["-H", $0] })
  }

  @Test("logs an object a line, with the trace and the client of each request")
  func logs() async throws {
    let server = try server("--log-format", "json", "--trusted-proxy", "127.0.0.1")
    let address = try await server.address()
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    #expect(
      try await status(
        "\(address)/a%0Ab", "traceparent: 00-\(trace)-00f067aa0ba902b7-01",
        "X-Forwarded-For: 6.6.6.6, 192.0.2.7") == "404")
    server.signal(SIGTERM)
    #expect(await server.exit() == 0)
    let lines = try server.log.split(separator: "\n").map { line in
      try #require(
        try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
    for line in lines {
      for key in ["time", "level", "logger", "message"] { #expect(line[key] is String) }
    }
    let request = try #require(lines.first { $0["message"] as? String == "request" })
    let metadata = try #require(request["metadata"] as? [String: Any])
    #expect(metadata["trace"] as? String == trace)
    #expect(metadata["client"] as? String == "192.0.2.7")
    #expect(metadata["status"] as? Int == 404)
    #expect(metadata["path"] as? String == "/a%0Ab")
  }

  @Test("says that it is not ready before it refuses connections, and ends when the time is over")
  func drain() async throws {
    let patient = try server("--drain", "3000")
    let address = try await patient.address()
    #expect(try await status("\(address)/readyz") == "200")
    patient.signal(SIGTERM)
    _ = try await eventually { try await status("\(address)/readyz") == "503" ? true : nil }
    let answer = try await ServerProcess.curl(["\(address)/readyz"])
    #expect(answer.contains("not ready: the server shuts down"))
    // New connections are still answered.
    #expect(try await status("\(address)/healthz") == "200")
    patient.signal(SIGTERM)
    #expect(await patient.exit() == 1)
    let quick = try server("--drain", "1")
    _ = try await quick.address()
    quick.signal(SIGTERM)
    #expect(await quick.exit() == 0)
  }

  /// Asks for the health of the server at an address, as a container does.
  private func check(
    _ address: String
  ) async throws -> (status: Int32, log: String) {
    let check = try ServerProcess(["healthcheck", address])
    return (await check.exit(), check.log)
  }

  @Test("answers its own health check")
  func healthcheck() async throws {
    let server = try server()
    let address = try await server.address()
    for arguments in [[address], [address, "--ready"]] {
      let check = try ServerProcess(["healthcheck"] + arguments)
      #expect(await check.exit() == 0, "\(check.log)")
    }
    let secure = address.replacing("http:", with: "https:")
    #expect(try await check(secure).status != 0)
    try FileManager.default.removeItem(atPath: folder.file("home/server.sqlite"))
    let unwell = try await check(address)
    #expect(unwell.status != 0)
    #expect(unwell.log.contains("1203"), "\(unwell.log)")
    server.signal(SIGTERM)
    _ = await server.exit()
    let nobody = try await check(address)
    #expect(nobody.status != 0)
    #expect(nobody.log.contains("no answer"), "\(nobody.log)")
    let wrong = try await check("127.0.0.1")
    #expect(wrong.status != 0)
    #expect(wrong.log.contains("must be like http://127.0.0.1:8080"), "\(wrong.log)")
  }

  @Test("is not well if it takes a connection and does not answer in time")
  func healthcheckOfSilence() async throws {
    let stub = try await StubServer { _ in .silence }
    let check = try ServerProcess(["healthcheck", stub.address, "--timeout", "0.3"])
    #expect(await check.exit() == 1)
    #expect(check.log.contains("no answer: not within 0.3 seconds"), "\(check.log)")
    await stub.close()
  }

  @Test("answers its own health check on a Unix socket and with TLS")
  func healthcheckElsewhere() async throws {
    let socket = try ServerProcess([
      "--home", folder.file("home"), "--socket", folder.file("s"),
    ])
    _ = try await socket.address()
    let plain = try await check(folder.file("s"))
    #expect(plain.status == 0, "\(plain.log)")
    socket.signal(SIGTERM)
    _ = await socket.exit()
    try FileSystem.write(TestCertificate.loopback.chain, to: folder.file("c.pem"))
    try FileSystem.write(TestCertificate.loopback.key, to: folder.file("k.pem"))
    chmod(folder.file("k.pem"), 0o600)
    let secure = try server(
      "--tls-certificate", folder.file("c.pem"), "--tls-key", folder.file("k.pem"))
    let encrypted = try await check(try await secure.address())
    #expect(encrypted.status == 0, "\(encrypted.log)")
    secure.signal(SIGTERM)
    _ = await secure.exit()
  }

  @Test("takes secrets that the service manager keeps, whatever their mode, and no others")
  func credentials() async throws {
    for name in ["kept", "other"] {
      try FileSystem.write("[[token]]\ntoken = \"alice\"\n", to: folder.file("\(name)/tokens.toml"))
      chmod(folder.file("\(name)/tokens.toml"), 0o440)
    }
    let environment = ["CREDENTIALS_DIRECTORY": folder.file("kept")]
    let running = try server(
      "--tokens", folder.file("kept/tokens.toml"), environment: environment)
    _ = try await running.address()
    running.signal(SIGTERM)
    #expect(await running.exit() == 0)
    let refused = try server(
      "--tokens", folder.file("other/tokens.toml"), environment: environment)
    #expect(await refused.exit() != 0)
    #expect(refused.log.contains("others may read it"))
  }

  @Test("tells the service manager when it is ready and when it stops")
  func serviceManager() async throws {
    let path = folder.file("notify")
    let receiver = try DatagramSocket(path: path)
    let server = try server(environment: ["NOTIFY_SOCKET": path])
    _ = try await server.address()
    #expect(await receiver.receive() == "READY=1")
    server.signal(SIGTERM)
    #expect(await receiver.receive() == "STOPPING=1")
    #expect(await server.exit() == 0)
  }
}

/// A socket that a service manager listens on.
private final class DatagramSocket: Sendable {
  private let descriptor: Int32

  struct Unusable: Error {}

  init(path: String) throws {
    #if canImport(Glibc)
      descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
    #else
      descriptor = socket(AF_UNIX, SOCK_DGRAM, 0)
    #endif
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: Array(path.utf8)) }
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
      }
    }
    guard result == 0 else { throw Unusable() }
    var patience = timeval(tv_sec: 120, tv_usec: 0)
    setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  /// The next message.
  func receive() async -> String {
    await withCheckedContinuation { continuation in
      Thread.detachNewThread { [descriptor] in
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = recv(descriptor, &buffer, buffer.count, 0)
        continuation.resume(
          returning: String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
      }
    }
  }
}
