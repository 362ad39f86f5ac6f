import ImagineAPI
import Synchronization

/// What a server promises, asked once. One that does not answer has promised nothing.
final class KnownCapabilities: Sendable {
  private let question = Mutex<Task<ServerCapabilities?, Never>?>(nil)

  /// - Parameter ask: asks the server; nil if it promises nothing.
  func value(
    _ ask: @escaping @Sendable () async throws -> ServerCapabilities?
  ) async -> ServerCapabilities? {
    let task = question.withLock { question in
      let task = question ?? Task { try? await ask() }
      question = task
      return task
    }
    return await task.value
  }
}
