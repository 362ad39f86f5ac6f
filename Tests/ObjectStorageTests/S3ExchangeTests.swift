import Foundation
import ImagineTestSupport
import Logging
import Synchronization
import Testing

@testable import ObjectStorage

@Suite("A request to an object storage")
struct S3ExchangeTests {
  private static let ok: [WireServer.Step] = [
    .text("HTTP/1.1 200 OK\r\nETag: \"t\"\r\nContent-Length: 2\r\n\r\nok")
  ]

  private static func answer(_ status: String, _ body: String, _ header: String = "")
    -> [WireServer.Step]
  {
    [.text("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(header)\r\n\(body)")]
  }

  private static func bucket(
    _ address: String, certificates: String? = nil, wholeBytes: Int = 64 << 20,
    change: (inout S3Exchange.Patience) -> Void = { _ in }
  ) throws -> S3Bucket {
    var patience = S3Exchange.Patience()
    patience.firstPause = 0.001
    change(&patience)
    return try S3Bucket(
      S3Location(
        endpoint: try #require(S3Endpoint(address)), bucket: "b",
        trustedCertificates: certificates),
      S3Credentials(accessKey: "access-key", secretKey: "secret-key", sessionToken: "token-text"),
      patience: patience, wholeBytes: wholeBytes,
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
  }

  @Test(
    "is sent again, with its body, after a fault that may pass",
    arguments: [
      answer("503 Slow Down", "<Error><Code>SlowDown</Code></Error>"),
      answer("500 Internal", ""), answer("429 Many", "", "Retry-After: 0\r\n"),
      answer("400 Bad", "<Error><Code>RequestTimeout</Code></Error>"), [.close], [.abort],
      [.text("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nok"), .close],
    ])
  func retries(_ fault: [WireServer.Step]) async throws {
    let server = try await WireServer { $0 < 3 ? fault : Self.ok }
    try await Self.bucket(server.address).put(Array("film".utf8), as: "x", type: "video/mp4")
    #expect(server.requests.count == 3)
    #expect(server.requests.allSatisfy { $0.hasSuffix("\r\n\r\nfilm") })
    await server.close()
  }

  @Test(
    "ends at once if the service asks for a wait beyond the deadline, however long that is",
    arguments: [
      "3600", "1e20", "inf", "nan", "-1",
    ])
  func hostileRetryAfter(seconds: String) async throws {
    let server = try await WireServer { _ in
      Self.answer("503 Slow Down", "", "Retry-After: \(seconds)\r\n")
    }
    let bucket = try Self.bucket(server.address)
    let error = await #expect(throws: S3Error.self) { _ = try await bucket.bytes(of: "x") }
    let isLong = seconds != "nan" && seconds != "-1"
    #expect(error?.status == 503 && server.requests.count == (isLong ? 1 : 5))
    await server.close()
  }

  @Test("waits as long as the service asks")
  func retryAfter() async throws {
    let patient = try await WireServer {
      $0 == 1 ? Self.answer("503 Slow Down", "", "Retry-After: 1\r\n") : Self.ok
    }
    let begin = ContinuousClock.now
    try await Self.bucket(patient.address).put([1], as: "x", type: "image/png")
    #expect(ContinuousClock.now - begin > .seconds(0.9))
    await patient.close()
  }

  @Test("ends after a few attempts, and at once after a refusal")
  func attempts() async throws {
    for (status, attempts) in [("503 Busy", 5), ("403 Forbidden", 1), ("301 Moved", 1)] {
      let server = try await WireServer { _ in Self.answer(status, "") }
      let bucket = try Self.bucket(server.address)
      let error = await #expect(throws: S3Error.self) { _ = try await bucket.bytes(of: "x") }
      #expect(error?.status == Int(status.prefix(3)) && server.requests.count == attempts)
      await server.close()
    }
  }

  @Test("ends at its deadline, if the service does not answer or sends too slowly")
  func deadline() async throws {
    let slow: [WireServer.Step] =
      [.text("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")]
      + Array(repeating: [.text("."), .pause(milliseconds: 20)], count: 500).joined()
    for steps in [[.pause(milliseconds: 10_000)], slow] {
      let server = try await WireServer { _ in steps }
      let bucket = try Self.bucket(server.address) {
        $0.attempt = 0.3
        $0.all = 1
        $0.attempts = 2
        $0.bytesPerSecond = 1e12
      }
      let begin = ContinuousClock.now
      let error = await #expect(throws: S3Error.self) { _ = try await bucket.bytes(of: "x") }
      #expect(error?.message.contains("no answer in time") == true, "\(error as Any)")
      #expect(ContinuousClock.now - begin < .seconds(5))
      await server.close()
    }
  }

  @Test("is cancelled with its task")
  func cancellation() async throws {
    let server = try await WireServer { _ in [.pause(milliseconds: 60_000)] }
    let bucket = try Self.bucket(server.address)
    let task = Task { _ = try await bucket.bytes(of: "x") }
    #expect(await eventually { !server.requests.isEmpty })
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    await server.close()
  }

  @Test("trusts the certificates of its file, and needs them")
  func certificates() async throws {
    let folder = try TemporaryFolder()
    try FileSystem.write(TestCertificate.authority, to: folder.file("ca.pem"))
    let server = try await WireServer(.loopback) { _ in Self.ok }
    try await Self.bucket(server.address, certificates: folder.file("ca.pem"))
      .put([1], as: "x", type: "image/png")
    #expect(server.requests.count == 1)
    let untrusting = try Self.bucket(server.address)
    let error = await #expect(throws: S3Error.self) { _ = try await untrusting.bytes(of: "x") }
    #expect(error?.isRetryable == false, "\(error as Any)")
    await server.close()
  }

  @Test("leaves no secret in an error, even if the service repeats it")
  func secrets() async throws {
    let body = """
      <Error><Code>SignatureDoesNotMatch</Code><Message>secret-key of access-key, token-text\
      </Message><StringToSign>secret-key</StringToSign></Error>
      """
    let server = try await WireServer { _ in Self.answer("403 Forbidden", body) }
    let bucket = try Self.bucket(server.address)
    let error = await #expect(throws: S3Error.self) { _ = try await bucket.bytes(of: "x") }
    let text = "\(error as Any) \(String(reflecting: error)) \(bucket.exchange.signature)"
    #expect(text.contains("… of …, …"))
    for secret in ["secret-key", "access-key", "token-text"] { #expect(!text.contains(secret)) }
    #expect(server.requests[0].contains("x-amz-security-token: token-text"))
    #expect(!server.requests[0].contains("secret-key"))
    await server.close()
  }

  @Test("for a large file is undone if a part fails, and is not if its end was only not answered")
  func parts() async throws {
    let folder = try TemporaryFolder()
    try Data(count: 20 << 20).write(to: URL(fileURLWithPath: folder.file("film")))
    let begun = Self.answer("200 OK", "<R><UploadId>u&amp;1</UploadId></R>")
    let failing = try await WireServer { $0 == 1 ? begun : Self.answer("403 Forbidden", "") }
    let bucket = try Self.bucket(failing.address, wholeBytes: 1 << 20)
    await #expect(throws: S3Error.self) {
      try await bucket.put(file: folder.file("film"), as: "x", type: "video/mp4")
    }
    #expect(failing.requests.count == 3)
    #expect(failing.requests[1].hasPrefix("PUT /b/x?partNumber=1&uploadId=u%261 "))
    #expect(failing.requests[2].hasPrefix("DELETE /b/x?uploadId=u%261 "))
    await failing.close()
    let size = "HTTP/1.1 200 OK\r\nContent-Length: \(20 << 20)\r\n\r\n"
    let lost = try await WireServer { number in
      switch number {
      case 1: begun
      case 2, 3: Self.ok
      case 4: Self.answer("200 OK", "<Error><Code>InternalError</Code></Error>")
      case 5: Self.answer("404 Not Found", "<Error><Code>NoSuchUpload</Code></Error>")
      default: [.text(size)]
      }
    }
    try await Self.bucket(lost.address, wholeBytes: 1 << 20)
      .put(file: folder.file("film"), as: "x", type: "video/mp4")
    #expect(lost.requests.last?.hasPrefix("HEAD /b/x ") == true)
    #expect(lost.requests.count == 6)
    await lost.close()
  }

  @Test("for an address signs the name by which clients know the service")
  func publicEndpoint() throws {
    var location = S3Location(
      endpoint: try #require(S3Endpoint("http://10.0.0.1:9000")), bucket: "b", prefix: "p/")
    location.publicEndpoint = S3Endpoint("https://media.example.org")
    let bucket = try S3Bucket(
      location, S3Credentials(accessKey: "access-key", secretKey: "secret-key"),
      logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    let address = bucket.address(of: "jobs/1/video.mp4", seconds: 120)
    #expect(address.hasPrefix("https://media.example.org/b/p/jobs/1/video.mp4?X-Amz-Algorithm="))
    #expect(address.contains("X-Amz-SignedHeaders=host&"))
  }
}
