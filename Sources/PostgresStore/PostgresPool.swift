import Dispatch
import Foundation
import ServerStore
import Synchronization

/// Connections to one database, each with a thread of its own. A connection is opened when its thread
/// first has something to do.
final class PostgresPool: Sendable {
  private typealias Answer = CheckedContinuation<[PostgresRow], any Error>

  private struct Transaction {
    let statements: [PostgresStatement]
    let settings: TransactionSettings
    let deadline: ContinuousClock.Instant
    let answer: Answer
  }

  /// What the threads share; they keep it, and not the pool.
  private final class Shared: Sendable {
    struct Queue {
      var transactions: [Transaction] = []
      /// The index of the first one that no thread has taken.
      var first = 0
    }

    let address: PostgresAddress
    let pacing = ConnectionPacing()
    let queue = Mutex(Queue())
    let arrivals = DispatchSemaphore(value: 0)

    init(_ address: PostgresAddress) { self.address = address }
  }

  /// Seconds until a transaction must be done.
  static let patience = 6.0

  private let shared: Shared
  private let size: Int

  init(_ address: PostgresAddress, size: Int) {
    shared = Shared(address)
    self.size = size
    for number in 1...size {
      BlockingThread.run("postgres \(number)") { [shared] in Self.serve(shared) }
    }
  }

  // A thread that is woken without a transaction ends.
  deinit { for _ in 0..<size { shared.arrivals.signal() } }

  /// Executes statements as one transaction, and returns the rows of the last one. What another
  /// transaction made fail is executed again.
  ///
  /// - Parameter seconds: until it must be done, its wait for a connection included.
  /// - Throws: ``StoreUnreachable`` if it is unknown whether the transaction was committed, or if it
  ///   was not and may succeed later; ``PostgresError`` if a statement is wrong.
  func transaction(
    _ statements: [PostgresStatement], _ settings: TransactionSettings = TransactionSettings(),
    within seconds: Double = PostgresPool.patience
  ) async throws -> [PostgresRow] {
    try Task.checkCancellation()
    let deadline = ContinuousClock.now + .seconds(seconds)
    return try await withCheckedThrowingContinuation { answer in
      let transaction = Transaction(
        statements: statements, settings: settings, deadline: deadline, answer: answer)
      shared.queue.withLock { $0.transactions.append(transaction) }
      shared.arrivals.signal()
    }
  }

  // MARK: On a thread

  private static func serve(_ shared: Shared) {
    var connection: PostgresConnection?
    while let transaction = next(shared) {
      transaction.answer.resume(
        with: Result { try execute(transaction, on: &connection, shared) })
    }
  }

  /// Waits for the next transaction; nil when the pool is closed.
  private static func next(_ shared: Shared) -> Transaction? {
    shared.arrivals.wait()
    return shared.queue.withLock { queue in
      guard queue.first < queue.transactions.count else { return nil }
      let transaction = queue.transactions[queue.first]
      queue.first += 1
      if queue.first == queue.transactions.count || queue.first > 1000 {
        queue.transactions.removeFirst(queue.first)
        queue.first = 0
      }
      return transaction
    }
  }

  private static func execute(
    _ transaction: Transaction, on connection: inout PostgresConnection?, _ shared: Shared
  ) throws -> [PostgresRow] {
    // Nothing is wrong with the connection then.
    guard transaction.deadline > .now else {
      throw StoreUnreachable("\(shared.address): all connections were in use for too long")
    }
    do {
      while true {
        do {
          let open = try open(&connection, shared, until: transaction.deadline)
          return try open.transaction(
            transaction.statements, transaction.settings, until: transaction.deadline)
        } catch let error as PostgresError where error.isConflict {
          // At random, so that two transactions do not meet again.
          Thread.sleep(forTimeInterval: .random(in: 0...0.01))
        }
      }
    } catch let error as PostgresError where error.isOfStatement {
      throw error
    } catch let error as PostgresError {
      connection = nil
      throw StoreUnreachable("\(shared.address): \(error)")
    } catch let error as ConnectionLost {
      connection = nil
      throw StoreUnreachable("\(shared.address): \(error.reason)")
    }
  }

  /// The thread's connection, opened if there is none that can be used.
  private static func open(
    _ connection: inout PostgresConnection?, _ shared: Shared,
    until deadline: ContinuousClock.Instant
  ) throws -> PostgresConnection {
    if let connection, connection.isUsable { return connection }
    connection = nil
    var reason = "no connection in time"
    while deadline > .now {
      guard shared.pacing.mayTry() else {
        Thread.sleep(forTimeInterval: 0.01)
        continue
      }
      do {
        let opened = try PostgresConnection(shared.address, until: deadline)
        shared.pacing.succeeded()
        connection = opened
        return opened
      } catch let error as ConnectionLost {
        shared.pacing.failed()
        reason = error.reason
      }
    }
    throw ConnectionLost(reason: reason)
  }
}
