import ImagineAPI
import ServerStore

/// Asks the store again while it does not answer.
///
/// A query that was not answered may or may not have been executed. So it must be one that may be
/// executed twice, such as a change with a key.
///
/// - Parameters:
///   - deadline: when it asks no more; nil to ask three times.
///   - pause: seconds between two attempts.
///   - onFault: called after each attempt without an answer.
/// - Throws: ``StoreUnreachable``; what `query` throws.
func untilAnswered<Answer: Sendable>(
  by deadline: Deadline? = nil, pause: Double = 0.2,
  onFault: (StoreUnreachable) -> Void = { _ in }, _ query: () async throws -> Answer
) async throws -> Answer {
  var attempts = 0
  while true {
    do {
      return try await query()
    } catch let fault as StoreUnreachable {
      attempts += 1
      onFault(fault)
      guard deadline.map({ !$0.hasPassed }) ?? (attempts < 3) else { throw fault }
      try? await Task.sleep(for: .seconds(pause))
    }
  }
}
