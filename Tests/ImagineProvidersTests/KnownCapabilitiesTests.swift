import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Synchronization
import Testing

@testable import ImagineProviders

@Suite("What a server promises")
struct KnownCapabilitiesTests {
  private let promise = ServerCapabilities(idempotency: .init(seconds: 60, maxBytes: 255))

  /// A server whose answers a test chooses, and a clock that it moves.
  private final class Server: Sendable {
    let questions = Mutex(0)
    let answer = Mutex<Result<ServerCapabilities?, ImagineError>>(.success(nil))
    let now = Mutex(ContinuousClock.now)

    func known() -> KnownCapabilities { KnownCapabilities { self.now.withLock { $0 } } }

    func ask() throws -> ServerCapabilities? {
      questions.withLock { $0 += 1 }
      return try answer.withLock { $0 }.get()
    }

    func advance(_ seconds: Double) { now.withLock { $0 += .seconds(seconds) } }
  }

  @Test("is asked once for each address, and again after a while")
  func answers() async throws {
    let server = Server()
    server.answer.withLock { $0 = .success(promise) }
    let known = server.known()
    for _ in 0..<3 { #expect(await known.value(of: "a") { try server.ask() } == promise) }
    #expect(server.questions.withLock { $0 } == 1)
    #expect(await known.value(of: "b") { try server.ask() } == promise)
    #expect(server.questions.withLock { $0 } == 2)
    server.answer.withLock { $0 = .success(nil) }
    #expect(await known.value(of: "a") { try server.ask() } == promise)
    server.advance(601)
    #expect(await known.value(of: "a") { try server.ask() } == nil)
  }

  @Test("counts as nothing while it does not answer, and is asked again soon")
  func faults() async throws {
    let server = Server()
    server.answer.withLock { $0 = .failure(ImagineError(.connection, "down")) }
    let known = server.known()
    for _ in 0..<3 { #expect(await known.value(of: "a") { try server.ask() } == nil) }
    // A call is not kept up by each question.
    #expect(server.questions.withLock { $0 } == 1)
    server.answer.withLock { $0 = .success(promise) }
    server.advance(11)
    #expect(await known.value(of: "a") { try server.ask() } == promise)
  }

  @Test("stands for a while after the server stopped to answer, because it may restart")
  func restarts() async throws {
    let server = Server()
    server.answer.withLock { $0 = .success(promise) }
    let known = server.known()
    #expect(await known.value(of: "a") { try server.ask() } == promise)
    server.answer.withLock { $0 = .failure(ImagineError(.connection, "down")) }
    server.advance(601)
    #expect(await known.value(of: "a") { try server.ask() } == promise)
    server.advance(601)
    #expect(await known.value(of: "a") { try server.ask() } == nil)
  }
}
