import ImagineCore
import ImagineStore
import ImagineTestSupport
import Logging
import Synchronization
import Testing

@testable import ImagineClient

@Suite("One deadline holds for a call and all that belongs to it")
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
  ) -> PatientProvider {
    PatientProvider(
      ImagineProvider(
        name: "test", transport: HTTPTransport(timeouts: timeouts, logger: Logger(label: "test")),
        endpoint: Endpoint(baseURL: "\(address)/v2", token: nil)),
      limiter: limiter, notice: notice)
  }

  private func draw(_ provider: any Provider, _ options: CallOptions) async throws -> [Drawing] {
    let request = try Operation.generate.request(from: ["prompt": .text("a cat")], by: .script)
    return try await provider.draw(request, count: 1, options: options, into: store)
  }

  @Test(
    "no number of seconds traps",
    arguments: [0, -1, 1e300, .infinity, -.infinity, .nan, 9.3e18, 5e-324])
  func seconds(number: Double) {
    let deadline = Deadline(in: number)
    #expect(deadline.left >= 0)
    #expect(deadline.left <= Deadline.longest)
  }

  @Test("a question that is not answered ends with it, however often it might be asked")
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
    // The limit of a question by itself is 120 seconds.
    #expect(ContinuousClock.now - started < .seconds(60))
    #expect(server.requests.count == 1)
    await server.close()
  }

  @Test("a pause that would pass it is not begun, and the error says so")
  func pause() async throws {
    let server = try await StubServer { _ in
      .full(status: 429, headers: ["retry-after": "100"], body: [])
    }
    let started = ContinuousClock.now
    let error = await #expect(throws: ImagineError.self) {
      try await draw(provider(at: server.address), CallOptions(timeout: 5))
    }
    #expect(error?.kind == .rateLimit)
    #expect(error?.charged == .no)
    #expect(error?.message.contains("asks to wait 100 s") == true, "\(String(describing: error))")
    #expect(ContinuousClock.now - started < .seconds(60))
    await server.close()
  }

  @Test("a timeout is for each attempt, so one that is used up leaves time for the next")
  func attempts() async throws {
    let server = try await StubServer { _ in .silence }
    let options = CallOptions(
      timeout: 0.8, retry: RetryPolicy(retries: 1, retriesUncertain: true))
    let error = await #expect(throws: ImagineError.self) {
      try await draw(provider(at: server.address), options)
    }
    #expect(error?.kind == .timeout)
    #expect(error?.charged == .unknown)
    #expect(server.requests.count == 2)
    await server.close()
  }

  @Test("a turn that others hold back is not waited for longer")
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
    "a download that drips has an end, by its own limit and by the deadline",
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

  @Test("a user is told of a wait that a service asks for")
  func told() async throws {
    let notices = Mutex<[String]>([])
    let count = Mutex(0)
    let server = try await StubServer { _ in
      let number = count.withLock { count in
        count += 1
        return count
      }
      return number == 1
        ? .full(status: 503, headers: ["retry-after": "2.2"], body: [])
        : .full(status: 200, body: TinyPicture.png)
    }
    let provider = provider(at: server.address) { text in notices.withLock { $0.append(text) } }
    _ = try await draw(provider, CallOptions())
    let told = notices.withLock { $0 }
    #expect(told.count == 1)
    #expect(told.first?.contains("waits 2 s") == true, "\(told)")
    await server.close()
  }
}
