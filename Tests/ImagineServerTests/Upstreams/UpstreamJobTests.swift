import ImagineAPI
import Synchronization
import Testing

@testable import ImagineServer

@Suite("A job at an upstream")
struct UpstreamJobTests {
  /// Answers questions with what a test lists, the last one for ever.
  private final class Upstream: Provider {
    let profile = ProviderProfile(
      name: "test", kind: "test", operations: [], polling: JobPolling(firstPause: 0, maxPause: 0))
    let answers: [Result<JobStatus, ImagineError>]
    let times = Mutex<[ContinuousClock.Instant]>([])

    init(_ answers: [Result<JobStatus, ImagineError>]) { self.answers = answers }

    func perform(_ request: Request, _ context: CallContext) async throws -> Outcome {
      throw ImagineError(.validation, "it makes nothing")
    }

    func poll(_ ticket: Ticket, _ context: CallContext) async throws -> JobStatus {
      let number = times.withLock { times in
        times.append(.now)
        return times.count - 1
      }
      return try answers[min(number, answers.count - 1)].get()
    }
  }

  private func status(_ state: JobState, retryAfter: Double? = nil) -> JobStatus {
    var status = JobStatus(id: "j", state: state)
    status.retryAfter = retryAfter
    return status
  }

  private func wait(_ upstream: Upstream, within seconds: Double? = nil) async throws -> JobStatus {
    let options = CallOptions(deadline: seconds.map(Deadline.init(in:)))
    return try await UpstreamJob(ticket: Ticket(id: "j"), options: options) { upstream }
      .finalStatus(outlives: \.retryable)
  }

  @Test("is not asked for again before the time that its answer or its error names")
  func retryAfter() async throws {
    let busy = ImagineError(.rateLimit, "busy", retryable: true, retryAfter: 0.3)
    let upstream = Upstream([
      .success(status(.processing, retryAfter: 0.2)), .failure(busy), .success(status(.finished)),
    ])
    #expect(try await wait(upstream).state == .finished)
    let times = upstream.times.withLock { $0 }
    #expect(times.count == 3)
    #expect(times[1] - times[0] >= .milliseconds(200))
    #expect(times[2] - times[1] >= .milliseconds(300))
  }

  @Test("is asked for again before the deadline, however long it asks to wait")
  func longPause() async throws {
    let upstream = Upstream([
      .success(status(.processing, retryAfter: 86_400)), .success(status(.finished)),
    ])
    let job = UpstreamJob(
      ticket: Ticket(id: "j"), options: CallOptions(deadline: Deadline(in: 20)), mostSeconds: 0.05
    ) { upstream }
    #expect(try await job.finalStatus(outlives: \.retryable).state == .finished)
  }

  @Test("is waited for until the deadline, however long it asks to wait")
  func deadline() async throws {
    let start = ContinuousClock.now
    let upstream = Upstream([.success(status(.processing, retryAfter: 1000))])
    let error = await #expect(throws: ImagineError.self) {
      _ = try await wait(upstream, within: 0.2)
    }
    #expect(error?.kind == .timeout)
    #expect(ContinuousClock.now - start < .seconds(100))
  }

  @Test("that ends without success is an error with its reason, and so is a question's fault")
  func faults() async throws {
    var refused = status(.failed)
    (refused.isRefused, refused.failure) = (true, "no cats")
    let unknown = ImagineError(.notFound, "there is no job")
    for (answer, kind) in [
      (.success(status(.failed)), .jobFailed), (.success(status(.cancelled)), .jobFailed),
      (.success(refused), .refused), (.failure(unknown), .notFound),
    ] as [(Result<JobStatus, ImagineError>, ImagineError.Kind)] {
      let error = await #expect(throws: ImagineError.self) {
        _ = try await wait(Upstream([answer]))
      }
      #expect(error?.kind == kind)
    }
  }
}
