import ServerStore
import Synchronization

/// Queries that meet go together: while one of a key is in work, others of that key wait, and then go in
/// one transaction.
///
/// So what must lock the same row costs one wait for the disk, however many callers there are.
final class Gathering<Key: Hashable & Sendable, Query: Sendable, Answer: Sendable>: Sendable {
  typealias Execution = @Sendable (Key, [Query]) async throws -> [Answer]

  private struct Caller {
    let query: Query
    let answer: CheckedContinuation<Answer, any Error>
  }

  /// The callers that wait, by key. A key with a query in work has a list, if an empty one.
  private let waiting = Mutex<[Key: [Caller]]>([:])

  /// The most queries of one transaction.
  private static var most: Int { 200 }

  /// - Parameter execute: executes queries in their order, and returns as many answers.
  func perform(_ query: Query, of key: Key, _ execute: @escaping Execution) async throws -> Answer {
    try await withCheckedThrowingContinuation { continuation in
      let caller = Caller(query: query, answer: continuation)
      let isFirst = waiting.withLock { waiting in
        guard waiting[key] == nil else {
          waiting[key]?.append(caller)
          return false
        }
        waiting[key] = [caller]
        return true
      }
      // Not the caller's own task: the others must not suffer if it is cancelled.
      if isFirst { Task { await drain(key, execute) } }
    }
  }

  /// Whether a query of a key is in work.
  func isBusy(_ key: Key) -> Bool { waiting.withLock { $0[key] != nil } }

  private func drain(_ key: Key, _ execute: Execution) async {
    while true {
      let callers = waiting.withLock { waiting in
        let all = waiting[key] ?? []
        waiting[key] = all.isEmpty ? nil : Array(all.dropFirst(Self.most))
        return Array(all.prefix(Self.most))
      }
      guard !callers.isEmpty else { return }
      await answer(callers, of: key, execute)
    }
  }

  private func answer(_ callers: [Caller], of key: Key, _ execute: Execution) async {
    do {
      let answers = try await execute(key, callers.map(\.query))
      guard answers.count == callers.count else {
        throw StoreUnreachable(
          "the database gave \(answers.count) answers to \(callers.count) queries")
      }
      for (caller, answer) in zip(callers, answers) { caller.answer.resume(returning: answer) }
    } catch is PostgresError where callers.count > 1 {
      // One of them is wrong. The others do not fail for it.
      for caller in callers { await answer([caller], of: key, execute) }
    } catch {
      for caller in callers { caller.answer.resume(throwing: error) }
    }
  }
}
