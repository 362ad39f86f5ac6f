/// All that the servers of one service share. One value, because a transaction spans its parts:
/// ``JobStore/add(_:limits:)`` records a job and charges its owner.
///
/// Every function is one transaction. It throws ``StoreUnreachable`` if the store does not answer;
/// then it may or may not have been done, and the caller *does it again* with the same ids. To read
/// what is there would not tell: a transaction that was on its way may still be committed after the
/// read. So every id (of a job, a lease, a hold, a token) is made by the caller, and every function
/// that changes something answers a repetition as it answered the first time.
public protocol ServiceStore:
  JobStore, AccountStore, TokenStore, IdempotencyStore, LinkKeyStore, RemovalStore, LeaderStore
{
  /// Runs a cheap query, to learn whether the store answers.
  func probe() async throws

  /// - Throws: ``StoreUnreachable`` if the store is gone for good and only a restart helps.
  func checkPresence() throws

  /// Removes what has expired: holds of servers that died, and idempotency records. Adds up the
  /// charges that are older than a time to one for each account.
  ///
  /// - Parameters:
  ///   - time: seconds since 1970; no caller may repeat a charge that is older.
  ///   - limit: how many rows to remove at once.
  /// - Returns: whether something may be left to remove.
  func removeExpired(chargesBefore time: Double, limit: Int) async throws -> Bool

  /// The turns that servers of several machines share; nil if one machine has all servers.
  var turns: (any TurnStore)? { get }

  /// A stream with an element whenever another server may have added a job. Elements may be lost:
  /// to look for jobs regularly is what correctness rests on. Nil if the store cannot tell.
  func addedJobs() -> AsyncStream<Void>?
}

extension ServiceStore {
  public func checkPresence() throws {}
  public var turns: (any TurnStore)? { nil }
  public func addedJobs() -> AsyncStream<Void>? { nil }
}

/// The store did not answer or cannot be used: another program locks it, its disk is full, or its
/// file is gone.
///
/// A write that throws this may or may not have been committed.
public struct StoreUnreachable: Error, CustomStringConvertible {
  /// The store's own message, for a log.
  public let description: String

  public init(_ description: String) {
    self.description = description
  }
}
