public import ImagineAPI
import Synchronization

/// What happens in a workflow, for a program that shows it.
public enum WorkflowEvent: Sendable {
  /// A call has changed; the journal has it. Its request is redacted.
  case call(JournaledCall)
  /// The provider has told the state of a job.
  case job(JobStatus, provider: String)
  /// The part of a call that is done, 0 … 1.
  case progress(Double, of: JournaledCall)
  /// A message for the user.
  case notice(String)
}

/// Sends events to those who listen. It never waits for them: a listener that is slow loses the
/// oldest events beyond ``capacity``.
public final class EventSource: Sendable {
  /// Events that are kept for a slow listener.
  public static let capacity = 1024

  private struct State {
    var listeners: [Int: AsyncStream<WorkflowEvent>.Continuation] = [:]
    var count = 0
  }

  private let state = Mutex(State())

  public init() {}

  /// The events from now on.
  public func events() -> AsyncStream<WorkflowEvent> {
    let (stream, continuation) = AsyncStream.makeStream(
      of: WorkflowEvent.self, bufferingPolicy: .bufferingNewest(Self.capacity))
    let number = state.withLock { state in
      state.count += 1
      state.listeners[state.count] = continuation
      return state.count
    }
    continuation.onTermination = { [weak self] _ in
      self?.state.withLock { $0.listeners[number] = nil }
    }
    return stream
  }

  public func send(_ event: @autoclosure () -> WorkflowEvent) {
    let listeners = state.withLock { Array($0.listeners.values) }
    guard !listeners.isEmpty else { return }
    let event = event()
    for listener in listeners { listener.yield(event) }
  }

  /// Ends every stream.
  public func finish() {
    let listeners = state.withLock { Array($0.listeners.values) }
    for listener in listeners { listener.finish() }
  }
}
