import Foundation
import ImagineAPI
import ImagineTestSupport
import Synchronization
import Testing

@testable import ImagineProviders

@Suite("Calls are retried by a policy")
struct RetryTests {
  private static func error(
    retryable: Bool = true, charged: ImagineError.Charged = .no, retryAfter: Double? = nil
  ) -> ImagineError {
    ImagineError(
      .unavailable, "x", retryable: retryable, charged: charged, retryAfter: retryAfter)
  }

  @Test("pauses double up to eight seconds, with a jitter of up to a quarter less")
  func pauses() {
    let policy = RetryPolicy(retries: 10)
    let longest = (1...7).map { policy.pause(after: Self.error(), attempt: $0, jitter: 0) }
    let shortest = (1...7).map { policy.pause(after: Self.error(), attempt: $0, jitter: 1) }
    #expect(longest == [0.5, 1, 2, 4, 8, 8, 8])
    #expect(shortest == [0.375, 0.75, 1.5, 3, 6, 6, 6])
  }

  @Test("a Retry-After date is compared with the service's Date header if it has one")
  func serviceClock() {
    let headers = [
      "Retry-After": "Sun, 06 Nov 1994 08:50:07 GMT", "Date": "Sun, 06 Nov 1994 08:49:37 GMT",
    ]
    let hoursAhead = Date(timeIntervalSince1970: 784_111_777 + 7200)
    #expect(RetryAfter.seconds(in: { headers[$0] }, now: hoursAhead) == 30)
    let ownClock = Date(timeIntervalSince1970: 784_111_777 + 20)
    #expect(
      RetryAfter.seconds(
        in: { $0 == "Date" ? nil : headers[$0] }, now: ownClock) == 10)
  }

  @Test("a call is retried twice by default")
  func standard() {
    let policy = RetryPolicy()
    #expect(policy.pause(after: Self.error(), attempt: 2) != nil)
    #expect(policy.pause(after: Self.error(), attempt: 3) == nil)
  }

  @Test("a call with an unknown charge is retried only if the script allows it")
  func uncertain() {
    let error = Self.error(retryable: false, charged: .unknown)
    #expect(RetryPolicy().pause(after: error, attempt: 1) == nil)
    #expect(RetryPolicy(retriesUncertain: true).pause(after: error, attempt: 1) != nil)
  }

  @Test("a Retry-After of up to two minutes is honoured")
  func asked() {
    let policy = RetryPolicy()
    #expect(policy.pause(after: Self.error(retryAfter: 0.02), attempt: 1) == 0.02)
    #expect(policy.pause(after: Self.error(retryAfter: 120), attempt: 1) == 120)
    #expect(policy.pause(after: Self.error(retryAfter: 121), attempt: 1) == nil)
  }

  @Test("Retry-After is parsed as seconds, milliseconds or a date")
  func retryAfter() {
    let now = Date(timeIntervalSince1970: 784_111_777)
    func read(_ headers: [String: String]) -> Double? {
      RetryAfter.seconds(in: { headers[$0] }, now: now)
    }
    #expect(read(["Retry-After": "7"]) == 7)
    #expect(read(["Retry-After": "1.5"]) == 1.5)
    #expect(read(["retry-after-ms": "250", "Retry-After": "7"]) == 0.25)
    #expect(read(["Retry-After": "Sun, 06 Nov 1994 08:49:47 GMT"]) == 10)
    #expect(read(["Retry-After": "Sun, 06 Nov 1994 08:49:27 GMT"]) == 0)
    #expect(read(["Retry-After": "soon"]) == nil)
    #expect(read(["Retry-After": "-1"]) == nil)
    #expect(read([:]) == nil)
  }
}

@Suite("Calls are limited in concurrency and rate")
struct CallLimiterTests {
  /// Counts the calls in flight and their maximum.
  private final class InFlightCounter: Sendable {
    private let counts = Mutex((current: 0, most: 0))
    var most: Int { counts.withLock { $0.most } }

    func enter() { counts.withLock { $0 = ($0.current + 1, max($0.most, $0.current + 1)) } }
    func leave() { counts.withLock { $0.current -= 1 } }
  }

  @Test("no more calls are in flight than the limit allows")
  func concurrency() async throws {
    let limiter = CallLimiter(concurrency: 3)
    let counter = InFlightCounter()
    try await withThrowingTaskGroup(of: Void.self) { group in
      for _ in 0..<50 {
        group.addTask {
          try await limiter.call {
            counter.enter()
            await Task.yield()
            counter.leave()
          }
        }
      }
      try await group.waitForAll()
    }
    #expect((1...3).contains(counter.most))
  }

  @Test("a call that is cancelled while it waits is not sent")
  func cancelled() async throws {
    let limiter = CallLimiter(concurrency: 1)
    let (opened, open) = AsyncStream.makeStream(of: Void.self)
    let (entered, enter) = AsyncStream.makeStream(of: Void.self)
    let first = Task {
      try await limiter.call {
        enter.finish()
        for await _ in opened {}
      }
    }
    for await _ in entered {}
    let made = Mutex(false)
    let second = Task { try await limiter.call { made.withLock { $0 = true } } }
    second.cancel()
    await #expect(throws: CancellationError.self) { try await second.value }
    open.finish()
    try await first.value
    #expect(made.withLock { $0 } == false)
    try await limiter.call {}
  }

  @Test("a rate limit learned from a 429 applies to later calls")
  func learnt() async throws {
    let limiter = CallLimiter()
    var error = ImagineError(.rateLimit, "x", retryAfter: 0)
    error.rateLimit = 3
    limiter.learn(from: error)
    for _ in 0..<3 { try await limiter.call {} }
    // The fourth would begin in a minute.
    let made = Mutex(false)
    let fourth = Task { try await limiter.call { made.withLock { $0 = true } } }
    limiter.set(concurrency: nil, rate: 3)
    fourth.cancel()
    await #expect(throws: CancellationError.self) { try await fourth.value }
    #expect(made.withLock { $0 } == false)
    limiter.set(concurrency: nil, rate: 4)
    try await limiter.call {}
  }

  @Test("every call waits as long as a 429 asks")
  func paused() async throws {
    let limiter = CallLimiter()
    limiter.learn(from: ImagineError(.rateLimit, "x", retryAfter: 0.2))
    let started = ContinuousClock.now
    try await limiter.call {}
    #expect(ContinuousClock.now - started >= .milliseconds(190))
  }
}
