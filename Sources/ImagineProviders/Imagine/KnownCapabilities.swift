import ImagineAPI
import Synchronization

/// What servers promise, by their addresses: all providers of a process ask each server once in a
/// while.
final class KnownCapabilities: Sendable {
  private struct Entry {
    let question: Task<ServerCapabilities?, any Error>
    /// How long its answer counts; nil as long as there is none.
    var until: ContinuousClock.Instant?
    /// The last answer, and until when it stands for one that is missing: a server that restarts
    /// still promises what it did.
    var last: (value: ServerCapabilities?, until: ContinuousClock.Instant)?
  }

  /// Seconds that an answer counts. A server may be replaced by one that promises less.
  private static let answerSeconds = 600.0
  /// Seconds after which a server is asked again that did not answer.
  private static let faultSeconds = 10.0

  private let entries = Mutex<[String: Entry]>([:])
  private let now: @Sendable () -> ContinuousClock.Instant

  init(now: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) { self.now = now }

  /// What the server at an address promises; nil if it promises nothing, or did not answer
  /// for long.
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
      entries[address] = Entry(question: question, last: entries[address]?.last)
      return question
    }
    let result = await question.result
    return entries.withLock { entries in
      let now = self.now()
      if let known = entries[address], known.question == question, known.until == nil {
        switch result {
        case .success(let value):
          entries[address]?.until = now + .seconds(Self.answerSeconds)
          entries[address]?.last = (value, now + .seconds(2 * Self.answerSeconds))
        case .failure: entries[address]?.until = now + .seconds(Self.faultSeconds)
        }
      }
      if case .success(let value) = result { return value }
      return entries[address]?.last.flatMap { $0.until > now ? $0.value : nil }
    }
  }
}
