import GRDB
import ImagineCore
import Synchronization

/// Writes for many callers in few transactions: what arrives while one is being synced goes into
/// the next together, so that thirty calls in flight share a sync.
///
/// Writes happen in the order of asking. One that fails takes no other with it. Whoever waits learns
/// the outcome of the transaction, `COMMIT` included; the first failure of a write that nobody waited
/// for is kept as ``failure``.
final class GroupedWriter: Sendable {
  private struct Item: Sendable {
    let isSynced: Bool
    let write: @Sendable (Database) throws -> Void
    /// Is told the outcome, when the transaction has ended.
    let completion: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var items: [Item] = []
    /// Whether the database's thread is at work on them.
    var isWriting = false
    var failure: (any Error)?
  }

  private let database: JournalDatabase
  private let queue: DatabaseQueue
  private let state = Mutex(State())

  /// - Throws: ``ImagineError`` of kind `io` where the database cannot be opened.
  init(_ database: JournalDatabase) throws {
    self.database = database
    queue = try database.queue()
  }

  /// Returns when the write has been made.
  ///
  /// - Parameter isSynced: whether it is on the disk then; otherwise a power cut may lose it.
  func write(
    isSynced: Bool, _ write: @escaping @Sendable (Database) throws -> Void
  ) async throws {
    try await withCheckedThrowingContinuation {
      (continuation: CheckedContinuation<Void, any Error>) in
      add(
        Item(isSynced: isSynced, write: write) { failure in
          if let failure {
            continuation.resume(throwing: failure)
          } else {
            continuation.resume()
          }
        })
    }
  }

  /// Returns at once. The write follows; a power cut may lose it, the end of the process does not
  /// once it has been made. Where it fails, that is the writer's ``failure``.
  func writeSoon(_ write: @escaping @Sendable (Database) throws -> Void) {
    add(
      Item(isSynced: false, write: write) { [self] failure in
        guard let failure else { return }
        state.withLock { if $0.failure == nil { $0.failure = failure } }
      })
  }

  /// Writes after everything that was asked for before, on the calling thread.
  func writeNow(_ write: @escaping @Sendable (Database) throws -> Void) throws {
    let outcome = Mutex<(any Error)?>(nil)
    let last = Item(isSynced: true, write: write) { failure in outcome.withLock { $0 = failure } }
    state.withLock { $0.items.append(last) }
    queue.writeWithoutTransaction { drain($0) }
    if let failure = outcome.withLock({ $0 }) { throw failure }
  }

  /// The first failure of a write that nobody waited for.
  var failure: (any Error)? { state.withLock { $0.failure } }

  /// What a failure of a write means to a user.
  func fault(_ error: any Error) -> ImagineError {
    error as? ImagineError ?? database.fault(error, "write")
  }

  private func add(_ item: Item) {
    let mustStart = state.withLock { state in
      state.items.append(item)
      defer { state.isWriting = true }
      return !state.isWriting
    }
    if mustStart { queue.asyncWriteWithoutTransaction { [self] in drain($0) } }
  }

  private func takeAll() -> [Item]? {
    state.withLock { state in
      if state.items.isEmpty {
        state.isWriting = false
        return nil
      }
      defer { state.items.removeAll() }
      return state.items
    }
  }

  private func drain(_ database: Database) {
    while let items = takeAll() {
      let failures = write(items, database)
      for (item, failure) in zip(items, failures) { item.completion(failure) }
    }
  }

  private func write(_ items: [Item], _ database: Database) -> [(any Error)?] {
    var failures = [(any Error)?](repeating: nil, count: items.count)
    do {
      try self.database.checkInPlace()
      let level = items.contains(where: \.isSynced) ? "FULL" : "NORMAL"
      try database.execute(sql: "PRAGMA synchronous = \(level)")
      try database.inTransaction(.immediate) {
        for (index, item) in items.enumerated() {
          do {
            try database.inSavepoint {
              try item.write(database)
              return .commit
            }
          } catch {
            failures[index] = error
          }
        }
        return .commit
      }
    } catch {
      return failures.map { $0 ?? error }
    }
    return failures
  }
}
