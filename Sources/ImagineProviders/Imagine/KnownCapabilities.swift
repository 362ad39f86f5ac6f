import ImagineAPI
import Synchronization

/// What servers promise, by their addresses: all providers of a process ask each server once in a
/// while.
final class KnownCapabilities: Sendable {
  private struct Entry {
    let question: Task<ServerCapabilities?, any Error>
    /// How long its answer counts; nil as long as there is none.
    var until: ContinuousClock.Instant?
  }

  /// Seconds that an answer counts. A server may be replaced by one that promises less.
  private static let answerSeconds = 600.0
  /// Seconds after which a server is asked again that did not answer.
  private static let faultSeconds = 10.0

  private let entries = Mutex<[String: Entry]>([:])
  private let now: @Sendable () -> ContinuousClock.Instant

  init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

  /// What the server at an address promises; nil if it promises nothing, or did not answer.
  ///
  /// - Parameter ask: asks the server; nil if it promises nothing. Throws if it did not answer.
  func value(
    of address: String, _ ask: @escaping @Sendable () async throws -> ServerCapabilities?
  ) async -> ServerCapabilities? {
    let now = now()
    let question = entries.withLock { entries in
      if let known = entries[address], known.until.map({ $0 > now }) ?? true {
        return known.question
      }
      let question = Task { try await ask() }
      entries[address] = Entry(question: question)
      return question
    }
    let result = await question.result
    let isAnswered = if case .success = result { true } else { false }
    entries.withLock { entries in
      guard entries[address]?.question == question, entries[address]?.until == nil else { return }
      entries[address]?.until =
        self.now() + .seconds(isAnswered ? Self.answerSeconds : Self.faultSeconds)
    }
    return try? result.get()
  }
}
