import HostStore
import ImagineAPI
import ImagineTestSupport
import ImagineTesting
import Logging
import Synchronization
import Testing

@testable import ImagineProviders

@Suite("One deadline covers a call with its retries, pauses and downloads")
struct DeadlineTests {
  let folder: TemporaryFolder
  let store: FileAssetStore

  init() throws {
    folder = try TemporaryFolder()
    store = FileAssetStore(root: folder.file("assets"))
  }

  private func provider(
    at address: String, timeouts: HTTPTransport.Timeouts = HTTPTransport.Timeouts(),
    limiter: CallLimiter = CallLimiter(), notice: @escaping @Sendable (String) -> Void = { _ in }
  ) -> RetryingProvider {
    RetryingProvider(
      ImagineProvider(
        name: "test", transport: HTTPTransport(timeouts: timeouts, logger: Logger(label: "test")),
        endpoint: Endpoint(baseURL: "\(address)/v2", token: nil)),
      limiter: limiter, notice: notice)
  }

  private func generate(_ provider: any Provider, _ options: CallOptions) async throws
    -> [Output]
  {
    let request = try MediaOperation.generate.request(
      from: ["prompt": .text("a cat")], source: .script)
    return try await provider.outputs(request, count: 1, options: options, into: store)
  }

  @Test(
    "no number of seconds traps a deadline",
    arguments: [0, -1, 1e300, .infinity, -.infinity, .nan, 9.3e18, 5e-324])
  func seconds(number: Double) {
    let deadline = Deadline(in: number)
    #expect(deadline.remaining >= 0)
    #expect(deadline.remaining <= Deadline.maxSeconds)
  }

  @Test("an unanswered status request times out at the deadline and is not retried")
  func question() async throws {
    let server = try await StubServer { _ in .silence }
    var options = CallOptions()
    options.deadline = Deadline(in: 0.3)
    let started = ContinuousClock.now
    let error = await #expect(throws: ImagineError.self) {
      try await provider(at: server.address).status(of: "a", options: options)
    }
    #expect(error?.kind == .timeout)
    #expect(error?.message.contains("0.3 seconds") == true)
    // Without a deadline, the timeout of a status request is 120 seconds.
    #expect(ContinuousClock.now - started < .seconds(60))
    #expect(server.requests.count == 1)
    await server.close()
  }

  @Test("a pause that would exceed the deadline is an error that names the pause")
  func pause() async throws {
    let server = try await StubServer { _ in
      .full(status: 429, headers: ["retry-after": "100"], body: [])
    }
    let started = ContinuousClock.now
    let error = await #expect(throws: ImagineError.self) {
      try await generate(provider(at: server.address), CallOptions(timeout: 5))
    }
    #expect(error?.kind == .rateLimit)
    #expect(error?.charged == .no)
    #expect(error?.message.contains("asks to wait 100 s") == true, "\(String(describing: error))")
    #expect(ContinuousClock.now - started < .seconds(60))
    await server.close()
  }

  @Test("a timeout applies to each attempt, so a retry gets the whole time again")
  func attempts() async throws {
    let server = try await StubServer { _ in .silence }
    let options = CallOptions(
      timeout: 0.8, retry: RetryPolicy(retries: 1, retriesUncertain: true))
    let error = await #expect(throws: ImagineError.self) {
      try await generate(provider(at: server.address), options)
    }
    #expect(error?.kind == .timeout)
    #expect(error?.charged == .unknown)
    #expect(server.requests.count == 2)
    await server.close()
  }

  @Test("the rate limiter does not make a call wait beyond its deadline")
  func turn() async throws {
    let server = try await StubServer { _ in .json(200, "{}") }
    let limiter = CallLimiter()
    limiter.learn(from: ImagineError(.rateLimit, "x", retryAfter: 100))
    var options = CallOptions()
    options.deadline = Deadline(in: 0.1)
    let error = await #expect(throws: ImagineError.self) {
      try await provider(at: server.address, limiter: limiter).status(of: "a", options: options)
    }
    #expect(error?.kind == .timeout)
    #expect(server.requests.isEmpty)
    await server.close()
  }

  @Test(
    "a slow download ends by its own timeout or by the deadline",
    arguments: [true, false])
  func drips(byDeadline: Bool) async throws {
    let server = try await WireServer { _ in
      [.text("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")]
        + (0..<1000).flatMap { _ in [.text("x"), .pause(milliseconds: 20)] }
    }
    var timeouts = HTTPTransport.Timeouts()
    if !byDeadline { timeouts.download = 0.4 }
    var options = CallOptions()
    if byDeadline { options.deadline = Deadline(in: 0.4) }
    var download = Download(
      transport: HTTPTransport(timeouts: timeouts, logger: Logger(label: "test")),
      source: .service(Endpoint(baseURL: server.address, token: nil)), store: store,
      deadline: options.deadline)
    download.policy = RetryPolicy(retries: byDeadline ? 20 : 0)
    let error = await #expect(throws: ImagineError.self) {
      try await download.fetch("\(server.address)/v.mp4")
    }
    #expect(error?.kind == .timeout)
    #expect(server.requests.count == 1)
    #expect(folder.files == [])
    await server.close()
  }

  @Test("the user gets a notice of a pause that the service asks for")
  func noticeOfPause() async throws {
    let notices = Mutex<[String]>([])
    let count = Mutex(0)
    let server = try await StubServer { _ in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return number == 1
        ? .full(status: 503, headers: ["retry-after": "2.2"], body: [])
        : .full(status: 200, body: TinyImage.png)
    }
    let provider = provider(at: server.address) { text in notices.withLock { $0.append(text) } }
    _ = try await generate(provider, CallOptions())
    let notified = notices.withLock { $0 }
    #expect(notified.count == 1)
    #expect(notified.first?.contains("waits 2 s") == true, "\(notified)")
    await server.close()
  }
}
