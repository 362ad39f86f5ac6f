package import ImagineAPI
import Synchronization

/// A wait for a job's video: counts the status requests and bounds them by a deadline.
package final class JobWait: Sendable {
  package let job: Job
  let began = ContinuousClock.now
  /// Bounds the whole wait: status requests, pauses and the download.
  let deadline: Deadline
  private let state: Mutex<State>

  private struct State {
    var statusRequests = 0
    var hasMadeLastRequest = false
    var lastReported: Snapshot?
  }

  /// The part of a status that `on_progress` reports.
  private struct Snapshot: Equatable {
    let state: JobState
    let progress: Double?
  }

  /// - Parameters:
  ///   - deadline: when the wait times out.
  ///   - isUnreported: whether the job's current status still has to be reported.
  package init(_ job: Job, by deadline: Deadline, isUnreported: Bool = false) {
    self.job = job
    self.deadline = deadline
    state = Mutex(State(lastReported: isUnreported ? nil : Self.snapshot(of: job)))
  }

  /// How many status requests were sent.
  var statusRequests: Int { state.withLock { $0.statusRequests } }

  func countStatusRequest() { state.withLock { $0.statusRequests += 1 } }

  /// Options of a status request: the deadline of the wait, and no retries, because the wait
  /// retries.
  var statusOptions: CallOptions {
    var options = CallOptions(retry: RetryPolicy(retries: 0))
    options.deadline = deadline
    return options
  }

  /// Seconds until the next status request; nil after the last one, when the wait has timed out.
  ///
  /// The last request is sent shortly before the deadline, so that a job that finishes in time is
  /// not missed.
  ///
  /// - Parameter retryAfter: the pause that the service asked for, in seconds.
  func nextPause(retryAfter: Double? = nil) -> Double? {
    let pause = job.provider.profile.polling.pause(
      after: statusRequests, retryAfter: retryAfter)
    return state.withLock { state in
      let last = deadline.remaining - min(0.5, deadline.seconds / 4)
      if pause < last { return pause }
      guard !state.hasMadeLastRequest, (retryAfter ?? 0) <= last else { return nil }
      state.hasMadeLastRequest = true
      return max(0, last)
    }
  }

  /// The job did not end before the deadline.
  var timeoutError: ImagineError {
    let word = job.status.undocumentedState.map { "; the service says '\($0)'" } ?? ""
    return ImagineError(
      .timeout,
      "the job \(job.id) was not finished within \(deadline.seconds) seconds\(word); it continues",
      retryable: true, job: job.id)
  }

  /// Whether the job's state or progress has changed since the last call of this function.
  func hasChanged() -> Bool {
    let now = Self.snapshot(of: job)
    return state.withLock { state in
      defer { state.lastReported = now }
      return state.lastReported != now
    }
  }

  private static func snapshot(of job: Job) -> Snapshot {
    let status = job.status
    return Snapshot(state: status.state, progress: status.progress)
  }
}
