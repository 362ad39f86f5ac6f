import GRDB
import ImagineAPI
import Synchronization

/// Commits the writes of many callers in few transactions: writes that arrive during a sync share
/// the next one, so that thirty calls in flight need one fsync.
///
/// Writes are applied in the order of the requests. A failed write does not affect others. A
/// waiting caller gets the outcome of the transaction, including `COMMIT`; the first failure of a
/// write without a waiting caller is kept as ``failure``.
final class GroupCommitWriter: Sendable {
  private struct Item: Sendable {
    let isSynced: Bool
    let write: @Sendable (Database) throws -> Void
    /// Receives the outcome after the transaction.
    let completion: @Sendable ((any Error)?) -> Void
  }

  private struct State {
    var items: [Item] = []
    /// Whether the database's thread is writing items.
    var isWriting = false
    var failure: (any Error)?
  }

  private let database: JournalDatabase
  private let queue: DatabaseQueue
  private let state = Mutex(State())

  /// - Throws: ``ImagineError`` of kind `io` if the database cannot be opened.
  init(_ database: JournalDatabase) throws {
    self.database = database
    queue = try database.queue()
  }

  /// Returns after the write.
  ///
  /// - Parameter isSynced: whether the write is synced to disk (fsync) before this returns;
  ///   otherwise a power failure may lose it.
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

  /// Returns at once and writes later. A power failure may lose the write; the end of the process
  /// does not, once it is made. A failure is kept as ``failure``.
  func writeSoon(_ write: @escaping @Sendable (Database) throws -> Void) {
    add(
      Item(isSynced: false, write: write) { [self] failure in
        guard let failure else { return }
        state.withLock { if $0.failure == nil { $0.failure = failure } }
      })
  }

  /// Writes after all earlier requests, on the calling thread.
  func writeNow(_ write: @escaping @Sendable (Database) throws -> Void) throws {
    let outcome = Mutex<(any Error)?>(nil)
    let last = Item(isSynced: true, write: write) { failure in outcome.withLock { $0 = failure } }
    state.withLock { $0.items.append(last) }
    queue.writeWithoutTransaction { drain($0) }
    if let failure = outcome.withLock({ $0 }) { throw failure }
  }

  /// The first failure of a write without a waiting caller.
  var failure: (any Error)? { state.withLock { $0.failure } }

  /// Converts a failure of a write to an error for the user.
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
      try self.database.checkNotReplaced()
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
