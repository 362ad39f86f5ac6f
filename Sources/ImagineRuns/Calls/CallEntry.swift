import ImagineAPI
import ImagineSystem
import Synchronization

/// The journal entry of a call that is being made, and the budget that it uses.
///
/// The rule of spending is here and nowhere else. Each send is reserved in the budgets before it is
/// written to the network, and becomes a ``Send`` in the journal. It is removed only if that very
/// send is known to be unbilled. A later send that is refused never changes what is known of
/// earlier ones: the journal then keeps the call as it was.
///
/// `activeRun` is nil if no journal is kept; the entry then exists in memory only.
package final class CallEntry: Sendable {
  private let activeRun: (any ActiveRun)?
  private let budgets: CallBudgets
  private let events: EventSource
  private let state: Mutex<State>

  /// - Parameters:
  ///   - isNew: whether no earlier attempt of the run has an entry for it.
  ///   - takesTickets: whether the host chooses the call's ticket.
  init(
    _ call: JournaledCall, isNew: Bool, in activeRun: (any ActiveRun)?, budgets: CallBudgets,
    events: EventSource, takesTickets: Bool = false
  ) {
    self.activeRun = activeRun
    self.budgets = budgets
    self.events = events
    // A job that has failed or was answered is over, so the next send has a ticket of its own.
    let isOver = call.isAnswered || call.state == .failed && call.sends.isEmpty
    let known = isOver ? nil : call.job.map(Ticket.init(id:))
    state = Mutex(
      State(
        call: call, ticket: takesTickets ? known ?? .random() : nil,
        earlier: isNew || call.sends.isEmpty ? nil : call))
  }

  /// The ticket that the host chose for the call; nil if the provider takes none.
  var ticket: Ticket? { state.withLock { $0.ticket } }

  /// The current state of the call.
  package var record: JournaledCall { state.withLock { $0.call } }

  /// Sets the attempt number that the next write of the call contains.
  func beginAttempt(_ number: Int, resetsCrashCount: Bool) {
    state.withLock { state in
      state.call.attempt = number
      if resetsCrashCount { state.call.crashCount = 0 }
    }
  }

  /// Reserves the price of a send.
  ///
  /// - Throws: ``ImagineError`` of kind `budget`.
  func reserve(_ price: Price?) async throws {
    state.withLock { $0.call.price = price }
    try await reserve()
  }

  /// What is sent again under a promise is counted already.
  private func reserve() async throws {
    let (isReserved, price) = state.withLock {
      ($0.isReserved || $0.mayRepeatSend, $0.call.price)
    }
    guard !isReserved else { return }
    try await budgets.reserve(price)
    state.withLock { state in
      state.isReserved = true
      state.reservation = .some(price)
    }
  }

  /// Notes what the service promises before the call is sent.
  ///
  /// - Parameter retention: seconds that it knows the call's key; nil for no promise.
  /// - Returns: whether the call has a key.
  func notePromise(_ retention: Double?) -> Bool {
    state.withLock { state in
      state.keyRetention = retention
      return retention != nil || state.call.isPromised
    }
  }

  /// Records that the call is about to be sent. If earlier attempts sent it, the journal keeps
  /// their entry until it is sent again.
  func recordIntent(_ request: RequestDescription, price: Price?) async throws {
    let hasEarlierSends = state.withLock { state in
      state.call.request = request
      state.call.price = price
      state.call.state = .intent
      return state.earlier != nil
    }
    if !hasEarlierSends { try await write { $0.call.error = nil } }
  }

  func recordAccepted(job: String) async throws {
    try await write { state in
      state.endSendAsBilled()
      state.call.state = .accepted
      state.call.job = job
    }
  }

  /// Records that the service knows the call, which was asked by ticket: its last send is billed.
  func recordFound() async throws {
    try await write { state in
      if let last = state.call.sends.indices.last { state.call.sends[last].charged = .yes }
      state.isSending = false
      state.call.state = .accepted
      state.call.error = nil
      state.call.endedAt = nil
    }
  }

  /// Records that no send of the call has reached the service, which was asked by ticket. The next
  /// send has another one: this one may still be on its way.
  func recordNotReceived() async throws {
    let sends = try await update { state in
      let sends = state.call.sends.filter { $0.charged == .unknown }
      state.call.sends.removeAll { $0.charged == .unknown }
      state.beginAgain()
      return sends
    }
    for send in sends { budgets.replace(send.price, by: nil) }
  }

  /// Records that the service has lost the job of a free call, which is sent again.
  func recordLost() async throws {
    let send = try await update { state in
      defer { state.beginAgain() }
      return state.call.sends.popLast()
    }
    if let send { budgets.replace(send.price, by: nil) }
  }

  /// The next send has another ticket: the service knows the call by this one.
  func renewTicket() {
    state.withLock { state in
      if state.ticket != nil { state.ticket = .random() }
    }
  }

  /// - Parameters:
  ///   - price: what the service billed; nil if only the price list tells.
  ///   - usage: what the service counted, by its own names.
  func recordStored(
    _ results: [StoredResult], price: Price? = nil, usage: [String: Int64] = [:]
  ) async throws {
    try await write { state in
      state.endSendAsBilled()
      bill(price, usage, &state)
      state.call.state = .stored
      state.call.results = results
      state.call.addresses = []
      state.call.error = nil
    }
  }

  /// Records what was made of an answer that is stored.
  func recordResults(_ results: [StoredResult]) async throws {
    guard results != record.results else { return }
    try await write { $0.call.results = results }
  }

  /// Books what the service billed for the last send, in place of the reserve.
  private func bill(_ price: Price?, _ usage: [String: Int64], _ state: inout State) {
    guard let last = state.call.sends.indices.last else { return }
    if let price, price != state.call.sends[last].price {
      // The budgets settle a call in flight when it ends.
      if state.reservation == nil { budgets.replace(state.call.sends[last].price, by: price) }
      state.call.sends[last].price = price
    }
    if !usage.isEmpty { state.call.sends[last].usage = usage }
  }

  /// Records that the script has its result; writes nothing if an earlier attempt has recorded
  /// that.
  func recordDone() async throws {
    guard record.state != .done else { return }
    try await write { state in
      state.call.state = .done
      state.call.endedAt = WallClock.now
    }
  }

  /// Records that the call failed.
  ///
  /// - Returns: the error, with `charged` computed over all sends of the call.
  func recordFailure(_ error: ImagineError) async throws -> ImagineError {
    var error = error
    let isAnswered = state.withLock { state in
      !state.isSending && (state.call.isAnswered || state.call.state == .accepted)
    }
    if isAnswered {
      // The service has answered; only storing the answer failed.
      error.job = error.job ?? record.job
    } else {
      try await recordSendFailure(error)
    }
    release()
    let record = record
    // A free call is not billed, whatever a transport knows of the send.
    error.charged =
      record.price?.millionths == 0 ? record.charged : max(record.charged, error.charged)
    return error
  }

  /// Adds the charge of all sends to an error of the journal or the asset store, which has none.
  func withCharge<Value>(_ body: () async throws -> Value) async throws -> Value {
    do {
      return try await body()
    } catch var error as ImagineError {
      error.charged = max(error.charged, record.charged)
      throw error
    }
  }

  /// Records that the job ended without a video.
  func recordJobFailure(_ error: ImagineError) async throws {
    let send = try await update { state -> Send? in
      let wasAccepted = state.call.state == .accepted
      state.call.state = .failed
      state.call.error = error.description
      state.call.endedAt = WallClock.now
      return wasAccepted && error.charged == .no ? state.call.sends.popLast() : nil
    }
    if let send { budgets.replace(send.price, by: nil) }
  }

  func recordDeleted() async throws {
    try await write { $0.call.isDeleted = true }
  }

  /// Records how a send without an answer ended.
  private func recordSendFailure(_ error: ImagineError) async throws {
    let hasChanged = state.withLock { state in
      let wasSending = state.isSending
      state.endSend(error.charged)
      state.call.state = .failed
      state.call.error = error.description
      state.call.endedAt = WallClock.now
      return wasSending || state.earlier?.sends != state.call.sends
    }
    // If this attempt sent nothing, the entry of earlier attempts stays.
    if hasChanged { try await write { _ in } }
  }

  /// Releases the reservation of a send that did not happen.
  private func release() {
    let price = state.withLock { state -> Price?? in
      guard state.isReserved else { return nil }
      state.isReserved = false
      defer { state.reservation = nil }
      return state.reservation
    }
    if let price { budgets.release(price) }
  }

  private func write(_ change: (inout State) -> Void) async throws {
    try await update(change)
  }

  @discardableResult
  private func update<Value>(_ change: (inout State) -> Value) async throws -> Value {
    let (value, call, ended) = state.withLock { state in
      let value = change(&state)
      return (value, state.journaled, state.endedReservation())
    }
    if let ended { budgets.settle(ended.reserved, as: ended.billed) }
    try await activeRun?.record(call)
    events.send(.call(call))
    return value
  }
}

extension CallEntry: CallObserver {
  func progressed(to part: Double) async {
    events.send(.progress(part, of: record))
  }

  func willSend() async throws {
    // An earlier send without an answer stays counted: the service may bill both.
    try await reserve()
    do {
      try await write { state in
        state.beginSend()
        state.call.state = .sent
        state.call.results = []
        if let old = state.call.job, let ticket = state.ticket, old != ticket.id {
          state.call.earlierJobs.append(old)
        }
        state.call.job = state.ticket?.id
        state.call.addresses = []
        state.call.error = nil
        state.call.endedAt = nil
      }
    } catch {
      state.withLock { state in
        state.endSend(.no)
        state.call.state = .intent
      }
      throw error
    }
  }

  func wasAnswered(
    at addresses: [String], price: Price?, usage: [String: Int64]
  ) async throws {
    try await write { state in
      state.endSendAsBilled()
      bill(price, usage, &state)
      state.call.state = .accepted
      state.call.addresses = addresses
    }
  }

  func attemptFailed(_ charged: ImagineError.Charged) async {
    // An answered call stays as it is: only its download or storing its answer failed.
    guard state.withLock({ $0.isSending }) else { return }
    // If this write fails, the call stays `sent` in the journal and the user is asked about it on
    // resume.
    try? await write { state in
      state.endSend(charged)
      state.call.state = state.call.sends.isEmpty ? .intent : .failed
    }
  }
}
