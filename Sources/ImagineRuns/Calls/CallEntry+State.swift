import ImagineAPI
import ImagineSystem

extension CallEntry {
  /// What is known of the call, and of its send that is under way.
  struct State {
    var call: JournaledCall
    /// The ticket of the next send, or of the last one; nil if the provider takes none.
    var ticket: Ticket?
    /// The call as earlier attempts left it; nil if none of them sent it.
    var earlier: JournaledCall?
    /// Whether the price of the next send is reserved.
    var isReserved = false
    /// What the budgets hold for the call while it is in flight: reserved or sending.
    var reservation: Price??
    /// Whether the last send has neither an answer nor an error yet.
    var isSending = false
    /// Seconds that the service knows the call's key; nil if it promises nothing.
    var keyRetention: Double?
    /// Whether the last send was made before, and is repeated with its key.
    var repeatsSend = false

    /// What the journal must contain: the entry of earlier attempts, until a send of this attempt
    /// counts.
    var journaled: JournaledCall {
      guard let earlier, call.state == .intent || call.state == .failed,
        call.sends == earlier.sends
      else { return call }
      return earlier
    }
  }
}

extension CallEntry.State {
  /// Whether the last send is sent again with its key, at no further charge.
  var mayRepeatSend: Bool { !isSending && call.isPromised }

  /// Goes back to the state before the send, with another ticket.
  mutating func beginAgain() {
    earlier = nil
    isSending = false
    call.state = .intent
    call.error = nil
    call.endedAt = nil
    if ticket != nil { ticket = .random() }
  }

  /// The service has answered, so the send was billed. Counts the send now if the provider did not
  /// report it.
  mutating func endSendAsBilled() {
    if !isSending, isReserved { beginSend() }
    if isSending { endSend(.yes) }
  }

  /// What was reserved for a call that is not in flight any more, and what it was, or may have been,
  /// billed; nil if it still is, or never was.
  mutating func endedReservation() -> (reserved: Price?, billed: Price?)? {
    guard let reserved = reservation, !isReserved, !isSending else { return nil }
    reservation = nil
    return (reserved, call.sends.last?.price)
  }

  mutating func beginSend() {
    repeatsSend = mayRepeatSend
    if repeatsSend {
      isSending = true
      return
    }
    call.promisedUntil = keyRetention.map {
      WallClock.now + max(0, $0 - Self.promiseMargin)
    }
    call.sends.append(Send(charged: .unknown, price: call.price, at: WallClock.now))
    isReserved = false
    isSending = true
  }

  /// The seconds by which our clock and the service's may differ.
  private static let promiseMargin = 600.0

  /// Ends the last send. If it was not billed, its reservation stays for the next one.
  mutating func endSend(_ charged: ImagineError.Charged) {
    guard isSending, let last = call.sends.indices.last else { return }
    isSending = false
    if repeatsSend {
      // A refusal says nothing of the first time that it was sent.
      if charged == .yes { call.sends[last].charged = charged }
    } else if charged == .no {
      call.sends.remove(at: last)
      // The promise was for this send; what earlier ones may have cost stays counted.
      call.promisedUntil = nil
      isReserved = true
    } else {
      call.sends[last].charged = charged
    }
  }
}
