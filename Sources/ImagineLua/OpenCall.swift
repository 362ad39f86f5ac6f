import ImagineCore
import Synchronization

/// A call on its way through the journal, and what it spends.
///
/// The rule of spending is here and nowhere else: each send is reserved in the budgets before it is
/// written to the network, becomes a ``Send`` of the journal, and is taken back only where that very
/// send is known to be unbilled. What earlier sends were is never changed by a later one that is
/// refused: then the journal keeps the call as it was.
///
/// `held` is nil where nothing is kept; then it only remembers.
final class OpenCall: Sendable {
  fileprivate struct State {
    var call: JournaledCall
    /// As earlier attempts of the run left it; nil for a call that was never sent in one of them.
    let earlier: JournaledCall?
    /// Whether the budgets have set aside the price of a send to come.
    var isReserved = false
    /// Whether the last of the sends has neither an answer nor a fault yet.
    var isSending = false

    /// What the journal has to say of the call: what earlier attempts left, while no send of this
    /// one counts.
    var journaled: JournaledCall {
      guard let earlier, call.state == .intent || call.state == .failed,
        call.sends == earlier.sends
      else { return call }
      return earlier
    }
  }

  private let held: (any HeldRun)?
  private let spending: Spending
  private let state: Mutex<State>

  /// - Parameter isNew: whether no earlier attempt of the run left anything of it.
  init(_ call: JournaledCall, isNew: Bool, in held: (any HeldRun)?, spending: Spending) {
    self.held = held
    self.spending = spending
    state = Mutex(State(call: call, earlier: isNew || call.sends.isEmpty ? nil : call))
  }

  /// The call as it now is.
  var record: JournaledCall { state.withLock { $0.call } }

  /// Changes what the next write of the call says beside its state.
  func beginAttempt(_ number: Int, forgetsDeaths: Bool) {
    state.withLock { state in
      state.call.attempt = number
      if forgetsDeaths { state.call.deaths = 0 }
    }
  }

  /// Sets aside what a send costs.
  ///
  /// - Throws: ``ImagineError`` of kind `budget`.
  func reserve(_ price: Price?) throws {
    state.withLock { $0.call.price = price }
    try reserve()
  }

  private func reserve() throws {
    let (isReserved, price) = state.withLock { ($0.isReserved, $0.call.price) }
    guard !isReserved else { return }
    try spending.reserve(price)
    state.withLock { $0.isReserved = true }
  }

  /// It will be sent, with this request and price. What earlier attempts know of it stays in the
  /// journal until it is.
  func intends(_ request: RequestDescription, price: Price?) async throws {
    let isKnown = state.withLock { state in
      state.call.request = request
      state.call.price = price
      state.call.state = .intent
      return state.earlier != nil
    }
    if !isKnown { try await write { $0.call.error = nil } }
  }

  func accepted(job: String) async throws {
    try await write { state in
      state.settleAnswered()
      state.call.state = .accepted
      state.call.job = job
    }
  }

  func stored(_ results: [StoredResult]) async throws {
    try await write { state in
      state.settleAnswered()
      state.call.state = .stored
      state.call.results = results
      state.call.addresses = []
      state.call.error = nil
    }
  }

  /// The script has its result; where it had it in an earlier attempt, there is nothing to write.
  func done() async throws {
    guard record.state != .done else { return }
    try await write { state in
      state.call.state = .done
      state.call.endedAt = WallClock.now
    }
  }

  /// The call failed.
  ///
  /// - Returns: the error, with what is known of all sends of the call.
  func failed(_ error: ImagineError) async throws -> ImagineError {
    var error = error
    let isAnswered = state.withLock { state in
      !state.isSending && (state.call.isAnswered || state.call.state == .accepted)
    }
    if isAnswered {
      // Only keeping the answer failed.
      error.job = error.job ?? record.job
    } else {
      try await settle(error)
    }
    release()
    let record = record
    // What costs nothing is not billed, whatever a transport knows of the send.
    error.charged =
      record.price?.millionths == 0 ? record.charged : max(record.charged, error.charged)
    return error
  }

  /// Its job ended without a video.
  func jobEnded(_ error: ImagineError) async throws {
    let send = try await update { state -> Send? in
      let wasAccepted = state.call.state == .accepted
      state.call.state = .failed
      state.call.error = error.description
      state.call.endedAt = WallClock.now
      return wasAccepted && error.charged == .no ? state.call.sends.popLast() : nil
    }
    if let send { spending.release(send.price) }
  }

  func deleted() async throws {
    try await write { $0.call.isDeleted = true }
  }

  /// Writes how the last send ended that has no answer.
  private func settle(_ error: ImagineError) async throws {
    let isNews = state.withLock { state in
      let wasSending = state.isSending
      state.endSend(error.charged)
      state.call.state = .failed
      state.call.error = error.description
      state.call.endedAt = WallClock.now
      return wasSending || state.earlier?.sends != state.call.sends
    }
    // The journal has what earlier attempts left, unless this one has been sent.
    if isNews { try await write { _ in } }
  }

  /// Gives back what was set aside for a send that did not happen.
  private func release() {
    let price = state.withLock { state -> Price?? in
      defer { state.isReserved = false }
      return state.isReserved ? .some(state.call.price) : nil
    }
    if let price { spending.release(price) }
  }

  private func write(_ change: (inout State) -> Void) async throws {
    try await update(change)
  }

  @discardableResult
  private func update<Value>(_ change: (inout State) -> Value) async throws -> Value {
    let (value, call) = state.withLock { state in
      let value = change(&state)
      return (value, state.journaled)
    }
    try await held?.record(call)
    return value
  }
}

extension OpenCall.State {
  /// The service has answered: the send was billed. One that its provider did not tell of is counted
  /// now.
  fileprivate mutating func settleAnswered() {
    if !isSending, isReserved { beginSend() }
    if isSending { endSend(.yes) }
  }

  fileprivate mutating func beginSend() {
    call.sends.append(Send(charged: .unknown, price: call.price, at: WallClock.now))
    isReserved = false
    isSending = true
  }

  /// What is known of the last send. One that was not billed leaves its price set aside.
  fileprivate mutating func endSend(_ charged: ImagineError.Charged) {
    guard isSending, let last = call.sends.indices.last else { return }
    isSending = false
    if charged == .no {
      call.sends.remove(at: last)
      isReserved = true
    } else {
      call.sends[last].charged = charged
    }
  }
}

extension OpenCall: CallTrace {
  func willSend() async throws {
    // A send before this one that has no answer counts too: the service may bill both.
    try reserve()
    do {
      try await write { state in
        state.beginSend()
        state.call.state = .sent
        state.call.results = []
        state.call.job = nil
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

  func wasAnswered(at addresses: [String]) async throws {
    try await write { state in
      state.settleAnswered()
      state.call.state = .accepted
      state.call.addresses = addresses
    }
  }

  func attemptFailed(_ charged: ImagineError.Charged) async {
    // An answered call stays as it is: only its download or its keeping failed.
    guard state.withLock({ $0.isSending }) else { return }
    // If this write fails, the call stays *sent* in the journal and is asked about on resume.
    try? await write { state in
      state.endSend(charged)
      state.call.state = state.call.sends.isEmpty ? .intent : .failed
    }
  }
}
