import Foundation
import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Synchronization
import Testing

@testable import ImagineProviders

/// The charge of a failed call depends on whether the request may have been written.
@Suite("A call is reported as not charged only if it was certainly not sent")
struct CertaintyTests {
  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
    try FileSystem.write(TestCertificate.authority, to: folder.file("authority.pem"))
  }

  /// A provider as scripts use it: it retries the calls that may be retried.
  private func provider(at address: String, trusts: Bool = true) -> any Provider {
    let transport = HTTPTransport(
      trustedCertificates: trusts ? folder.file("authority.pem") : nil,
      logger: Logger(label: "test"))
    return RetryingProvider(
      ImagineProvider(
        name: "test", transport: transport,
        endpoint: Endpoint(baseURL: "\(address)/v2", token: Token("test-token"))),
      limiter: CallLimiter())
  }

  private func generate(by provider: any Provider) async throws -> Asset {
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a cat")], source: .script)
    let images = try await provider.outputs(request, count: 1, options: CallOptions(), into: store)
    return try #require(images.first).asset
  }

  private func fault(of provider: any Provider) async throws -> ImagineError {
    let error = await #expect(throws: ImagineError.self) { _ = try await generate(by: provider) }
    return try #require(error)
  }

  private static let head = "HTTP/1.1 200 OK\r\nConnection: close\r\n"

  @Test("an image that ends with the connection is accepted, even when the connection is aborted")
  func endOfConnection() async throws {
    let server = try await WireServer(.loopback) { _ in
      [.text(Self.head + "\r\n"), .send(TinyImage.png), .abort]
    }
    let asset = try await generate(by: provider(at: server.address))
    #expect(asset.byteCount == TinyImage.png.count)
    #expect(server.requests.count == 1)
    await server.close()
  }

  @Test(
    "a connection that breaks after the request leaves the charge unknown and is not retried",
    arguments: [
      [WireServer.Step.abort], [.close],
      [.text(head), .abort], [.text(head + "Content-Length: 1000\r\n\r\n"), .abort],
      [
        .text(head + "Content-Length: 1000\r\n\r\n"), .send(Array(TinyImage.png.prefix(40))),
        .abort,
      ],
      [.text(head + "Transfer-Encoding: chunked\r\n\r\n40\r\nabc"), .abort],
      [.text(head + "\r\n"), .send(Array(TinyImage.png.prefix(10))), .abort],
      [.text("nonsense\r\n\r\n"), .close],
      [.text(head + "Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde"), .close],
      [.text(head + "Content-Length: -1\r\n\r\n"), .close],
      [.text(head + "Content-Length: 99999999999999999999999\r\n\r\n"), .close],
      [.text(head + "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"), .close],
    ])
  func broken(steps: [WireServer.Step]) async throws {
    for certificate in [TestCertificate.loopback, nil] {
      let server = try await WireServer(certificate) { _ in steps }
      let error = try await fault(of: provider(at: server.address))
      #expect(error.charged == .unknown, "\(error)")
      #expect(!error.retryable)
      #expect(server.requests.count == 1)
      await server.close()
    }
  }

  @Test(
    "a certificate that is untrusted or for another host costs nothing and is not retried")
  func handshakes() async throws {
    let own = try await WireServer(.loopback) { _ in [.close] }
    let untrusted = try await fault(of: provider(at: own.address, trusts: false))
    #expect(untrusted.message.contains("not trusted"), "\(untrusted)")
    let other = try await WireServer(.elsewhere) { _ in [.close] }
    let misnamed = try await fault(of: provider(at: other.address))
    #expect(misnamed.message.contains("another host name"), "\(misnamed)")
    for (error, server) in [(untrusted, own), (misnamed, other)] {
      #expect(error.kind == .connection)
      #expect(error.charged == .no)
      #expect(!error.retryable)
      #expect(server.requests.isEmpty)
      #expect(server.connections == 1)
      await server.close()
    }
  }

  @Test("a server that does not speak TLS is reported, costs nothing and is not retried")
  func plain() async throws {
    let server = try await StubServer { _ in .close }
    let address = server.address.replacing("http://", with: "https://")
    let error = try await fault(of: provider(at: address))
    #expect(error.message.contains("does not speak TLS"), "\(error)")
    #expect(error.charged == .no)
    #expect(!error.retryable)
    await server.close()
  }

  @Test("a connection that closes during the handshake costs nothing and is retried")
  func closedHandshake() async throws {
    let server = try await WireServer(abortsAtOnce: true) { _ in [] }
    let error = try await fault(of: provider(at: "https://127.0.0.1:\(server.port)"))
    #expect(error.charged == .no, "\(error)")
    #expect(error.retryable)
    #expect(server.connections == 3)
    await server.close()
  }

  @Test("a request that its caller cancelled is not written")
  func givenUp() {
    let record = SendRecord()
    let (first, second) = (record.begin(), record.begin())
    #expect(record.willWrite(first))
    #expect(record.end(first))
    #expect(!record.end(second))
    #expect(!record.willWrite(second))
  }

  // MARK: Retries

  /// Throws the given errors in order.
  private final class FailingProvider: Provider {
    let errors: Mutex<[ImagineError]>

    init(_ errors: [ImagineError]) { self.errors = Mutex(errors) }

    let profile = ProviderProfile(name: "failing", kind: "failing", operations: [])

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      throw errors.withLock { $0.removeFirst() }
    }
  }

  private final class Trace: CallObserver {
    let events = Mutex<[String]>([])
    let sendsAllowed: Int

    init(sendsAllowed: Int = .max) { self.sendsAllowed = sendsAllowed }

    func willSend() async throws {
      let count = events.withLock { events in
        events.append("send")
        return events.count { $0 == "send" }
      }
      if count > sendsAllowed { throw ImagineError(.budget, "no more") }
    }
    func wasAnswered(
      at addresses: [String], price: Price?, usage: [String: Int64]
    ) async throws {}
    func attemptFailed(_ charged: ImagineError.Charged) async {
      events.withLock { $0.append(charged.rawValue) }
    }
  }

  @Test("a later attempt does not lower the charge of an earlier one")
  func laterAttempts() async throws {
    let unknown = ImagineError(.connection, "broke", charged: .unknown, retryAfter: 0.01)
    let refused = ImagineError(.connection, "refused", retryable: true, retryAfter: 0.01)
    let busy = ImagineError(.rateLimit, "busy", retryable: true, retryAfter: 0.01)
    let paid = ImagineError(.io, "disk", charged: .yes)
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a cat")], source: .script)
    func run(_ errors: [ImagineError], _ trace: Trace) async throws -> ImagineError {
      let provider = RetryingProvider(FailingProvider(errors), limiter: CallLimiter())
      let options = CallOptions(
        retry: RetryPolicy(retries: errors.count - 1, retriesUncertain: true))
      let error = await #expect(throws: ImagineError.self) {
        _ = try await provider.outputs(request, options: options, observer: trace, into: store)
      }
      return try #require(error)
    }
    for errors in [[unknown, refused], [unknown, busy], [refused, unknown, busy]] {
      let trace = Trace()
      let error = try await run(errors, trace)
      #expect(error.charged == .unknown)
      #expect(error.kind == errors.last?.kind)
      // Each attempt reports its own charge only.
      #expect(trace.events.withLock { $0 } == errors.flatMap { ["send", $0.charged.rawValue] })
    }
    #expect(try await run([unknown, paid], Trace()).charged == .yes)
    #expect(try await run([refused, busy], Trace()).charged == .no)
    // A budget stops the second attempt before it is sent.
    let stopped = try await run([unknown, unknown], Trace(sendsAllowed: 1))
    #expect(stopped.kind == .budget)
    #expect(stopped.charged == .unknown)
  }
}
