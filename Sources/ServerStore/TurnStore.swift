/// A call that wants a slot of something whose capacity all servers share, such as an upstream.
public struct TurnTicket: Sendable, Hashable {
  /// Made by the caller, and used for no other call.
  public var id: String
  /// What has the capacity, such as the name of an upstream.
  public var pool: String
  public var account: String
  /// The server that has the call; see ``TurnStore/keepTurns(of:for:)``.
  public var server: String

  public init(id: String, pool: String, account: String, server: String) {
    self.id = id
    self.pool = pool
    self.account = account
    self.server = server
  }
}

/// What bounds a pool.
public struct TurnLimits: Sendable, Hashable {
  /// Calls at once; `Int.max` for a call that gets a slot at once, beyond what others are bounded by.
  public var capacity: Int
  /// Calls of one account that may wait.
  public var waitingPerAccount: Int
  /// Calls that may wait in all.
  public var waiting: Int

  public init(capacity: Int, waitingPerAccount: Int, waiting: Int) {
    self.capacity = capacity
    self.waitingPerAccount = waitingPerAccount
    self.waiting = waiting
  }
}

/// The state of a call that wants a slot.
public enum TurnState: Sendable, Hashable {
  case granted
  case waiting
  /// Too many calls wait.
  case refused
}

/// Shares the capacity of pools fairly between accounts, over all servers.
///
/// A call takes a slot if one is free and nobody waits. Else it waits for its turn, which is the one
/// after its account's last, or that of the last call that got a slot if that is later. So an account
/// with a hundred calls and one that asks for one after the other take turns. Slots and tickets of a
/// server that died are freed. A power cut may lose all of them: then nobody has a slot.
public protocol TurnStore: Sendable {
  /// Asks for a slot. A repetition with the same ticket tells its state now, and asks anew if the
  /// store has lost it.
  func enter(_ ticket: TurnTicket, limits: TurnLimits) async throws -> TurnState

  /// Frees the slot of a ticket, or its place in the queue, and gives free slots to those whose turn
  /// it is. A repetition changes nothing.
  ///
  /// - Parameter limits: the pool's own, whatever the call entered with.
  func leave(_ ticket: TurnTicket, limits: TurnLimits) async throws

  /// Keeps the tickets of a server alive.
  ///
  /// - Parameter seconds: after that time without another call, they are freed.
  func keepTurns(of server: String, for seconds: Double) async throws

  /// A stream with an element whenever a ticket may have been granted. Elements may be lost.
  func grantedTurns() -> AsyncStream<Void>?
}
