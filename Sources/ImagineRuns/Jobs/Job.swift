package import ImagineAPI
import Synchronization

/// A job in a script: its id and the last status from the service.
package final class Job: Sendable {
  package let id: String
  package let provider: any Provider
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

  package var status: JobStatus { latest.withLock { $0 } }

  /// Requests the status from the service.
  package func refresh(_ options: CallOptions = CallOptions()) async throws {
    let status = try await provider.status(of: id, options: options)
    latest.withLock { $0 = status }
  }
}
