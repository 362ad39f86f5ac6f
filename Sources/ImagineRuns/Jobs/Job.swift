public import ImagineAPI
import Synchronization

/// A job that makes a video: its id and the last status from the service.
public final class Job: Sendable {
  public let id: String
  public let provider: any Provider
  package let workflow: Workflow
  /// The call that submitted it; nil if another run did.
  package let call: CallEntry?
  private let latest: Mutex<JobStatus>

  init(status: JobStatus, provider: any Provider, workflow: Workflow, call: CallEntry?) {
    id = status.id
    self.provider = provider
    self.workflow = workflow
    self.call = call
    latest = Mutex(status)
  }

  /// The last known status.
  public var status: JobStatus { latest.withLock { $0 } }

  /// Requests the status from the service; not for a provider that made the video at once.
  ///
  /// - Throws: ``ImagineError``.
  public func refresh(_ options: CallOptions = CallOptions()) async throws {
    if let call, call.record.job == nil, call.record.isAnswered { return }
    let status = try await provider.poll(
      Ticket(id: id), CallContext(options, store: workflow.assets))
    latest.withLock { $0 = status }
    workflow.eventSource.send(.job(status, provider: provider.name))
  }

  /// Waits for the video and downloads it.
  ///
  /// - Parameter timeout: seconds.
  /// - Throws: ``ImagineError``, of kind `timeout` if the job has not ended by then; it goes on.
  public func wait(timeout: Double = StandardTimeout.wait) async throws -> Video {
    try await workflow.wait(for: self, by: Deadline(in: timeout))
  }

  /// Deletes the job and its video at the provider.
  ///
  /// - Throws: ``ImagineError``.
  public func delete() async throws {
    try await workflow.delete(id: id, provider: provider)
  }
}
