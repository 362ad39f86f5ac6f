import GRDB
import ImagineCore
import Synchronization

/// Writes for many callers in few transactions: what arrives while one is being synced goes into
/// the next together, so that thirty calls in flight share a sync.
///
/// Writes happen in the order of asking. One that fails takes no other with it.
final class GroupedWriter: Sendable {
  private struct Item: Sendable {
    let isSynced: Bool
    let write: @Sendable (Database) throws -> Void
    /// Nil where nobody waits.
    let continuation: CheckedContinuation<Void, any Error>?
  }

  private struct State {
    var items: [Item] = []
    /// Whether the database's thread is at work on them.
    var isWriting = false
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
    try await withCheckedThrowingContinuation { continuation in
      add(Item(isSynced: isSynced, write: write, continuation: continuation))
    }
  }

  /// Returns at once. The write follows; a power cut may lose it, the end of the process does not
  /// once it has been made.
  func writeSoon(_ write: @escaping @Sendable (Database) throws -> Void) {
    add(Item(isSynced: false, write: write, continuation: nil))
  }

  /// Writes after everything that was asked for before, on the calling thread.
  func writeNow(_ write: @escaping @Sendable (Database) throws -> Void) throws {
    let failure = Mutex<(any Error)?>(nil)
    let last = Item(
      isSynced: true,
      write: { database in
        do { try write(database) } catch {
          failure.withLock { $0 = error }
          throw error
        }
      }, continuation: nil)
    state.withLock { $0.items.append(last) }
    queue.writeWithoutTransaction { drain($0) }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  /// What a fault of a write means to a user.
  func fault(_ error: DatabaseError) -> ImagineError { database.fault(error, "write") }

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
      let failures = Self.write(items, database)
      for (item, failure) in zip(items, failures) {
        if let failure {
          item.continuation?.resume(throwing: failure)
        } else {
          item.continuation?.resume()
        }
      }
    }
  }

  private static func write(_ items: [Item], _ database: Database) -> [(any Error)?] {
    var failures = [(any Error)?](repeating: nil, count: items.count)
    do {
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
