/// Fair turns at something of limited capacity: of one server (``Turns``), or of all servers that
/// share a store (``SharedTurns``).
protocol TurnQueue: Sendable {
  /// Waits for a slot.
  ///
  /// - Parameter isBounded: false for a call that may wait for any time, however many wait.
  /// - Throws: ``APIError`` 1202 if too many calls wait, at once, or if the turn did not come in
  ///   time; `CancellationError`.
  func slot(for account: String, isBounded: Bool) async throws -> TurnSlot

  /// Takes a slot at once, even beyond the capacity, for what is in work already.
  func occupiedSlot(for account: String) async throws -> TurnSlot

  /// Calls of this server that run and wait, as a part of the capacity.
  var fullness: Double { get }

  /// Changes the number of slots. Calls that run go on.
  func setCapacity(_ capacity: Int)
}

/// A slot that a call has taken.
struct TurnSlot: Sendable {
  private let end: @Sendable () -> Void

  init(leave end: @escaping @Sendable () -> Void) { self.end = end }

  /// Frees the slot for the call whose turn it is.
  func leave() { end() }
}

extension Turns: TurnQueue {
  func slot(for account: String, isBounded: Bool) async throws -> TurnSlot {
    let slot = try await enter(account, isBounded: isBounded)
    return TurnSlot { self.leave(slot) }
  }

  func occupiedSlot(for account: String) -> TurnSlot {
    let slot = occupy(account)
    return TurnSlot { self.leave(slot) }
  }
}
